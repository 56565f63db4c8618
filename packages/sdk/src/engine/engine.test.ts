import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { Call } from '../core/body/incoming-call.js'
import type { CallEnd } from '../core/cost/ending.js'
import { loadPriceBook, type UnknownModelPolicy } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleStreams } from '../testing/streams.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'

const book = loadPriceBook(priceList)

function setUp(unknownModel: UnknownModelPolicy = 'dearest') {
  const runtime = manualRuntime()
  const records: CallRecord[] = []
  const store = memoryStore()
  const engine = createEngine({
    config: { ...engineDefaults, book, unknownModel, waitForMoneyMs: 0 },
    store,
    runtime,
    onRecord: (record) => records.push(record),
  })
  const callOf = (body: string | null, overrides: Partial<Call> = {}): Call => ({
    method: 'POST',
    endpoint: resolveEndpoint('POST', '/v1/messages?beta=true'),
    headers: { 'user-agent': 'test/1', 'x-runguard-session': 's' },
    body: body === null ? null : Buffer.from(body),
    receivedBytes: body?.length ?? 0,
    readAtTick: runtime.tick(),
    problem: null,
    ...overrides,
  })
  const send = async (body: string | null, overrides: Partial<Call> = {}) => {
    const admission = await engine.admit(callOf(body, overrides))
    if (admission.kind !== 'send') throw new Error(`refused: ${admission.refusal.message}`)
    return admission.watch
  }
  return { runtime, records, store, engine, callOf, send }
}

