import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../scripts/testing/postgres-server.js'
import { ask, makeHome, runCli, startCli } from './cli.js'

let server: PostgresServer
let simulator: RunningSimulator

beforeAll(async () => {
  server = await startPostgres()
  simulator = await startSimulator()
}, 60_000)

afterAll(async () => {
  await simulator.close()
  await server.stop()
})

test('two gateways on one server share calls, budgets and ledger, and nothing is written on this machine', async () => {
  const home = makeHome()
  const store = { RUNGUARD_STORE: await server.schemaUrl('shared') }
  const start = async (...args: string[]): Promise<string> => {
    const gateway = startCli(home, ['--port', '0', '--upstream', simulator.url, ...args], store)
    const [, url = ''] = await gateway.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
    return url
  }
  expect((await runCli(home, ['budget', 'add', '$0.01', '--per', 'month'], store)).code).toBe(0)
  const [one, other] = await Promise.all([start(), start()])
  const statuses: number[] = []
  for (const url of [one, other, one, other, one, other]) {
    const answer = await ask(url, '[[sim:text 100]]', { max_tokens: 100 })
    statuses.push(answer.status)
    await answer.text()
  }
  // Four calls of $0.00204 fit, and a fifth does not, whichever gateway it goes through.
  expect(statuses).toEqual([200, 200, 200, 200, 402, 402])
  const listed = JSON.parse((await runCli(home, ['budget', 'ls', '--json'], store)).stdout)
  expect(listed.budgets[0].accounts).toMatchObject([{ spentUsd: '0.00816', heldUsd: '0' }])
  expect(JSON.parse((await runCli(home, ['report', '--json'], store)).stdout).total).toMatchObject({ calls: 6 })
  expect((await runCli(home, ['ledger', 'verify'], store)).stdout).toMatch(/Checked 1 accounts .* of postgres:\/\/127/)
  expect((await runCli(home, ['report'])).stderr).toContain('No calls in ')
})

test('a server that cannot be reached is named without its password', async () => {
  const url = 'postgres://me:secret@127.0.0.1:1/nowhere'
  for (const args of [['start', '--port', '0'], ['report'], ['budget', 'ls']]) {
    const { code, stderr } = await runCli(makeHome(), [...args, '--store', url])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^runguard: Cannot use the store postgres:\/\/me:\*\*\*@127\.0\.0\.1:1\/nowhere: .*REFUSED/)
    expect(stderr).not.toContain('secret')
  }
  const { code, stderr } = await runCli(makeHome(), ['report', '--store', 'mysql://x'])
  expect([code, stderr]).toEqual([4, expect.stringContaining('write postgres://')])
})

test('a server that goes away does not take the gateway with it: calls are refused, or pass where that was chosen', async () => {
  const own = await startPostgres()
  const store = { RUNGUARD_STORE: await own.schemaUrl('away') }
  await runCli(makeHome(), ['budget', 'add', '$1', '--per', 'month'], store)
  const gateways = ['refuse', 'pass'].map((policy) =>
    startCli(makeHome(), ['--port', '0', '--upstream', simulator.url, '--on-store-failure', policy], store),
  )
  const urls = await Promise.all(
    gateways.map(async ({ outputOf }) => (await outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/))[1] ?? ''),
  )
  await own.stop()
  expect(await Promise.all(urls.map(async (url) => (await ask(url, 'hello')).status))).toEqual([529, 200])
  for (const { child, finished } of gateways) {
    child.kill('SIGTERM')
    const { code, stderr } = await finished
    expect(code).toBe(1)
    expect(stderr).toMatch(/^runguard: Cannot use the store postgres:\/\/.*: .*\.$/m)
  }
})
