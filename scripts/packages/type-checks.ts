/** Whether somebody else's compiler finds the types of a package, as `attw` sees them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** One thing that `attw` reports; some speak of no entry point. */
interface TypeProblem {
  readonly kind: string
  readonly entrypoint?: string
  readonly resolutionKind?: string
}

/** Our packages are ESM: older Node and `require` find nothing there, and that is meant so. */
const MEANT = new Set(['node10', 'node16-cjs'])

/**
 * @param attw the program
 * @param tarball what npm packed
 */
export async function checkTypes(attw: string, folder: string, tarball: string): Promise<readonly string[]> {
  const args = [attw, tarball, '--profile', 'esm-only', '--format', 'json', '--no-definitely-typed']
  const { stdout } = await execute(process.execPath, args).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }))
  return readProblems(stdout).map((problem) => `${folder} — ${problem}`)
}

/** The problems in the JSON that `attw` prints, each once. */
export function readProblems(json: string): readonly string[] {
  if (json === '') return ['its types could not be checked: run attw on it']
  const { problems = {} } = JSON.parse(json) as { problems?: Readonly<Record<string, readonly TypeProblem[]>> }
  const found = Object.values(problems).flat()
  const ours = found.filter(({ resolutionKind }) => resolutionKind === undefined || !MEANT.has(resolutionKind))
  const lines = ours.map(({ kind, entrypoint = 'a file', resolutionKind = 'every resolution' }) => {
    return `the types of ${entrypoint} are wrong for ${resolutionKind} (${kind}): mend "exports" or what it points to`
  })
  return [...new Set(lines)]
}
