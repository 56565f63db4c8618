import { expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import type { DoorGuard, Watch } from './watch.js'

const MODEL = 'claude-opus-5-5'
const bytesOf = (name: string, data: object): Buffer =>
  Buffer.from(`event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`)

/** An engine with a budget that has to watch every stream. */
function setUp() {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'day', limit: '$50' }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const config = { ...engineDefaults, book: loadPriceBook(priceList), waitForMoneyMs: 0 }
  const records: CallRecord[] = []
  const engine = createEngine({
    store: memoryStore(),
    runtime: manualRuntime(),
    config,
    budgets: reading.config.budgets,
    onRecord: (record) => records.push(record),
  })
  const body = Buffer.from(JSON.stringify({ model: MODEL, max_tokens: 64_000, stream: true, messages: [] }))
  const endpoint = resolveEndpoint('POST', '/v1/messages')
  const call = { method: 'POST', endpoint, headers: {}, body, receivedBytes: 9, readAtTick: 0, problem: null }
  const open = async (): Promise<{ watch: Watch; guard: DoorGuard }> => {
    const admission = await engine.admit(call)
    if (admission.kind !== 'send') throw new Error(admission.refusal.message)
    admission.watch.sent()
    const guard = admission.watch.head(200, { 'content-type': 'text/event-stream' })
    if (guard === null) throw new Error('nothing guards the stream')
    guard.pass(bytesOf('message_start', { message: { model: MODEL, usage: { input_tokens: 5, output_tokens: 1 } } }))
    return { watch: admission.watch, guard }
  }
  return { open, records }
}

/** A block of 2,700 bytes, in pieces, without its end. */
function write(guard: DoorGuard, type: 'text' | 'tool_use', letter = 'x'): void {
  guard.pass(bytesOf('content_block_start', { index: 0, content_block: { type } }))
  const piece = letter.repeat(90)
  // As much stands around either: what is longer than the shortest frame counts as content.
  const delta =
    type === 'text' ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece }
  for (let n = 0; n < 30; n++) guard.pass(bytesOf('content_block_delta', { index: 0, delta }))
}

it('counts the text of a broken stream by what whole answers have shown, and the input of tools by as little as can be', async () => {
  const { open, records } = setUp()
  const countBroken = async (type: 'text' | 'tool_use'): Promise<number> => {
    const { watch, guard } = await open()
    write(guard, type)
    watch.end('upstream-failed')
    return records.at(-1)?.usage?.parts[0]?.output ?? 0
  }
  expect(await countBroken('text')).toBe(1_350)

  const { watch, guard } = await open()
  write(guard, 'text')
  guard.pass(bytesOf('content_block_stop', { index: 0 }))
  guard.pass(bytesOf('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 900 } }))
  guard.pass(bytesOf('message_stop', {}))
  watch.end('complete')
  expect(records.at(-1)?.ending).toEqual({ kind: 'exact', reason: 'complete' })

  // Three bytes a token, of which a tenth is kept in reserve.
  const tokens = await countBroken('text')
  expect(tokens).toBeGreaterThanOrEqual(1_000)
  expect(tokens).toBeLessThan(1_020)
  expect(await countBroken('tool_use')).toBeGreaterThanOrEqual(1_350)
})

it('counts digits as the many tokens they are, whatever whole answers have shown', async () => {
  const { open, records } = setUp()
  for (const type of ['text', 'tool_use'] as const) {
    const { watch, guard } = await open()
    write(guard, type, '7')
    watch.end('upstream-failed')
    expect(records.at(-1)?.usage?.parts[0]?.output).toBeGreaterThan(2_700 / 1.35)
  }
})
