/** Where transcripts are. */

import { type Dirent, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'

/** A transcript. */
export interface TranscriptFile {
  readonly path: string
  readonly bytes: number
  /** The name of the folder of its project. */
  readonly project: string
}

/** Where Claude Code keeps its transcripts, unless `$CLAUDE_CONFIG_DIR` names one or several other folders. */
export function defaultRoots(home: string, configDirectories: string | undefined): string[] {
  const named = (configDirectories ?? '').split(',').filter((name) => name.trim() !== '')
  const bases = named.length > 0 ? named : [join(home, '.claude'), join(home, '.config', 'claude')]
  return bases.map((base) => join(base.trim(), 'projects'))
}

/**
 * All transcripts in folders, or a file that is named itself; the oldest first, because a session that was resumed may
 * begin with a copy of an older one. Folders that are not there have none. Throws what the file system throws.
 */
export function findTranscripts(roots: readonly string[]): TranscriptFile[] {
  const found = [...new Set(roots)].flatMap(listFiles)
  const dated = found.flatMap((path) => {
    // A session that was deleted a moment ago is not there, and no reason to show nothing of the others.
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats === undefined ? [] : [{ path, stats }]
  })
  dated.sort((left, right) => left.stats.mtimeMs - right.stats.mtimeMs || (left.path < right.path ? -1 : 1))
  return dated.map(({ path, stats }) => ({ path, bytes: stats.size, project: projectOf(path) }))
}

function listFiles(root: string): string[] {
  const stats = statSync(root, { throwIfNoEntry: false })
  if (stats === undefined) return []
  return stats.isDirectory() ? listFolder(root) : [root]
}

function listFolder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry: Dirent) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return listFolder(path)
    return entry.isFile() && entry.name.endsWith('.jsonl') ? [path] : []
  })
}

/** The folder below `projects`; elsewhere the one the file lies in. */
function projectOf(path: string): string {
  const steps = path.split(sep)
  const at = steps.lastIndexOf('projects')
  const below = at === -1 || at + 2 >= steps.length ? undefined : steps[at + 1]
  return below ?? basename(dirname(path))
}

/** True if Claude Code calls the folder of a project by this working directory. */
export function isFolderOf(project: string, directory: string): boolean {
  return directory.replaceAll(/[^a-zA-Z0-9]/g, '-') === project
}
