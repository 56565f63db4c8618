import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { nanoUsd, openAlert, openDelivery, stepDelivery } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import Database from 'libsql'
import { expect, onTestFinished, test } from 'vitest'
import { makeHome, runCli } from './cli.js'

const AT = Date.UTC(2026, 10, 27, 8)

const openStore = (home: string) => sqliteStore(new Database(join(home, '.runguard', 'runguard.db')))

/** A home with an alert that reached one channel and not another. */
async function homeWithAlert(): Promise<string> {
  const home = makeHome()
  mkdirSync(join(home, '.runguard'))
  const store = openStore(home)
  const draft = {
    ...({ key: 'k', kind: 'budget', severity: 'warning', about: 'team:web', openedAt: AT, resolvesAt: null } as const),
    title: '80% of the budget team:web/day is used',
    detail: '',
    facts: [{ name: 'spent', value: nanoUsd(16_020_000_000), unit: 'nano-dollars' } as const],
  }
  const alert = openAlert(draft, { id: 'rg_alert', links: [], auditHead: 'head' })
  const parts = { alert, action: 'trigger', at: AT } as const
  const good = openDelivery('rg_good', { name: 'hook', kind: 'webhook' }, parts)
  const bad = openDelivery('rg_bad', { name: 'ops', kind: 'slack' }, parts)
  await store.writeAlert(alert, [
    stepDelivery(good, { kind: 'accepted', status: 200 }, AT, 1),
    stepDelivery(bad, { kind: 'refused', status: 404, error: 'HTTP 404: no_service' }, AT, 1),
  ])
  await store.close()
  return home
}

const jsonOf = async (home: string, ...args: string[]) => JSON.parse((await runCli(home, [...args, '--json'])).stdout)

test('alerts and their messages are listed, for people and for programs', async () => {
  const home = await homeWithAlert()
  const { stdout } = await runCli(home, ['alerts', 'ls'], { TZ: 'UTC' })
  expect(stdout).toMatch(
    /^2026-11-27 08:00:00 \+00:00 +warning +open +80% of the budget team:web\/day is used +rg_alert$/m,
  )
  expect((await jsonOf(home, 'alerts', 'ls')).alerts).toMatchObject([
    {
      id: 'rg_alert',
      state: 'open',
      facts: [{ text: '$16.02' }],
      auditHead: 'head',
      openedAt: '2026-11-27T08:00:00.000Z',
    },
  ])
  expect((await jsonOf(home, 'alerts', 'ls', '--state', 'resolved')).alerts).toEqual([])
  const failed = await runCli(home, ['alerts', 'deliveries', '--state', 'failed'], { TZ: 'UTC' })
  expect(failed.stdout).toMatch(/ops +trigger +failed +1 +HTTP 404: no_service +80% of/)
  expect(failed.stdout).not.toContain('rg_good')
  expect((await jsonOf(home, 'alerts', 'deliveries', '--channel', 'hook')).deliveries).toMatchObject([
    { id: 'rg_good' },
  ])
}, 60_000)

test('an empty home has none, and says so', async () => {
  const { code, stdout, stderr } = await runCli(makeHome(), ['alerts', 'ls'])
  expect([code, stdout]).toEqual([0, ''])
  expect(stderr).toContain('No alerts in')
})

test('an alert is acknowledged once, and the channel that was told hears of it from a running gateway', async () => {
  const home = await homeWithAlert()
  expect(await jsonOf(home, 'alerts', 'ack', 'rg_alert')).toMatchObject({ state: 'acknowledged' })
  const again = await runCli(home, ['alerts', 'ack', 'rg_alert'])
  expect(again.stderr).toContain('nothing has changed')
  expect((await jsonOf(home, 'alerts', 'deliveries', '--state', 'waiting')).deliveries).toMatchObject([
    { channel: 'hook', action: 'acknowledge' },
  ])
  const unknown = await runCli(home, ['alerts', 'ack', 'rg_none'])
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('runguard alerts ls') })
})

test('a message is sent once more as a new one', async () => {
  const home = await homeWithAlert()
  const again = await jsonOf(home, 'alerts', 'resend', 'rg_bad')
  expect(again).toMatchObject({ channel: 'ops', status: 'waiting', resendOf: 'rg_bad', attempts: 0 })
  expect((await runCli(home, ['alerts', 'resend', 'rg_none'])).code).toBe(1)
})

async function startReceiver(status: number) {
  const texts: string[] = []
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => texts.push(text))
    request.on('end', () => response.writeHead(status).end('no_team'))
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/PLANTED-TOKEN`, texts }
}

const CONFIG = [
  'alerts:',
  '  channels:',
  `    ops: { kind: slack, url: "\${HOOK_OPS}" }`,
  `    bad: { kind: slack, url: "\${HOOK_BAD}" }`,
]

test('a test tells whether the channels of the configuration work, without their addresses', async () => {
  const home = makeHome()
  writeFileSync(join(home, 'runguard.yaml'), CONFIG.join('\n'))
  const [good, bad] = [await startReceiver(200), await startReceiver(403)]
  const environment = { HOOK_OPS: good.url, HOOK_BAD: bad.url }
  const both = await runCli(home, ['alerts', 'test'], environment)
  expect(both).toMatchObject({ code: 1, stdout: 'ops: delivered (HTTP 200)\nbad: failed: HTTP 403: no_team\n' })
  expect(good.texts.join()).toContain('RunGuard can reach the channel ops')
  expect(await runCli(home, ['alerts', 'test', 'ops'], environment)).toMatchObject({ code: 0 })
  const unknown = await runCli(home, ['alerts', 'test', 'opps'], environment)
  expect(unknown).toMatchObject({ code: 4, stderr: expect.stringContaining('There are: ops, bad.') })
  expect(JSON.stringify([both, unknown])).not.toContain('PLANTED')
})

test('a secret that is written into the configuration is refused, and not shown', async () => {
  const home = makeHome()
  writeFileSync(join(home, 'runguard.yaml'), CONFIG.join('\n').replace(/\$.HOOK_OPS./, 'https://hooks.example/PLANTED'))
  const { code, stderr } = await runCli(home, ['alerts', 'test'], { HOOK_BAD: 'http://127.0.0.1:1/x' })
  expect(code).toBe(4)
  expect(stderr).toContain('runguard.yaml:3:30  alerts.channels.ops.url: is a secret')
  expect(stderr).not.toContain('PLANTED')
})