const request = JSON.stringify({
  model: 'claude-sonnet-5-5',
  max_tokens: 1000,
  stream: true,
  messages: [{ role: 'user', content: 'Why is the sky blue?' }],
})
const SSE = { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_1' }
const JSON_HEAD = { 'content-type': 'application/json', 'request-id': 'req_1' }

async function play(stream: Uint8Array, end: CallEnd) {
  const { send, records } = setUp()
  const watch = await send(request)
  watch.sent()
  watch.head(200, SSE)
  watch.chunk(stream)
  watch.end(end)
  return records[0] as CallRecord
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

describe('a streamed call', () => {
  it.each([
    // Sonnet 5.5 in November 2026, per million: 2 in, 2.50 and 4 writes, 0.10 read, 10 out.
    ['text', 42 * 2 + 200 * 2.5 + 1000 * 4 + 8000 * 0.1 + 57 * 10],
    ['thinking', 42 * 2 + 200 * 2.5 + 1000 * 4 + 8000 * 0.1 + 90 * 10],
    ['tools', 42 * 2 + 200 * 2.5 + 1000 * 4 + 8000 * 0.1 + 70 * 10],
    ['server tools', 2400 * 2 + 500 * 2.5 + 1000 * 4 + 8000 * 0.1 + 60 * 10 + 20_000],
    ['iterations', 50_000 * 2 + 700 * 10 + 42 * 2 + 200 * 2.5 + 1000 * 4 + 8000 * 0.1 + 12 * 10],
    ['refusal', 42 * 2 + 200 * 2.5 + 1000 * 4 + 8000 * 0.1 + 9 * 10],
    ['carriage returns', 42 * 2 + 200 * 2.5 + 1000 * 4 + 8000 * 0.1 + 5 * 10],
    ['unknown events', 42 * 2 + 200 * 2.5 + 1000 * 4 + 8000 * 0.1 + 5 * 10],
  ])('of shape "%s" is charged exactly', async (shape, microdollars) => {
    const record = await play(bytesOf(sampleStreams[shape] ?? ''), 'complete')
    expect(record.ending).toEqual({ kind: 'exact', reason: 'complete' })
    expect(record.cost.nano).toBe(Math.round(microdollars * 1000))
    expect(record.cost.isEstimated).toBe(false)
    expect(record).toMatchObject({ servedModel: 'claude-sonnet-5-5', upstreamId: 'req_1', isStream: true })
  })

  it('with an error event is charged at least what was seen, and flagged', async () => {
    const record = await play(bytesOf(sampleStreams['error event'] ?? ''), 'complete')
    expect(record).toMatchObject({
      ending: { kind: 'at-least', reason: 'upstream-error-event' },
      errorCode: 'overloaded_error',
      cost: { isEstimated: true },
    })
    expect(record.cost.nano).toBeGreaterThanOrEqual(5_384_000)
  })

  const ends: readonly CallEnd[] = ['complete', 'upstream-failed', 'caller-aborted', 'gateway-stopped']
  it.each(Object.keys(sampleStreams))(
    'of shape "%s", cut at any byte, is recorded once and never charged too little',
    async (shape) => {
      const whole = bytesOf(sampleStreams[shape] ?? '')
      const lastEvent = Buffer.from(whole).lastIndexOf('message_stop')
      let before = 0
      for (let cut = 0; cut <= whole.length; cut++) {
        const record = await play(whole.subarray(0, cut), ends[cut % ends.length] as CallEnd)
        const isWhole = record.ending.kind === 'exact'
        if (isWhole) expect(cut).toBeGreaterThan(lastEvent)
        else expect(record.cost.isEstimated).toBe(true)
        const output = record.usage?.parts[0]?.output ?? 0
        // While it streams the charge only grows: nobody gains by leaving later. Only the last word may lower it.
        if (!isWhole && record.servedModel !== null) expect(output).toBeGreaterThanOrEqual(before)
        before = isWhole ? 0 : output
        expect(record.cost.nano).toBeGreaterThan(0)
      }
    },
  )

  const start = (sampleStreams.text ?? '').split('\n\n')[0] ?? ''
  const longText = `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'word '.repeat(2_000) } })}`
  const lastCounters =
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2500}}'
  const stop = 'event: message_stop\ndata: {"type":"message_stop"}'

  it.each([
    ['no last counters', [start, longText, stop]],
    ['last counters that are no JSON', [start, longText, lastCounters.replace('}}', ''), stop]],
    ['last counters without a count', [start, longText, lastCounters.replace('2500', 'null'), stop]],
    ['a start that is no JSON', [start.slice(0, -1), longText, lastCounters, stop]],
    ['two starts', [start, longText, lastCounters, start, stop]],
    ['counters that go down', [start, longText, lastCounters, lastCounters.replace('2500', '3'), stop]],
    ['its last counters first', [lastCounters, start, longText, stop]],
    ['events that say their type in the data alone', [start, longText.replace('content_block_delta', 'message')]],
    ['events of kinds that nobody knows', [start, longText.replaceAll('content_block_delta', 'news')]],
  ])('with %s is not taken for whole, and charged for what was streamed', async (_, events) => {
    const record = await play(bytesOf(`${events.join('\n\n')}\n\n`), 'complete')
    expect(record).toMatchObject({ ending: { kind: 'at-least' }, cost: { isEstimated: true } })
    const [part] = record.usage?.parts ?? []
    expect(part?.output).toBeGreaterThanOrEqual(2_500)
    expect((part?.input ?? 0) + (part?.write5m ?? 0)).toBeGreaterThan(0)
  })

  it('is the same call however its bytes are cut into chunks', async () => {
    const shapes = fc.constantFrom(...Object.values(sampleStreams))
    await fc.assert(
      fc.asyncProperty(shapes, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), async (text, sizes) => {
        const { send, records } = setUp()
        const watch = await send(request)
        watch.sent()
        watch.head(200, SSE)
        const whole = bytesOf(text)
        for (let at = 0, n = 0; at < whole.length; n++) {
          const size = sizes[n % sizes.length] as number
          watch.chunk(whole.subarray(at, at + size))
          at += size
        }
        watch.end('complete')
        const inOne = await play(whole, 'complete')
        expect(records[0]?.cost).toEqual(inOne.cost)
        expect(records[0]?.ending).toEqual(inOne.ending)
      }),
      { numRuns: 50 },
    )
  })

  it('is settled once, whoever says how often that it ended', async () => {
    const { send, records } = setUp()
    const watch = await send(request)
    watch.sent()
    watch.head(200, SSE)
    watch.chunk(bytesOf(sampleStreams.text ?? ''))
    const first = watch.end('complete')
    expect(watch.end('caller-aborted')).toBe(first)
    watch.chunk(bytesOf(sampleStreams.text ?? ''))
    expect(watch.end('upstream-failed')).toBe(first)
    expect(records).toHaveLength(1)
  })
})

