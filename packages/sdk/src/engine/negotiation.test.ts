import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { Call } from '../core/body/incoming-call.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import type { Store } from '../store/store.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import type { Admission } from './admission.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import type { Watch } from './watch.js'

const book = loadPriceBook(priceList)
const soon = () => new Promise<void>((resolve) => setImmediate(resolve))
/** Then a stream that is paid has no guard. */
const NOBODY_WATCHES = {
  loops: { ...engineDefaults.loops, mode: 'off' },
  breaker: { ...engineDefaults.breaker, mode: 'off' },
} as const

/** An engine whose calls are counted by `counts`, one answer after the other. Opus 5.5: $4 in, $20 out per million. */
function setUp(
  limit: string,
  { waitForMoneyMs = 0, counts = [] as (number | null)[], isCountHanging = false, isGoneBroken = false } = {},
) {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'day', limit }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const runtime = manualRuntime()
  const records: CallRecord[] = []
  const engine = createEngine({
    store: memoryStore(),
    runtime,
    budgets: reading.config.budgets,
    config: { ...engineDefaults, ...NOBODY_WATCHES, book, waitForMoneyMs },
    onRecord: (record) => records.push(record),
  })
  const asked: number[] = []
  let isGone = false
  const admit = (promptBytes: number, request: object = {}): Promise<Admission> => {
    const messages = [{ role: 'user', content: 'a'.repeat(promptBytes) }]
    const body = { model: 'claude-opus-5-5', max_tokens: 1_000, messages, ...request }
    const call: Call = {
      method: 'POST',
      endpoint: resolveEndpoint('POST', '/v1/messages'),
      headers: {},
      body: Buffer.from(JSON.stringify(body)),
      receivedBytes: 100,
      readAtTick: runtime.tick(),
      problem: null,
      isGone: () => {
        if (isGoneBroken) throw new Error('the socket is gone')
        return isGone
      },
      countInput: async () => {
        asked.push(promptBytes)
        if (isCountHanging) await new Promise(() => {})
        return counts.shift() ?? null
      },
    }
    return engine.admit(call)
  }
  const send = async (promptBytes: number, request?: object): Promise<Watch> => {
    const admission = await admit(promptBytes, request)
    if (admission.kind !== 'send') throw new Error(admission.refusal.message)
    admission.watch.sent()
    return admission.watch
  }
  const leave = (): void => {
    isGone = true
  }
  return { engine, runtime, records, asked, admit, send, leave }
}

