import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { type Breaker, closedBreaker, stepBreaker } from '../core/breaker/breaker.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { readRefuser } from '../core/refusal/refuser.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleStreams } from '../testing/streams.js'
import { changeBreaker } from './changed-breaker.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import type { DoorGuard, Watch } from './watch.js'

const MODEL = 'claude-sonnet-5-5'
const REASON =
  'RunGuard ended this answer here, because session "job" was stopped: held by Ada, "too dear". ' +
  'It goes on when an operator releases it: `runguard breaker release session:job`.'
const HOLD = { kind: 'hold', by: 'Ada', note: 'too dear', at: 1 } as const
const heldAs = (key: string): Breaker => stepBreaker(closedBreaker(key), HOLD)

type Mode = 'enforce' | 'observe' | 'off'

interface Rules {
  readonly loops?: Mode
  readonly breaker?: Mode
  /** Of a budget that every call meets. */
  readonly limit?: string
  readonly store?: ReturnType<typeof memoryStore>
}

function setUp({ loops = 'enforce', breaker = 'enforce', limit, store = memoryStore() }: Rules = {}) {
  const budgets = limit === undefined ? [] : [{ scope: 'everything', window: 'day', limit }]
  const reading = readConfig({ budgets })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const runtime = manualRuntime()
  const records: CallRecord[] = []
  const engine = createEngine({
    store,
    runtime,
    config: {
      ...engineDefaults,
      book: loadPriceBook(priceList),
      loops: { ...engineDefaults.loops, mode: loops },
      breaker: { ...engineDefaults.breaker, mode: breaker },
    },
    budgets: reading.config.budgets,
    onRecord: (record) => records.push(record),
  })
  /** A call whose answer has begun to come. */
  const begin = async (headers: Record<string, string> = {}, isStream = true) => {
    const asked = { model: MODEL, max_tokens: 64_000, stream: isStream, messages: [{ role: 'user', content: 'Go.' }] }
    const admission = await engine.admit({
      method: 'POST',
      endpoint: resolveEndpoint('POST', '/v1/messages'),
      headers: { 'x-runguard-session': 'job' },
      body: Buffer.from(JSON.stringify(asked)),
      receivedBytes: 9,
      readAtTick: runtime.tick(),
      problem: null,
    })
    if (admission.kind !== 'send') throw new Error(admission.refusal.message)
    const { watch } = admission
    watch.sent()
    const contentType = isStream ? 'text/event-stream' : 'application/json'
    return { watch, guard: watch.head(200, { 'content-type': contentType, ...headers }) }
  }
  return { engine, runtime, records, store, begin }
}

interface Running {
  readonly watch: Watch
  readonly guard: DoorGuard | null
}

/** Streams on, as a door would, with something that happens behind so many pieces. */
function play({ watch, guard }: Running, stream: string, size: number, behind: number, happens: () => void) {
  const whole = Buffer.from(stream)
  const shown: Uint8Array[] = []
  for (let at = 0, n = 0; at < whole.length && guard?.flow !== 'cut'; at += size, n++) {
    if (n === behind) happens()
    if (guard === null) watch.chunk(whole.subarray(at, at + size))
    else if (flowOf(guard) !== 'cut') shown.push(guard.pass(whole.subarray(at, at + size)))
  }
  const isCut = guard !== null && flowOf(guard) === 'cut'
  if (guard !== null) shown.push(isCut ? guard.cut() : guard.finish())
  return { isCut, answer: Buffer.concat(shown).toString(), record: watch.end('complete') }
}

/** What happened meanwhile may have changed it. */
const flowOf = (guard: DoorGuard): DoorGuard['flow'] => guard.flow

/** The message as the official client puts it together. */
async function accumulate(stream: string): Promise<Anthropic.Message> {
  const fetch = async (): Promise<Response> =>
    new Response(stream, { status: 200, headers: { 'content-type': 'text/event-stream' } })
  const client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: 'http://127.0.0.1:9', fetch, maxRetries: 0 })
  return client.messages
    .stream({ model: MODEL, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] })
    .finalMessage()
}

const { text = '', thinking = '', tools = '' } = sampleStreams
const sides: readonly (readonly [string, Rules])[] = [
  ['that no budget meets', {}],
  ['whose loops nobody looks for', { loops: 'off' }],
  ['under a budget', { limit: '$9' }],
]