describe('a plain call', () => {
  const answer = (usage: unknown) =>
    bytesOf(JSON.stringify({ id: 'msg_1', model: 'claude-opus-5-5', content: [], usage }))

  it('is charged by the model that answered, not by the one that was asked', async () => {
    const { send, records } = setUp()
    const watch = await send(request.replace('"stream":true,', ''))
    expect(watch.isPricedAtEnd).toBe(true)
    watch.sent()
    watch.head(200, JSON_HEAD)
    watch.chunk(answer({ input_tokens: 120, output_tokens: 900 }))
    watch.end('complete')
    expect(records[0]).toMatchObject({ requestedModel: 'claude-sonnet-5-5', servedModel: 'claude-opus-5-5' })
    expect(records[0]?.cost.nano).toBe((120 * 4 + 900 * 20) * 1000)
  })

  it.each([
    ['no usage', '{"id":"msg_1","model":"claude-opus-5-5"}'],
    ['a null usage', '{"model":"claude-opus-5-5","usage":null}'],
    ['half an answer', '{"id":"msg_1","content":[{"type":"text","text":"hello'],
    ['no JSON', '<html>a proxy says hello</html>'],
    ['nothing', ''],
    ['no count of its output', `{"model":"m","content":"${'x'.repeat(9_000)}","usage":{"input_tokens":9}}`],
    ['no count of its input', '{"model":"m","usage":{"output_tokens":9}}'],
    ['a count of its input that is none', '{"model":"m","usage":{"input_tokens":-5,"output_tokens":9}}'],
    ['absurd counts', '{"model":"m","usage":{"input_tokens":-1,"output_tokens":1e99,"__proto__":{"x":1}}}'],
  ])('with %s is charged at least the expected, and flagged', async (_, body) => {
    const { send, records } = setUp()
    const watch = await send(request.replace('"stream":true,', ''))
    watch.sent()
    watch.head(200, JSON_HEAD)
    watch.chunk(bytesOf(body))
    watch.end('complete')
    const [part] = records[0]?.usage?.parts ?? []
    expect((part?.input ?? 0) + (part?.write5m ?? 0)).toBeGreaterThan(0)
    expect(part?.output ?? 0).toBeGreaterThanOrEqual(Math.floor((body.length - 100) / 3))
    expect(records[0]?.ending.kind).toBe('at-least')
    expect(records[0]?.cost.isEstimated).toBe(true)
    expect(records[0]?.cost.nano).toBeGreaterThan(0)
    expect(Number.isSafeInteger(records[0]?.cost.nano)).toBe(true)
  })

  it('whose attempts name no model is charged by the model that was asked for', async () => {
    const { send, records } = setUp()
    const watch = await send(request.replace('"stream":true,', '').replace('sonnet', 'opus'))
    watch.sent()
    watch.head(200, JSON_HEAD)
    const iterations = [
      { type: 'compaction', input_tokens: 50_000, output_tokens: 700 },
      { type: 'message', model: 'claude-opus-5-5', input_tokens: 100, output_tokens: 5 },
      { type: 'fallback_message', model: 'claude-sonnet-5-5', input_tokens: 100, output_tokens: 50 },
    ]
    const usage = { input_tokens: 100, output_tokens: 50, iterations }
    watch.chunk(bytesOf(JSON.stringify({ model: 'claude-sonnet-5-5', usage })))
    watch.end('complete')
    const microdollars = 50_000 * 4 + 700 * 20 + 100 * 4 + 5 * 20 + 100 * 2 + 50 * 10
    expect(records[0]).toMatchObject({ ending: { kind: 'exact' }, cost: { nano: microdollars * 1_000 } })
  })

  it('with an attempt that was refused without a word is charged for it, and flagged: such attempts may be free', async () => {
    const { send, records } = setUp()
    const watch = await send(request.replace('"stream":true,', ''))
    watch.sent()
    watch.head(200, JSON_HEAD)
    const iterations = [
      { type: 'message', model: 'claude-sonnet-5-5', input_tokens: 100, output_tokens: 0 },
      { type: 'fallback_message', model: 'claude-haiku-5-5', input_tokens: 100, output_tokens: 50 },
    ]
    watch.chunk(
      bytesOf(
        JSON.stringify({ model: 'claude-haiku-5-5', usage: { input_tokens: 100, output_tokens: 50, iterations } }),
      ),
    )
    watch.end('complete')
    expect(records[0]).toMatchObject({ ending: { kind: 'at-least' }, cost: { isEstimated: true, nano: 235_000 } })
  })

  it('with a tier that is not known keeps its counters, and is flagged', async () => {
    const { send, records } = setUp()
    const watch = await send(request.replace('"stream":true,', ''))
    watch.sent()
    watch.head(200, JSON_HEAD)
    const usage = { input_tokens: 10, output_tokens: 1, service_tier: 'flex' }
    watch.chunk(bytesOf(JSON.stringify({ model: 'claude-opus-5-5', content: 'x'.repeat(4_000), usage })))
    watch.end('complete')
    expect(records[0]).toMatchObject({ ending: { kind: 'at-least' }, cost: { isEstimated: true, nano: 60_000 } })
  })

  it('that the API refused costs nothing, and keeps the code', async () => {
    const { send, records } = setUp()
    const watch = await send(request)
    watch.sent()
    watch.head(429, JSON_HEAD)
    const error = { type: 'rate_limit_error', message: 'x', details: { error_code: 'enforced_spend_limit_reached' } }
    watch.chunk(bytesOf(JSON.stringify({ type: 'error', error })))
    watch.end('complete')
    expect(records[0]).toMatchObject({
      status: 429,
      errorCode: 'enforced_spend_limit_reached',
      ending: { kind: 'not-billed', reason: 'error-status' },
      cost: { nano: 0, isEstimated: false },
    })
  })
})