/** Ends a call with such an answer, and waits until the ledger has heard of it. */
function answer(watch: Watch, outputTokens: number): void {
  const usage = { input_tokens: 0, output_tokens: outputTokens }
  watch.head(200, { 'content-type': 'application/json' })
  watch.chunk(Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', usage })))
  watch.end('complete')
}

describe('a prompt whose bytes are more than its budget pays', () => {
  // 10,000 bytes may be as many tokens: $0.04. They are 2,500: $0.01.
  it.each([true, false])('is counted before it is refused, and sent if it fits (a stream: %s)', async (stream) => {
    const { admit, asked } = setUp('$0.03', { counts: [2_500] })
    expect(await admit(10_000, { stream })).toMatchObject({ kind: 'send' })
    expect(asked).toHaveLength(1)
  })

  it('is not counted where it fits anyway', async () => {
    const { admit, asked } = setUp('$1', { counts: [2_500] })
    expect((await admit(10_000)).kind).toBe('send')
    expect(asked).toEqual([])
  })

  it.each([null, -1, 0.5, Number.NaN, 20_000])('is refused where the API counts %d', async (count) => {
    const { admit, asked } = setUp('$0.03', { counts: [count] })
    expect(await admit(10_000)).toMatchObject({ kind: 'refuse', refusal: { code: 'runguard_budget_exceeded' } })
    expect(asked).toHaveLength(1)
  })

  it('is watched while it streams although all of it is paid: a count may be too low', async () => {
    const guardOf = async (limit: string, counts: number[]) => {
      const { send } = setUp(limit, { counts })
      return (await send(10_000, { stream: true, max_tokens: 200 })).head(200, { 'content-type': 'text/event-stream' })
    }
    expect(await guardOf('$0.03', [2_500])).not.toBeNull()
    expect(await guardOf('$1', [])).toBeNull()
  })

  it('keeps a margin, because the API calls its count an estimate', async () => {
    const { admit } = setUp('$0.03', { counts: [2_500] })
    const admission = await admit(10_000, { max_tokens: 100_000 })
    if (admission.kind !== 'send' || admission.body === null) throw new Error('sent as it was')
    const { max_tokens: maxTokens } = JSON.parse(Buffer.from(admission.body).toString())
    expect(2_500 * 4_000 + maxTokens * 20_000).toBeLessThan(30_000_000 - 25 * 4_000)
  })

  it('is not counted for a budget that could not pay it if it cost nothing: nobody can make us ask without end', async () => {
    const { admit, asked } = setUp('$0.0001', { counts: [1] })
    for (let n = 0; n < 5; n++) expect((await admit(10_000)).kind).toBe('refuse')
    expect(asked).toEqual([])
  })

  it.each([
    ['is kept elsewhere in part', { container: 'c_1' }],
    ['may be read by another model', { fallbacks: [{ model: 'claude-sonnet-5-5' }] }],
    ['grows while the API runs tools', { tools: [{ type: 'web_search_20260209', name: 'web_search' }] }],
  ])('is not counted where it %s', async (_, request) => {
    const { admit, asked } = setUp('$0.03', { counts: [1] })
    expect((await admit(10_000, request)).kind).toBe('refuse')
    expect(asked).toEqual([])
  })

  it('is refused in its own words where RunGuard itself fails: the ledger is there', async () => {
    const { admit } = setUp('$0.03', { isGoneBroken: true })
    const { refusal } = (await admit(10)) as Extract<Admission, { kind: 'refuse' }>
    expect(refusal.message).toContain('a mistake in RunGuard')
    expect(refusal.message).not.toContain('ledger')
  })

  it('keeps nobody who has gone, however long the count takes', async () => {
    const { admit, runtime, leave } = setUp('$0.03', { isCountHanging: true })
    const waiting = admit(10_000)
    await soon()
    leave()
    runtime.advance(250)
    expect(await waiting).toMatchObject({ kind: 'refuse', refusal: { code: 'runguard_caller_gone' } })
  })

  it('is counted once, however long it waits', async () => {
    const { admit, send, runtime, asked } = setUp('$0.05', { waitForMoneyMs: 5_000, counts: [null, 1] })
    await send(10)
    await send(10)
    const waiting = admit(9_000)
    for (let n = 0; n < 30; n++) {
      await soon()
      runtime.advance(250)
    }
    expect((await waiting).kind).toBe('refuse')
    expect(asked).toEqual([9_000])
  })
})

describe('the last money of a budget', () => {
  it.each([true, false])('is used for an answer that it pays whole (a stream: %s)', async (stream) => {
    const { admit, engine } = setUp('$0.003')
    const admission = await admit(10, { stream, max_tokens: 32_000 })
    if (admission.kind !== 'send' || admission.body === null) throw new Error('sent as it was')
    const { max_tokens: maxTokens } = JSON.parse(Buffer.from(admission.body).toString())
    expect(maxTokens).toBeGreaterThan(100)
    expect(maxTokens).toBeLessThan(150)
    // Nothing of such a stream has to be watched or held back: all of it is paid.
    admission.watch.sent()
    expect(admission.watch.head(200, { 'content-type': 'text/event-stream' })).toBeNull()
    admission.watch.end('caller-aborted')
    await engine.flush()
  })

  it('is not spent on an answer that nobody could read', async () => {
    const { admit } = setUp('$0.0008')
    const refused = await admit(10, { stream: true })
    expect(refused).toMatchObject({ kind: 'refuse', refusal: { details: { reason: 'request_too_large' } } })
  })

  it('is named in a refusal that does not contradict itself', async () => {
    const { admit } = setUp('$0.0412')
    const admissions = []
    for (let n = 0; n < 10; n++) admissions.push(await admit(10))
    const refused = admissions.find(({ kind }) => kind === 'refuse')
    if (refused?.kind !== 'refuse') throw new Error('all sent')
    const { limit_usd, spent_usd, held_usd, needed_usd, reason } = refused.refusal.details ?? {}
    expect(reason).toBe('in_flight')
    expect(Number(limit_usd) - Number(spent_usd) - Number(held_usd)).toBeLessThan(Number(needed_usd))
  })
})

describe('calls that wait for the same money', () => {
  it('get it in the order in which they came, once the first has waited for long', async () => {
    const { admit, send, runtime, engine } = setUp('$0.05', { waitForMoneyMs: 30_000 })
    const [first, second] = [await send(10), await send(10)]
    const served: string[] = []
    const wait = (name: string, request: object) =>
      admit(10, request).then((admission) => {
        served.push(name)
        return admission
      })
    const large = wait('large', { thinking: { type: 'enabled', budget_tokens: 1_000 }, max_tokens: 1_600 })
    for (let n = 0; n < 50; n++) {
      await soon()
      runtime.advance(250)
    }
    const small = wait('small', {})
    await soon()
    answer(first, 10)
    answer(second, 10)
    await engine.flush()
    for (let n = 0; n < 10; n++) {
      await soon()
      runtime.advance(250)
    }
    await Promise.all([large, small])
    expect(served).toEqual(['large', 'small'])
  })

  it('ask the ledger together', async () => {
    const reading = readConfig({ budgets: [{ scope: 'everything', window: 'day', limit: '$0.0208' }] })
    if (reading.kind === 'problems') throw new Error('unreadable')
    const store = memoryStore()
    let looks = 0
    const balances: Store['balances'] = (query) => {
      looks += 1
      return store.balances(query)
    }
    const counted = { ...store, balances }
    const runtime = manualRuntime()
    const config = { ...engineDefaults, book, waitForMoneyMs: 30_000 }
    const engine = createEngine({ store: counted, runtime, config, budgets: reading.config.budgets })
    const body = Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 1_000, messages: [] }))
    const endpoint = resolveEndpoint('POST', '/v1/messages')
    const call: Call = { method: 'POST', endpoint, headers: {}, body, receivedBytes: 9, readAtTick: 0, problem: null }
    const first = await engine.admit(call)
    const waiting = Array.from({ length: 20 }, () => engine.admit(call))
    for (let n = 0; n < 3; n++) await soon()
    const before = looks
    runtime.advance(250)
    for (let n = 0; n < 3; n++) await soon()
    expect(looks - before).toBeLessThanOrEqual(2)
    expect(first.kind).toBe('send')
    runtime.advance(60_000)
    for (let n = 0; n < 10; n++) await soon()
    expect((await Promise.all(waiting)).every(({ kind }) => kind === 'refuse')).toBe(true)
  })
})

it('what a call gave back counts at once, although it is not written yet', async () => {
  const { send, admit } = setUp('$0.0201')
  answer(await send(10), 10)
  expect((await admit(10)).kind).toBe('send')
})

describe('a call that waits for much', () => {
  it('does not make those wait that need little, however often it is tried again', async () => {
    const { admit, send, runtime } = setUp('$1', { waitForMoneyMs: 3_000 })
    await send(10_000, { max_tokens: 8_000 })
    let refusals = 0
    const insist = async (): Promise<void> => {
      while (refusals < 8) if ((await admit(230_000, { max_tokens: 300 })).kind === 'refuse') refusals += 1
    }
    let waiting = 0
    for (let n = 0; n < 36; n++) {
      if (n % 4 === 0 && n < 12) void insist()
      runtime.advance(250)
      for (let turns = 0; turns < 5; turns++) await soon()
      waiting += 1
      void send(10, { max_tokens: 10 }).then((watch) => {
        answer(watch, 0)
        waiting -= 1
      })
      for (let turns = 0; turns < 5; turns++) await soon()
      expect(waiting).toBe(0)
    }
    expect(refusals).toBeGreaterThan(5)
  })
})
