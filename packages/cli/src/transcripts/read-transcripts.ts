/** From files to calls. */

import { basename } from 'node:path'
import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { openCallTable, type PricedCall } from './call-table.js'
import { readEntry } from './entry.js'
import { type LineLimits, lineLimits, readMarkedLines } from './marked-lines.js'
import { noteSessions, type SessionNotes } from './session-notes.js'
import { isFolderOf, type TranscriptFile } from './transcript-files.js'

/** What was read. */
export interface ReadTranscripts {
  /** Each once, as often as they are asked for, with the working directory of its project where that is known. */
  readonly calls: Iterable<PricedCall>
  /** Lines that look like a call and are no JSON: a file that is being written to, or was cut off. */
  readonly brokenLines: number
  /** Lines that were too long to be held. */
  readonly longLines: number
  /** Files that cannot be read, each with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly why: string }[]
}

/** Stands in every line with a usage. Within a text quotation marks are escaped, so no text has it. */
const MARK = Buffer.from('"output_tokens":')

/** Reads files one after the other; `onBytes` is told of the progress. One that cannot be read is left out. */
export function readTranscripts(
  files: readonly TranscriptFile[],
  onBytes: (count: number) => void,
  notes: SessionNotes = noteSessions(false),
  limits: LineLimits = lineLimits,
): ReadTranscripts {
  const table = openCallTable(loadPriceBook(priceList))
  const directories = new Map<string, string>()
  const unreadable: { path: string; why: string }[] = []
  let [brokenLines, longLines] = [0, 0]
  for (const { path, project } of files) {
    const onLine = (line: Buffer): void => {
      const parsed = parseLine(line)
      if (parsed === undefined) brokenLines += 1
      const call = readEntry(parsed)
      if (call === null) return
      if (call.directory !== null && isFolderOf(project, call.directory)) directories.set(project, call.directory)
      table.add(call.session === null ? { ...call, session: basename(path, '.jsonl') } : call, project)
    }
    try {
      longLines += readMarkedLines(path, { mark: MARK, onLine, onBytes, others: notes.readers }, limits)
    } catch (error) {
      unreadable.push({ path, why: (error as Error).message })
    }
  }
  const calls = { [Symbol.iterator]: () => withDirectories(table.calls(), directories) }
  return { calls, brokenLines, longLines, unreadable }
}

function parseLine(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}

/** The name of a folder does not say where its hyphens were slashes; the entries do. */
function* withDirectories(
  calls: Iterable<PricedCall>,
  directories: ReadonlyMap<string, string>,
): Generator<PricedCall> {
  for (const call of calls) yield { ...call, project: directories.get(call.project) ?? call.project }
}
