/**
 * Holds the house rules: reads every file that is or will be tracked, shows what breaks a rule, and fails if anything
 * does.
 *
 *   node scripts/dist/tidy.js
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatFinding } from './tidy/rule.js'
import { rules } from './tidy/rules.js'
import { readSource, type SourceFile } from './tidy/source-file.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Files whose text people write; the others (pictures, archives) are not read. */
const textFile =
  /(?:\.(?:[cm]?[jt]sx?|json|jsonc|md|ya?ml|toml|sh|sql|html|css|txt|conf)|(?:^|\/)(?:\.[a-z]+|\.ci\/run|[A-Z]+|Dockerfile))$/

/** What git tracks, or would track with the next commit; null if git cannot tell. */
function listFiles(): readonly string[] | null {
  const git = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (git.status !== 0) return null
  const paths = new Set(git.stdout.split('\0'))
  return [...paths].filter((path) => textFile.test(path) && existsSync(join(root, path))).sort()
}

function main(): number {
  const paths = listFiles()
  if (paths === null) {
    console.error('tidy asks git which files are ours: run it in a clone, with git on the PATH')
    return 1
  }
  const files = paths.map((path): SourceFile => readSource(path, readFileSync(join(root, path), 'utf8')))
  const codeCount = files.filter((file) => file.syntax !== null).length
  if (codeCount === 0) {
    console.error(`tidy found no code below ${root}: it would check nothing`)
    return 1
  }
  const findings = rules.flatMap((rule) => rule.check(files))
  for (const finding of findings) console.log(formatFinding(finding))
  const checked = `${files.length} files, ${codeCount} of them code, against ${rules.length} rules`
  console.log(findings.length > 0 ? `tidy: ${findings.length} findings (${checked})` : `tidy: in order (${checked})`)
  return findings.length > 0 ? 1 : 0
}

process.exitCode = main()
