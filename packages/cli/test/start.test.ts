import { statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { auditBills, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, makeHome, runCli, startCli, startGateway } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator()
})

afterEach(async () => {
  await simulator.close()
})

test('three lines say what to do, and each call is a line on stdout with the cost that the API will bill', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  await (await ask(gateway.url, '[[sim:text 100]]')).text()
  await gateway.outputOf('stdout', /^claude-opus-5-5 +10 in +100 out +\$0\.0020$/m)
  gateway.child.kill('SIGTERM')
  const { code, stdout, stderr } = await gateway.finished
  expect(code).toBe(0)
  expect(stdout.split('\n')).toHaveLength(2)
  expect(stderr.trimEnd().split('\n')).toHaveLength(3)
  const explained = await runCli(home, ['explain', 'last', '--json'])
  expect(BigInt(JSON.parse(explained.stdout).costNanoUsd)).toBe(auditBills(simulator.log).total)
})

test('with --json stdout holds one JSON object for each event and nothing else', async () => {
  const gateway = await startGateway(makeHome(), simulator.url, ['--json'])
  await (await ask(gateway.url, '[[sim:text 100]]')).text()
  await (await ask(gateway.url, '[[sim:fault 529]]')).text()
  await gateway.outputOf('stdout', /529/)
  gateway.child.kill('SIGINT')
  const lines = (await gateway.finished).stdout.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { kind: 'listening', url: gateway.url, upstream: simulator.url },
    { kind: 'call', model: 'claude-opus-5-5', inputTokens: 10, outputTokens: 100, costUsd: '0.00204', ending: 'exact' },
    { kind: 'call', status: 529, errorCode: 'overloaded_error', ending: 'not-billed', costNanoUsd: 0 },
  ])
})

test('calls that are passed on unmetered are warned of once for each kind of endpoint', async () => {
  // The simulator has no such endpoint; any server that answers will do.
  const upstream = createServer((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}')),
  )
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const { port } = upstream.address() as { port: number }
  const gateway = await startGateway(makeHome(), `http://127.0.0.1:${port}`)
  for (const path of ['files/a', 'files/b']) await (await fetch(`${gateway.url}/v1/${path}`)).text()
  await gateway.outputOf('stdout', /files\/b +unmetered/)
  gateway.child.kill('SIGTERM')
  expect((await gateway.finished).stderr.match(/passed on unmetered/g)).toHaveLength(1)
  upstream.close()
})

test('an upstream that cannot be reached is named in the line of the call', async () => {
  await simulator.close()
  const gateway = await startGateway(makeHome(), simulator.url)
  expect((await ask(gateway.url, 'hi')).status).toBe(502)
  await gateway.outputOf('stdout', /claude-opus-5-5 +upstream unreachable/)
})

test('a refused model costs nothing and says why', async () => {
  const gateway = await startGateway(makeHome(), simulator.url, ['--unknown-model', 'refuse'])
  expect((await ask(gateway.url, 'hi', { model: 'claude-nobody-1' })).status).toBe(402)
  await gateway.outputOf('stdout', /claude-nobody-1 +refused: runguard_unpriced_model/)
  expect(simulator.log).toHaveLength(0)
})

test('what is kept is for its owner alone', async () => {
  const home = makeHome()
  await startGateway(home, simulator.url)
  const modes = ['', 'runguard.db', 'runguard.db-wal'].map(
    (name) => statSync(join(home, '.runguard', name)).mode & 0o777,
  )
  expect(modes).toEqual([0o700, 0o600, 0o600])
})

test('SIGTERM lets a running stream finish, and its exact cost is kept', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  const response = await ask(gateway.url, '[[sim:every 10]] [[sim:text 300]]', { stream: true })
  gateway.child.kill('SIGTERM')
  await gateway.outputOf('stderr', /Waiting for a running call to finish/)
  expect(await response.text()).toContain('message_stop')
  expect((await gateway.finished).code).toBe(0)
  const { stdout } = await runCli(home, ['explain', 'last', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ ending: 'exact', outputTokens: 300 })
})

test('a second signal ends running calls at once, and what was seen of them is charged', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  const response = await ask(gateway.url, '[[sim:every 100]] [[sim:text 4000]]', { stream: true })
  const reader = response.body?.getReader()
  gateway.child.kill('SIGINT')
  await gateway.outputOf('stderr', /Waiting for a running call/)
  // Two signals in a row count as one; five events later they no longer do.
  for (let events = 0; events < 5; events += 1) await reader?.read()
  gateway.child.kill('SIGINT')
  expect((await gateway.finished).code).toBe(0)
  const { stdout } = await runCli(home, ['explain', 'last', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ ending: 'at-least', reason: 'gateway-stopped', isEstimated: true })
})

test('two gateways on one port: the second says so in one line', async () => {
  const home = makeHome()
  const first = await startGateway(home, simulator.url)
  const second = await runCli(home, ['start', '--port', new URL(first.url).port])
  expect(second.code).toBe(1)
  expect(second.stderr).toMatch(/^runguard: Port \d+ on 127\.0\.0\.1 is taken\. .*--port\.\n$/)
})

test('a report beside a gateway that is writing sees whole calls and never fails', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  const calls = Promise.all(
    Array.from({ length: 60 }, async () => await (await ask(gateway.url, '[[sim:text 10]]')).text()),
  )
  const counts: number[] = []
  for (let times = 0; times < 3; times += 1) {
    const { code, stdout } = await runCli(home, ['report', 'model', '--json'])
    expect(code).toBe(0)
    counts.push(JSON.parse(stdout).total.calls)
  }
  await calls
  gateway.child.kill('SIGTERM')
  await gateway.finished
  const { stdout } = await runCli(home, ['report', 'model', '--json'])
  expect(JSON.parse(stdout).total).toMatchObject({ calls: 60, outputTokens: 600 })
  expect(counts).toEqual(counts.toSorted((left, right) => left - right))
})

test('the gateway goes on serving when nobody reads its lines any more', async () => {
  const home = makeHome()
  const gateway = await startGateway(home, simulator.url)
  gateway.child.stdout.destroy()
  for (const text of ['one', 'two', 'three']) expect((await ask(gateway.url, text)).status).toBe(200)
  gateway.child.kill('SIGTERM')
  expect((await gateway.finished).code).toBe(0)
  const { stdout } = await runCli(home, ['report', '--json'])
  expect(JSON.parse(stdout).total.calls).toBe(3)
})

test('the simulator is a server of its own', async () => {
  const sim = startCli(makeHome(), ['sim', '--port', '0', '--json'])
  const [line] = await sim.outputOf('stdout', /.*\n/)
  const { url } = JSON.parse(line)
  expect((await ask(url, '[[sim:text 3]]')).status).toBe(200)
  sim.child.kill('SIGINT')
  expect((await sim.finished).code).toBe(0)
})