describe('admission', () => {
  it('refuses a body that is no JSON, and records the refusal', async () => {
    const { engine, callOf, records } = setUp()
    const admission = await engine.admit(callOf('{"model":'))
    expect(admission).toMatchObject({ kind: 'refuse', id: 'rg_2', refusal: { code: 'runguard_malformed_request' } })
    expect(records).toMatchObject([
      { id: 'rg_2', ending: { kind: 'not-billed', reason: 'refused' }, errorCode: 'runguard_malformed_request' },
    ])
  })

  it('passes on what the door could not read as the refusal that the door found', async () => {
    const { engine, callOf, records } = setUp()
    const problem = { code: 'runguard_request_too_large', message: 'too large' } as const
    expect(await engine.admit(callOf(null, { problem }))).toMatchObject({ kind: 'refuse', refusal: problem })
    expect(records).toHaveLength(1)
  })

  it.each([
    ['refuse', 'refuse'],
    ['dearest', 'send'],
    ['flag', 'send'],
  ] as const)('of a model without a price, under the policy "%s": %s', async (policy, kind) => {
    const { engine, callOf } = setUp(policy)
    expect((await engine.admit(callOf('{"model":"claude-opus-9","messages":[]}'))).kind).toBe(kind)
  })

  it.each(['dearest', 'flag'] as const)('never lets an unknown model be free (%s)', async (policy) => {
    const { send, records } = setUp(policy)
    const watch = await send('{"model":"claude-opus-9","messages":[]}')
    watch.sent()
    watch.head(200, JSON_HEAD)
    watch.chunk(bytesOf('{"model":"claude-opus-9","usage":{"input_tokens":1000,"output_tokens":100}}'))
    watch.end('complete')
    expect(records[0]).toMatchObject({ ending: { kind: 'exact' }, cost: { isEstimated: true } })
    expect(records[0]?.cost.nano).toBeGreaterThanOrEqual((1000 * 5 + 100 * 25) * 1000)
  })

  it('estimates the input before the call, and learns from the answer', async () => {
    const { send, records } = setUp()
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(200)
    const body = JSON.stringify({ model: 'claude-opus-5-5', messages: [{ role: 'user', content: text }] })
    const estimates: number[] = []
    for (let n = 0; n < 6; n++) {
      const watch = await send(body)
      watch.sent()
      watch.head(200, JSON_HEAD)
      watch.chunk(bytesOf('{"model":"claude-opus-5-5","usage":{"input_tokens":4000,"output_tokens":1}}'))
      watch.end('complete')
      estimates.push(records[n]?.estimate?.tokens ?? 0)
      expect(records[n]?.estimate?.bound).toBeGreaterThanOrEqual(4000)
    }
    const error = (estimate = 0) => Math.abs(estimate - 4000)
    expect(error(estimates.at(-1))).toBeLessThan(error(estimates[0]))
    expect(error(estimates.at(-1))).toBeLessThan(200)
  })

  it('flushes what has ended to the store', async () => {
    const { send, engine, store } = setUp()
    const watch = await send(request)
    watch.sent()
    watch.head(200, SSE)
    watch.chunk(bytesOf(sampleStreams.text ?? ''))
    watch.end('complete')
    await engine.flush()
    expect(await store.findRecord('req_1')).toMatchObject({ id: watch.id })
  })
})

