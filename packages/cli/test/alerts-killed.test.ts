import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startSimulator } from '@runguard/simulator'
import { expect, onTestFinished, test } from 'vitest'
import { ask, makeHome, runCli, startCli } from './cli.js'

/** Thresholds that the first call crosses all at once; of one kind so many are told within an hour. */
const THRESHOLDS = Array.from({ length: 20 }, (_, index) => (index + 1) / 100)

interface Message {
  readonly id: string
  readonly key: string
  readonly action: string
}

/** A receiver that takes its time, so that a kill finds messages on their way. */
async function startReceiver() {
  const received: Message[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    request.on('end', () => {
      const { action, alert } = JSON.parse(text) as { action: string; alert: { key: string } }
      received.push({ id: String(request.headers['idempotency-key']), key: alert.key, action })
      setTimeout(() => response.end('ok'), 20)
      for (const check of waiting) check()
    })
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const until = (isEnough: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!isEnough()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, until }
}

test('a gateway that is killed while it tells alerts has told all of them after its next start, none twice but what was on its way', async () => {
  const home = makeHome()
  const simulator = await startSimulator()
  onTestFinished(() => simulator.close())
  const { url: hook, received, until } = await startReceiver()
  const lines = [
    'budgets:',
    `  - { id: all, scope: everything, limit: $10, window: lifetime, thresholds: [${THRESHOLDS.join(', ')}] }`,
    'alerts:',
    '  channels:',
    `    hook: { kind: webhook, url: '${hook}', secret: '\${HOOK_SECRET}' }`,
    '  rules: [{ send: [hook], severity: info, kinds: [budget] }]',
  ]
  writeFileSync(join(home, 'runguard.yaml'), lines.join('\n'))
  const environment = { HOOK_SECRET: 'a-secret-of-the-receiver' }
  const start = () => startCli(home, ['start', '--port', '0', '--upstream', simulator.url], environment)

  const first = start()
  const [, url = ''] = await first.outputOf('stderr', /ANTHROPIC_BASE_URL=(\S+)/)
  await (await ask(url, 'x'.repeat(40_000))).text()
  await until(() => received.length >= 6)
  first.child.kill('SIGKILL')
  await once(first.child, 'close')
  expect(received.length).toBeLessThan(THRESHOLDS.length)

  const second = start()
  await second.outputOf('stderr', /ANTHROPIC_BASE_URL=/)
  const keys = () => new Set(received.map(({ key }) => key))
  await until(() => keys().size === THRESHOLDS.length)
  const ids = new Set(received.map(({ id }) => id))
  expect(ids.size).toBe(THRESHOLDS.length)
  // Four are on their way at once: those may come again, under the same id.
  expect(received.length - ids.size).toBeLessThanOrEqual(4)
  second.child.kill('SIGTERM')
  await second.finished
  const { stdout } = await runCli(home, ['alerts', 'deliveries', '--json'], environment)
  const { deliveries } = JSON.parse(stdout) as { deliveries: { status: string }[] }
  expect(deliveries).toHaveLength(THRESHOLDS.length)
  // What was on its way is nobody else's for twenty seconds, and then sent again.
  expect(deliveries.filter(({ status }) => status === 'delivered').length).toBeGreaterThanOrEqual(THRESHOLDS.length - 4)
}, 90_000)
