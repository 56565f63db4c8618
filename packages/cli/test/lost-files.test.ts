import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, makeHome, runCli, startGateway } from './cli.js'

let simulator: RunningSimulator

beforeEach(async () => {
  simulator = await startSimulator()
})

afterEach(async () => {
  await simulator.close()
})

test('a ledger that is deleted under a running gateway stops calls and changes, instead of being written where nobody reads', async () => {
  const home = makeHome()
  await runCli(home, ['budget', 'add', '$20', '--per', 'month'])
  const gateway = await startGateway(home, simulator.url)
  expect((await ask(gateway.url, 'Hi')).status).toBe(200)
  rmSync(join(home, '.runguard'), { recursive: true })
  const refused = await ask(gateway.url, 'Hi again')
  expect(refused.status).toBe(529)
  expect(await refused.text()).toContain('runguard_ledger_unavailable')
  await gateway.outputOf('stderr', /runguard\.db was deleted or replaced: start the gateway again/)
  expect((await fetch(`${gateway.url}/runguard/ready`)).status).toBe(503)
  const { csrfToken } = (await (await fetch(`${gateway.url}/runguard/api/session`)).json()) as { csrfToken: string }
  const changed = await fetch(`${gateway.url}/runguard/api/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-runguard-csrf': csrfToken },
    body: JSON.stringify({ name: 'lost' }),
  })
  expect(changed.status).toBe(500)
})

test('a link to a configuration that is not there is an error, not a start without budgets', async () => {
  const home = makeHome()
  symlinkSync(join(home, 'not-mounted.yaml'), join(home, 'runguard.yaml'))
  const { code, stderr } = await runCli(home, ['budget', 'ls'])
  expect(code).toBe(4)
  expect(stderr).toMatch(/Cannot read the configuration .*runguard\.yaml: ENOENT/)
})

test('a place where no directory can be made is an error, and not waited for', async () => {
  const { code, stderr } = await runCli(makeHome(), ['budget', 'add', '5', '--per', 'day', '--data', '/proc/none/here'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^runguard: Cannot write to \/proc\/none\/here\/runguard\.db: /)
})
