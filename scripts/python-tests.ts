/**
 * Tests the Python package as it is shipped: builds it, installs it beside each generation of the official client, and
 * runs its tests against a gateway in front of a simulated API.
 *
 *   node scripts/dist/python-tests.js [arguments of pytest]
 *
 * Where there is no Python, or no way to get packages, it says so and succeeds.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plainEnvironment, runCommand } from './python/command.js'
import {
  installPackage,
  MissingPythonError,
  openEnvironments,
  type PythonEnvironment,
  packageFolder,
} from './python/environments.js'
import { contradictions, readFacts } from './python/facts.js'
import { openStand } from './python/stand.js'

const TEST_TIMEOUT_MS = 300_000
/** Programs to copy from are tried with the newest client alone: each of them loads it anew. */
const exampleTests = 'tests/test_examples.py'

async function main(): Promise<number> {
  const environments = await openEnvironments()
  await installPackage(environments)
  const problems = await Promise.all(
    environments.map((environment, index) => testIn(environment, index === 0 ? [] : [exampleTests])),
  )
  for (const problem of problems.flat()) console.error(problem)
  return problems.flat().length === 0 ? 0 : 1
}

/**
 * Runs the tests on a fresh stand; what they print is shown when they have ended, so that environments can run beside each
 * other.
 *
 * @param ignored files of tests that are left out
 * @returns what is wrong
 */
async function testIn({ name, python }: PythonEnvironment, ignored: readonly string[]): Promise<readonly string[]> {
  const stand = await openStand()
  const home = mkdtempSync(join(tmpdir(), 'runguard-python-'))
  const factsFile = join(home, 'facts.jsonl')
  writeFileSync(factsFile, '')
  try {
    const environment = plainEnvironment({
      HOME: home,
      ANTHROPIC_API_KEY: 'sk-ant-test-0000',
      RUNGUARD_TEST_GATEWAY: stand.gatewayUrl,
      RUNGUARD_TEST_KEYED_GATEWAY: stand.keyedGatewayUrl,
      RUNGUARD_TEST_KEY: stand.gatewayKey,
      RUNGUARD_TEST_SIMULATOR: stand.simulatorUrl,
      RUNGUARD_TEST_FACTS: factsFile,
      PYTHONDONTWRITEBYTECODE: '1',
    })
    const args = [
      '-m',
      'pytest',
      '-q',
      '-p',
      'no:cacheprovider',
      ...ignored.map((path) => `--ignore=${path}`),
      ...process.argv.slice(2),
    ]
    const place = { folder: packageFolder, environment, timeoutMs: TEST_TIMEOUT_MS }
    const { code, output } = await runCommand(python, args, place)
    console.log(`\npython/${name}\n${output.trimEnd()}`)
    if (code !== 0) return [`FAILED in python/${name}: pytest ended with ${code}`]
    const facts = readFacts(readFileSync(factsFile, 'utf8'))
    const problems = contradictions(facts, await stand.records())
    if (problems.length === 0) console.log(`${facts.length} statements of the tests agree with the ledger`)
    return problems.map((problem) => `FAILED in python/${name}: ${problem}`)
  } finally {
    await stand.close()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof MissingPythonError)) throw error
  const rule = '='.repeat(78)
  console.warn(`\n${rule}\nNOT RUN: the tests of the Python package.\n${error.message}\n${rule}`)
}
