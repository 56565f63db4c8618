import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeHome, runCli, startCli } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator()
})

afterEach(async () => {
  await simulator.close()
})

/** A program that makes a call with the official client, which finds its address by itself. */
const sdk = import.meta.resolve('@anthropic-ai/sdk')
const caller = `
  const { default: Anthropic } = await import(${JSON.stringify(sdk)})
  const client = new Anthropic({ apiKey: 'sk-ant-test', maxRetries: 0 })
  const messages = [{ role: 'user', content: '[[sim:text 100]]' }]
  const { usage } = await client.messages.create({ model: 'claude-opus-5-5', max_tokens: 1000, messages })
  console.log('output', usage.output_tokens, process.env.CLAUDE_CODE_GATEWAY_HINT_HEADERS)`

function runNode(home: string, code: string, flags: readonly string[] = []) {
  const command = [process.execPath, '--input-type=module', '-e', code]
  return startCli(home, ['run', '--upstream', simulator.url, ...flags, '--', ...command])
}

test('the calls of a program go through the gateway, and the bill is told when it has ended', async () => {
  const home = makeHome()
  const { code, stdout, stderr } = await runNode(home, caller, ['--project', 'web']).finished
  expect(stdout).toBe('output 100 1\n')
  expect(stderr).toBe('RunGuard: 1 call  10 in  100 out  $0.0020\n')
  expect(code).toBe(0)
  const report = await runCli(home, ['report', 'project', '--json'])
  expect(JSON.parse(report.stdout).rows).toMatchObject([{ group: 'web', calls: 1, costUsd: '0.00204' }])
})

test('a budget holds for the program, and what was refused is in the bill', async () => {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '$0.0001', '--per', 'day'])
  const end = await runNode(home, `try { ${caller} } catch (error) { console.log('status', error.status) }`).finished
  expect(end.stdout).toBe('status 402\n')
  expect(end.stderr).toMatch(/^RunGuard: 0 calls {2}0 in {2}0 out {2}\$0\.00 {2}1 refused$/m)
  expect(simulator.log.filter(({ path }) => path === '/v1/messages')).toHaveLength(0)
})

test('a program sent elsewhere by its environment keeps going there', async () => {
  const command = [process.execPath, '--input-type=module', '-e', caller]
  const { stdout } = await runCli(makeHome(), ['run', '--', ...command], { ANTHROPIC_BASE_URL: simulator.url })
  expect(stdout).toBe('output 100 1\n')
  expect(simulator.log).toHaveLength(1)
})

test('the exit code is that of the program', async () => {
  expect((await runNode(makeHome(), 'process.exit(42)').finished).code).toBe(42)
})

test('a signal reaches the program, which ends as it likes; one that it does not catch ends it as in a shell', async () => {
  const polite = runNode(
    makeHome(),
    `process.on('SIGTERM', () => process.exit(7)); console.log('up'); setInterval(() => {}, 1e6)`,
  )
  await polite.outputOf('stdout', /up/)
  polite.child.kill('SIGTERM')
  expect((await polite.finished).code).toBe(7)
  const plain = runNode(makeHome(), `console.log('up'); setInterval(() => {}, 1e6)`)
  await plain.outputOf('stdout', /up/)
  plain.child.kill('SIGINT')
  const { code, stderr } = await plain.finished
  expect(code).toBe(130)
  expect(stderr).toContain('RunGuard: 0 calls')
})

test('signals that come when the program is gone already do not cost its bill', async () => {
  const running = runNode(
    makeHome(),
    `process.on('SIGINT', () => process.exit(9)); ${caller}; setInterval(() => {}, 1e6)`,
  )
  await running.outputOf('stdout', /output/)
  const again = setInterval(() => running.child.kill('SIGINT'), 2)
  await running.outputOf('stderr', /RunGuard: /).finally(() => clearInterval(again))
  const { code, stderr } = await running.finished
  expect(code).toBe(9)
  expect(stderr).toContain('RunGuard: 1 call')
})

test('a program that is not there is named', async () => {
  const { code, stderr } = await runCli(makeHome(), ['run', '--', 'no-such-program'])
  expect(code).toBe(1)
  expect(stderr).toContain('Cannot run "no-such-program"')
})
