import { writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import pg from 'pg'
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
  // Four calls of $0.00204 fit, a fifth perhaps with a shorter answer, and a sixth does not, whichever gateway it takes.
  expect(statuses.slice(0, 4)).toEqual([200, 200, 200, 200])
  expect(statuses.at(-1)).toBe(402)
  const listed = JSON.parse((await runCli(home, ['budget', 'ls', '--json'], store)).stdout)
  const [account] = listed.budgets[0].accounts
  expect(account).toMatchObject({ heldUsd: '0', limitUsd: '0.01' })
  expect(account.spentNanoUsd).toBeGreaterThanOrEqual(8_160_000)
  expect(account.spentNanoUsd).toBeLessThanOrEqual(10_000_000)
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
  expect([code, stderr]).toEqual([4, expect.stringContaining('--store must be the address of a PostgreSQL server')])
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

test('a server that accepts a connection and never says a word is given up on, and its password is not shown', async () => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => sockets.add(socket))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const store = { RUNGUARD_STORE: `postgres://me:secret@127.0.0.1:${port}/calls` }
  const { code, stderr } = await runCli(makeHome(), ['start', '--port', '0'], store)
  for (const socket of sockets) socket.destroy()
  silent.close()
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^runguard: Cannot use the store postgres:\/\/me:\*\*\*@127\.0\.0\.1:\d+\/calls: .*timeout.*\.\n$/,
  )
}, 20_000)

test('a server that stops answering in the middle is a store failure: refused or passed, and everything counts later', async () => {
  const own = await startPostgres()
  const url = await own.schemaUrl('hangs')
  // So that the test does not have to wait as long as a gateway would.
  const store = { RUNGUARD_STORE: `${url}&query_timeout=400` }
  await runCli(makeHome(), ['budget', 'add', '$1', '--per', 'month'], store)
  const gateways = ['refuse', 'pass'].map((policy) =>
    startCli(makeHome(), ['--port', '0', '--upstream', simulator.url, '--on-store-failure', policy], store),
  )
  const urls = await Promise.all(
    gateways.map(async ({ outputOf }) => (await outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/))[1] ?? ''),
  )
  const admin = new pg.Client(url)
  await admin.connect()
  // Whoever asks for a hold now gets no answer; what else is asked is answered.
  await admin.query('BEGIN; LOCK TABLE ledger_holds, ledger_accounts')
  expect(await Promise.all(urls.map(async (address) => (await ask(address, 'hello')).status))).toEqual([529, 200])
  await admin.query('ROLLBACK')
  expect(await Promise.all(urls.map(async (address) => (await ask(address, 'hello')).status))).toEqual([200, 200])
  for (const { child, finished } of gateways) {
    child.kill('SIGTERM')
    expect((await finished).code).toBe(0)
  }
  const { total } = JSON.parse((await runCli(makeHome(), ['report', '--json'], store)).stdout)
  const [budget] = JSON.parse((await runCli(makeHome(), ['budget', 'ls', '--json'], store)).stdout).budgets
  expect(budget.accounts).toMatchObject([{ spentUsd: total.costUsd, heldUsd: '0' }])
  expect((await runCli(makeHome(), ['ledger', 'verify'], store)).code).toBe(0)
  await admin.end()
  await own.stop()
}, 60_000)

test('the file names the server, with a password from the environment that is shown nowhere', async () => {
  const home = makeHome()
  const reference = '$' + '{PASSWORD}'
  const url = (await server.schemaUrl('from_file')).replace('postgres@', `postgres:${reference}@`)
  writeFileSync(join(home, 'runguard.yaml'), `store: '${url}'\nmode: observe\nbudgets: []\n`)
  const secret = { PASSWORD: 's3cret/@?' }
  const gateway = startCli(home, ['--port', '0', '--upstream', simulator.url], secret)
  const [, address = ''] = await gateway.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
  await gateway.outputOf(
    'stderr',
    /^From runguard\.yaml: store postgres:\/\/127\.0\.0\.1:\d+\/postgres, mode observe$/m,
  )
  await (await ask(address, 'hello')).text()
  gateway.child.kill('SIGTERM')
  const { stdout, stderr } = await gateway.finished
  const reported = await runCli(home, ['report', '--json'], secret)
  expect(JSON.parse(reported.stdout).total).toMatchObject({ calls: 1 })
  expect(`${stdout}${stderr}${reported.stderr}`).not.toContain('s3cret')
  // A flag, and the environment, come before the file.
  expect((await runCli(home, ['report', '--data', home], secret)).stderr).toContain('No calls in ')
  expect((await runCli(home, ['report'], { RUNGUARD_HOME: home })).stderr).toContain('No calls in ')
  expect(await runCli(home, ['report'])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('is not set in the env'),
  })
})