describe('whoever listens to records', () => {
  const fail = (): void => {
    throw new Error('the terminal is gone')
  }

  it.each([
    ['at once', fail],
    ['later', async () => fail()],
  ])('cannot fail a call, nor the program (%s)', async (_, onRecord) => {
    const runtime = manualRuntime()
    const engine = createEngine({ config: { ...engineDefaults, book }, store: memoryStore(), runtime, onRecord })
    const admission = await engine.admit(setUp().callOf(request))
    if (admission.kind !== 'send') throw new Error('refused')
    admission.watch.sent()
    admission.watch.head(200, SSE)
    admission.watch.chunk(bytesOf(sampleStreams.text ?? ''))
    expect(admission.watch.end('complete').ending.kind).toBe('exact')
    await engine.flush()
    expect(runtime.lines).toMatchObject([{ level: 'error', event: 'listener-failed' }])
  })
})

describe('endpoints that are not metered', () => {
  it.each([
    ['/v1/messages/count_tokens', 'not-billed'],
    ['/v1/models', 'not-billed'],
    ['/v1/messages/batches/msgbatch_1/cancel', 'not-billed'],
    ['/v1/messages/batches/msgbatch_1', 'not-billed'],
    ['/v1/chat/completions', 'unmetered'],
    ['/v1/files', 'unmetered'],
  ])('%s is recorded as %s', async (path, kind) => {
    const { send, records } = setUp()
    const watch = await send(null, { endpoint: resolveEndpoint('POST', path) })
    expect(watch.isPricedAtEnd).toBe(false)
    watch.sent()
    watch.head(200, JSON_HEAD)
    watch.chunk(bytesOf('{"usage":{"input_tokens":5,"output_tokens":5}}'))
    watch.end('complete')
    expect(records[0]).toMatchObject({ ending: { kind }, cost: { nano: 0 }, usage: null })
  })
})
