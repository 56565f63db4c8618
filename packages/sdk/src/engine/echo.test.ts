import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { Breaker } from '../core/breaker/breaker.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { engineDefaults } from './desk.js'
import { createEngine, type LoopEvent } from './engine.js'

const MODEL = 'claude-opus-5-5'
const SENTENCE = 'I will now write the document for you. '
const REASON =
  /^RunGuard ended this answer here, because the answer said the same \d+ times in a row\. It has cost \$0\.\d+ so far\. Send a new message to go on\.$/

const event = (name: string, data: object): string =>
  `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
const block = (index: number, content_block: object, ...deltas: readonly object[]): string =>
  event('content_block_start', { index, content_block }) +
  deltas.map((delta) => event('content_block_delta', { index, delta })).join('') +
  event('content_block_stop', { index })
const says = (text: string, pieces: number): object[] =>
  Array.from({ length: pieces }, () => ({ type: 'text_delta', text }))
const text = (index: number, ...deltas: readonly object[]): string =>
  block(index, { type: 'text', text: '' }, ...deltas)
const thinking = (index: number, words: string, pieces: number): string =>
  block(
    index,
    { type: 'thinking', thinking: '', signature: '' },
    ...Array.from({ length: pieces }, () => ({ type: 'thinking_delta', thinking: words })),
    { type: 'signature_delta', signature: 'c2lnbmF0dXJl' },
  )
const tool = (index: number, kind: string, json: string, pieces: number): string =>
  block(
    index,
    { type: kind, id: `id_${index}`, name: 'write', input: {} },
    ...Array.from({ length: pieces }, () => ({ type: 'input_json_delta', partial_json: json })),
  )
const result = (index: number): string =>
  block(index, { type: 'web_search_tool_result', tool_use_id: `id_${index - 1}`, content: [] })
const start = event('message_start', {
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content: [],
    usage: { input_tokens: 5, output_tokens: 1 },
  },
})
const end =
  event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 9_000 } }) +
  event('message_stop', {})

interface Rules {
  readonly loops?: 'enforce' | 'observe' | 'off'
  readonly limit?: string
  readonly isExempt?: boolean
}

async function setUp({ loops = 'enforce', limit, isExempt = false }: Rules = {}) {
  const reading = readConfig({
    budgets: limit === undefined ? [] : [{ scope: 'everything', window: 'day', limit }],
  })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const store = memoryStore()
  if (isExempt) await store.putMark({ session: 'job', resumedAt: 0, isExempt, by: 'anna', at: 0 })
  const records: CallRecord[] = []
  const told: LoopEvent[] = []
  const opened: Breaker[] = []
  const engine = createEngine({
    store,
    runtime: manualRuntime(),
    config: {
      ...engineDefaults,
      book: loadPriceBook(priceList),
      waitForMoneyMs: 0,
      loops: { ...engineDefaults.loops, mode: loops },
    },
    budgets: reading.config.budgets,
    onRecord: (record) => records.push(record),
    onLoop: (loop) => told.push(loop),
    onBreaker: (breaker) => opened.push(breaker),
  })
  const asked = { model: MODEL, max_tokens: 64_000, stream: true, messages: [{ role: 'user', content: 'Write it.' }] }
  const call = {
    method: 'POST',
    endpoint: resolveEndpoint('POST', '/v1/messages'),
    headers: { 'x-runguard-session': 'job' },
    body: Buffer.from(JSON.stringify(asked)),
    receivedBytes: 9,
    readAtTick: 0,
    problem: null,
  }
  /** Streams a text in pieces, as a door would. What the caller gets, and whether it was cut. */
  const play = async (stream: string, sizes: readonly number[] = [200], headers: Record<string, string> = {}) => {
    const admission = await engine.admit(call)
    if (admission.kind !== 'send') throw new Error(admission.refusal.message)
    const { watch } = admission
    watch.sent()
    const guard = watch.head(200, { 'content-type': 'text/event-stream', ...headers })
    const whole = Buffer.from(stream)
    const shown: Uint8Array[] = []
    for (let at = 0, n = 0; at < whole.length && guard?.flow !== 'cut'; n++) {
      const piece = whole.subarray(at, at + (sizes[n % sizes.length] ?? 1))
      at += piece.length
      if (guard === null) watch.chunk(piece)
      shown.push(guard === null ? piece : guard.pass(piece))
      await new Promise(setImmediate)
    }
    const isCut = guard?.flow === 'cut'
    const before = Buffer.concat(shown).toString()
    if (guard !== null) shown.push(isCut ? guard.cut() : guard.finish())
    const record = watch.end('complete')
    return { isCut, before, answer: Buffer.concat(shown).toString(), record }
  }
  return { play, records, told, opened, store, engine }
}

/** The message as the official client puts it together. */
async function accumulate(stream: string): Promise<Anthropic.Message> {
  const fetch = async (): Promise<Response> =>
    new Response(stream, { status: 200, headers: { 'content-type': 'text/event-stream' } })
  const client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: 'http://127.0.0.1:9', fetch, maxRetries: 0 })
  return client.messages
    .stream({ model: MODEL, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] })
    .finalMessage()
}

const echo = start + text(0, ...says('Certainly. ', 1), ...says(SENTENCE, 200)) + end
const sizesOf = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 8 })

describe('an answer that says the same again and again', () => {
  it('is ended as a whole message that says why, however its bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(sizesOf, fc.boolean(), async (sizes, hasCarriageReturns) => {
        const { play, told } = await setUp()
        const stream = hasCarriageReturns ? echo.replaceAll('\n', '\r\n') : echo
        const { isCut, before, answer, record } = await play(
          stream,
          sizes.every((size) => size < 99) ? [...sizes, 300] : sizes,
        )
        if (!isCut) throw new Error('nobody ended it')
        expect(stream.startsWith(before) && /\n\r?\n$/.test(before)).toBe(true)
        const { content, stop_reason, usage } = await accumulate(answer)
        expect(stop_reason).toBe('end_turn')
        expect(content).toMatchObject([{ text: expect.stringContaining(SENTENCE.repeat(25)) }, { type: 'text' }])
        expect(content[1]).toMatchObject({ text: expect.stringMatching(REASON) })
        expect(record).toMatchObject({
          ending: { kind: 'at-least', reason: 'loop-cut' },
          usage: { parts: [{ output: usage.output_tokens }] },
          loop: {
            action: 'stop',
            isEnforced: true,
            rule: 'repeating-text',
            rounds: 0,
            cycle: [],
            spent: record.cost.nano,
          },
        })
        expect(told).toMatchObject([{ agent: { session: 'job', agent: '' }, loop: { action: 'stop' } }])
      }),
      { numRuns: 40 },
    )
  })

  it('is ended about a thousand characters on, and early enough to save the rest', async () => {
    const { play } = await setUp()
    const { before } = await play(echo)
    expect(before.length).toBeLessThan(echo.length / 4)
  })

  it.each([
    ['behind a thought that is whole', start + thinking(0, 'Hm. ', 2) + text(1, ...says(SENTENCE, 200)) + end],
    [
      'behind a server tool with its result',
      start + tool(0, 'server_tool_use', '{}', 1) + result(1) + text(2, ...says(SENTENCE, 200)) + end,
    ],
    ['with escapes in it', start + text(0, ...says('He said "yes" \\ and\nwent on to say: ', 200)) + end],
    ['in another alphabet', start + text(0, ...says('我现在开始写这份文件。', 300)) + end],
  ])('is ended %s', async (_, stream) => {
    const { play } = await setUp()
    const { isCut, answer } = await play(stream)
    expect(isCut).toBe(true)
    expect((await accumulate(answer)).content.at(-1)).toMatchObject({ text: expect.stringMatching(REASON) })
  })

  it('three times opens the breaker of its session', async () => {
    const { play, opened } = await setUp()
    for (let times = 0; times < 3; times++) await play(echo)
    await expect.poll(() => opened).toHaveLength(1)
    expect(opened).toMatchObject([{ state: { kind: 'open' }, key: expect.stringContaining('job') }])
  })

  it('is only told of in observe, and passes to the byte', async () => {
    const { play, told } = await setUp({ loops: 'observe' })
    const { answer, record } = await play(echo)
    expect(answer).toBe(echo)
    expect(record).toMatchObject({ ending: { kind: 'exact' }, loop: { action: 'stop', isEnforced: false } })
    expect(told).toMatchObject([{ loop: { action: 'stop', isEnforced: false } }])
  })

  it.each([{ loops: 'off' }, { isExempt: true }] as const)(
    'is left alone where nothing is looked for: %o',
    async (rules) => {
      const { play, told } = await setUp(rules)
      const { answer, record } = await play(echo)
      expect([answer === echo, record.loop, told]).toEqual([true, null, []])
    },
  )

  it('in a coding that nobody asked for is only told of', async () => {
    const { play } = await setUp()
    const { answer, record } = await play(echo, [200], { 'content-encoding': 'gzip' })
    expect([answer === echo, record.loop?.action]).toEqual([true, 'notice'])
  })

  it('is ended where the word about its session cannot be read', async () => {
    const { play, store } = await setUp()
    store.findMark = () => Promise.reject(new Error('connection lost'))
    expect((await play(echo)).isCut).toBe(true)
  })
})

describe('what was shown and cannot be ended cleanly', () => {
  const spoken = text(1, ...says(SENTENCE, 200))
  it.each([
    ['a thought', start + thinking(0, SENTENCE, 200) + text(1, ...says('Yes.', 1)) + end],
    ['the input of a tool', start + tool(0, 'tool_use', '  list.push(next)\\n', 800) + end],
    ['a text behind a tool call', start + tool(0, 'tool_use', '{}', 1) + spoken + end],
    ['a text behind a server tool without its result', start + tool(0, 'server_tool_use', '{}', 1) + spoken + end],
  ])('passes to the byte and is told of: %s', async (_, stream) => {
    const { play, told } = await setUp()
    const { answer, record } = await play(stream)
    expect(answer).toBe(stream)
    expect(record).toMatchObject({ ending: { kind: 'exact' }, loop: { action: 'notice', rule: 'repeating-text' } })
    expect(told).toHaveLength(1)
  })
})

describe('an answer under a budget', () => {
  it('is ended for its echo as well, and gives back what was held', async () => {
    const { play, store, engine } = await setUp({ limit: '$50' })
    const { answer, record } = await play(echo, [37, 500])
    expect(record.ending.reason).toBe('loop-cut')
    expect((await accumulate(answer)).content.at(-1)).toMatchObject({ text: expect.stringMatching(REASON) })
    await engine.flush()
    expect(await store.balances({})).toMatchObject([{ held: 0, spent: record.cost.nano }])
  })

  it('is ended inside of a thought too, for that was not shown', async () => {
    const { play } = await setUp({ limit: '$50' })
    const { answer } = await play(start + thinking(0, SENTENCE, 200) + text(1, ...says('Yes.', 1)) + end)
    const { content } = await accumulate(answer)
    expect(content).toMatchObject([{ type: 'text', text: expect.stringMatching(REASON) }])
  })
})

describe('a long answer that repeats itself by nature', () => {
  const rows = Array.from({ length: 200 }, (_, n) => `| ${n} | passed | yes |\n`)
  const code = ['```ts\n', ...Array.from({ length: 200 }, () => '  [0, 0, 0, 0],\n'), '```\n']
  const list = Array.from({ length: 300 }, () => '- positive\n')
  const json = Array.from({ length: 120 }, () => '{"label": "neutral", "is_spam": "no"}, ')
  const csv = Array.from({ length: 300 }, () => 'yes,no,no\n')
  const legit = [rows, code, list, json, csv].map((lines, index) =>
    text(index, ...lines.map((line) => ({ type: 'text_delta', text: line }))),
  )
  const stream = start + legit.join('') + end

  it('is the same to the byte, however its bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(sizesOf, async (sizes) => {
        const { play, told } = await setUp()
        const { answer, record } = await play(stream, [...sizes, 2_000])
        expect([answer === stream, record.ending.kind, record.loop, told]).toEqual([true, 'exact', null, []])
      }),
      { numRuns: 10 },
    )
  })
})

it('passes whatever comes from upstream to the byte', async () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        start,
        'event: content_block_start\ndata: null\n\n',
        'event: content_block_start\ndata: {"index":{},"content_block":7}\n\n',
        'event: content_block_start\ndata: {"index":0,"content_block":{"type":"text"}}\n\n',
        'event: content_block_delta\ndata: {"delta":{"text":7}}\n\n',
        'event: content_block_delta\ndata: {"delta":{"text":"\\\n\n',
        'data: {"type":"content_block_delta","delta":{"text":"a b"}}\n\n',
        'event: content_block_stop\n\n',
      ),
    ),
  )
  await fc.assert(
    fc.asyncProperty(pieces, sizesOf, async (written, sizes) => {
      const { play } = await setUp()
      expect((await play(written.join(''), sizes)).answer).toBe(Buffer.from(written.join('')).toString())
    }),
    { numRuns: 100 },
  )
})