describe.each(sides)('a stream %s', (_, rules) => {
  it('ends as a whole message that says why as soon as an operator holds its session', async () => {
    const { engine, begin } = setUp(rules)
    const running = await begin()
    let turns = 0
    if (running.guard !== null) running.guard.onTurn = () => turns++
    const seen = text.slice(0, text.lastIndexOf('event: content_block_delta'))
    const behind = Buffer.byteLength(seen)
    const { isCut, answer, record } = play(running, text, behind, 1, () => engine.heed(heldAs('session:job')))
    expect([isCut, turns]).toEqual([true, 1])
    const { content, stop_reason, usage } = await accumulate(answer)
    expect(stop_reason).toBe('end_turn')
    expect(content).toMatchObject([{ text: expect.stringMatching(/^Blue, /) }, { text: REASON }])
    expect(record).toMatchObject({
      ending: { kind: 'at-least', reason: 'breaker-cut' },
      usage: { parts: [{ output: usage.output_tokens }] },
      refusal: { code: 'runguard_breaker_open', isEnforced: true },
    })
    expect(record.refusal && readRefuser(record.refusal)).toMatchObject({ breaker: 'session:job', state: 'held' })
  })

  it('stays one that can be sent back, wherever it is held and however its bytes come', async () => {
    const names = Object.keys(sampleStreams).filter((name) => !['error event', 'unknown events'].includes(name))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.integer({ min: 1, max: 900 }),
        fc.nat(60),
        async (name, size, behind) => {
          const stream = sampleStreams[name] ?? ''
          const { engine, begin } = setUp(rules)
          const { isCut, answer, record } = play(await begin(), stream, size, behind, () =>
            engine.heed(heldAs('session:job')),
          )
          expect(record.ending.reason).toBe(isCut ? 'breaker-cut' : 'complete')
          if (!isCut) {
            expect(withoutPings(answer)).toBe(withoutPings(stream))
            return
          }
          const { content, stop_reason } = await accumulate(answer)
          expect(stop_reason).toBe('end_turn')
          expect(content.at(-1)).toMatchObject({ type: 'text', text: REASON })
          for (const block of content) expect(isSendable(block, content)).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('goes on if it is released before it could be ended, and is ended by what is held still', async () => {
    const released = stepBreaker(heldAs('session:job'), { kind: 'release', at: 2 })
    const model = `model:${MODEL}`
    for (const isModelHeld of [false, true]) {
      const { engine, begin } = setUp(rules)
      const { isCut, record } = play(await begin(), text, 200, 0, () => {
        engine.heed(heldAs('session:job'))
        if (isModelHeld) engine.heed(heldAs(model))
        engine.heed(released)
      })
      expect([isCut, record.ending.reason]).toEqual([isModelHeld, isModelHeld ? 'breaker-cut' : 'complete'])
      const refuser = record.refusal ? readRefuser(record.refusal) : null
      expect(refuser).toEqual(isModelHeld ? expect.objectContaining({ breaker: model }) : null)
    }
  })

  it('goes on if what is held is none of its own, or is only told of', async () => {
    for (const [key, breaker] of [
      ['session:other', 'enforce'],
      ['session:job', 'observe'],
      ['session:job', 'off'],
    ] as const) {
      const { engine, begin } = setUp({ ...rules, breaker })
      const { isCut, record } = play(await begin(), text, 200, 2, () => engine.heed(heldAs(key)))
      expect([isCut, record.ending.reason, record.refusal]).toEqual([false, 'complete', null])
    }
  })

  it('ends within seconds where another gateway on the store was told', async () => {
    const store = memoryStore()
    const { begin, runtime } = setUp({ ...rules, store })
    const { watch, guard } = await begin()
    guard?.pass(Buffer.from(text.slice(0, text.indexOf('event: content_block_stop'))))
    let isTold = false
    if (guard !== null) guard.onTurn = () => (isTold = true)
    await changeBreaker(store, 'model:claude-sonnet-5-5', HOLD)
    for (let second = 1; second <= 3 && !isTold; second++) {
      runtime.advance(1_000)
      await new Promise(setImmediate)
    }
    expect([isTold, guard?.flow, guard?.cutEnd]).toEqual([true, 'cut', 'breaker-cut'])
    guard?.cut()
    expect(watch.end('complete').ending.reason).toBe('breaker-cut')
  })
})

/** What is held back is bridged by pings. */
const withoutPings = (stream: string): string => stream.replaceAll('event: ping\ndata: {"type":"ping"}\n\n', '')

/** What the API takes when the conversation goes on. */
function isSendable(block: Anthropic.ContentBlock, all: readonly Anthropic.ContentBlock[]): boolean {
  switch (block.type) {
    case 'text':
      return block.text.trim() !== ''
    case 'thinking':
      return block.signature !== ''
    case 'server_tool_use':
      return all.some((other) => 'tool_use_id' in other && other.tool_use_id === block.id)
    default:
      return block.type !== 'tool_use'
  }
}

describe('what runs when an operator holds its session', () => {
  it('ends behind a thought, which is worth nothing by halves', async () => {
    const { engine, begin } = setUp()
    const behind = thinking.indexOf('event: content_block_delta')
    const { answer } = play(await begin(), thinking, behind + 10, 1, () => engine.heed(heldAs('session:job')))
    expect((await accumulate(answer)).content).toMatchObject([{ signature: 'c2lnbmF0dXJl' }, { text: REASON }])
  })

  it('goes on to its end once a tool call of it is shown: half of one would be run, or break the talk', async () => {
    const { engine, begin } = setUp()
    const behind = tools.indexOf('"partial_json"')
    const { answer, record } = play(await begin(), tools, behind, 1, () => engine.heed(heldAs('session:job')))
    expect([answer, record.ending.reason]).toEqual([tools, 'complete'])
  })

  it('goes on to its end where it comes in one piece, or in a coding', async () => {
    const { engine, begin } = setUp()
    const plain = await begin({}, false)
    const coded = await begin({ 'content-encoding': 'gzip' })
    engine.heed(heldAs('session:job'))
    expect([plain.guard, coded.guard]).toEqual([null, null])
    plain.watch.chunk(Buffer.from(JSON.stringify({ model: MODEL, usage: { input_tokens: 1, output_tokens: 1 } })))
    expect(plain.watch.end('complete').ending.reason).toBe('complete')
  })

  it('is no longer looked for when it has ended', async () => {
    const { begin, runtime } = setUp()
    const { watch } = await begin()
    const before = runtime.pending()
    watch.end('caller-aborted')
    runtime.advance(5_000)
    await new Promise(setImmediate)
    runtime.advance(5_000)
    expect(runtime.pending()).toBe(before - 1)
  })
})
