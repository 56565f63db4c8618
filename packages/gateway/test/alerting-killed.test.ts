import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { type Received, startReceiver } from './receivers.js'

const program = fileURLToPath(new URL('alerting-process.mjs', import.meta.url))
/** Longer than a message stays in the hands of a process that has died. */
const AFTER_LOCK_MS = 60_000
/** So many messages of one channel are on their way at once. */
const AT_ONCE = 4

interface Sender {
  readonly child: ChildProcess
  /** What it said that it has kept. */
  readonly kept: Set<string>
}

function startSender(path: string, url: string, first: number, count: number, laterMs: number): Sender {
  const kept = new Set<string>()
  const args = [program, path, url, String(first), String(count), String(laterMs)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    for (const [, index] of text.matchAll(/kept (\d+)\n/g)) kept.add(`budget|budget-${index}|80|100`)
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, kept }
}

const keyOf = ({ text }: Received): string => (JSON.parse(text) as { alert: { key: string } }).alert.key
const idOf = ({ headers }: Received): string => String(headers['idempotency-key'])

it('every alert is delivered although its process is killed again and again, and what was taken is not sent twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-alerts-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'runguard.db')
  // Slow enough to be killed in the middle of messages that are on their way.
  const receiver = await startReceiver((_, response) => void setImmediate(() => response.end('ok')))
  const kept = new Set<string>()
  const rounds = 4
  for (let round = 0; round < rounds; round++) {
    const before = receiver.received.length
    const sender = startSender(path, receiver.url, round * 30, 30, round * AFTER_LOCK_MS)
    await receiver.until(before + 12)
    sender.child.kill('SIGKILL')
    await once(sender.child, 'close')
    for (const key of sender.kept) kept.add(key)
  }
  startSender(path, receiver.url, 0, 0, rounds * AFTER_LOCK_MS)
  const missing = (): string[] => {
    const told = new Set(receiver.received.map(keyOf))
    return [...kept].filter((key) => !told.has(key))
  }
  while (missing().length > 0) await receiver.until(receiver.received.length + 1)

  expect(kept.size).toBeGreaterThan(rounds * 5)
  const ids = receiver.received.map(idOf)
  const repeats = ids.length - new Set(ids).size
  // Only what had been taken when the process died, and could not be noted any more; with the same id each time.
  expect(repeats).toBeLessThanOrEqual(rounds * AT_ONCE)
  const idsByKey = new Map(receiver.received.map((message) => [keyOf(message), idOf(message)]))
  for (const message of receiver.received) expect(idOf(message)).toBe(idsByKey.get(keyOf(message)))
}, 60_000)
