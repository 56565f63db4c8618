import fc from 'fast-check'
import { expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { memoryStore } from '../store/memory.js'
import type { StoreBatch } from '../store/store.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import type { Admission } from './admission.js'
import { changeBreaker } from './changed-breaker.js'
import { engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import { HOLD_LIFE_MS } from './holding.js'
import type { Watch } from './watch.js'

const MODEL = 'claude-opus-5-5'
const LIMITS = ['$0.03', '$0.05', '$0.2', null]
const KEYS = ['session:0', 'session:1', `model:${MODEL}`]
const soon = () => new Promise<void>((resolve) => setImmediate(resolve))

const key = fc.constantFrom(...KEYS)
const place = fc.nat(9)
const isHere = fc.boolean()
/** What may happen to calls that wait for money, and around them. */
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('ask'),
      session: fc.constantFrom('0', '1', '2'),
      words: fc.constantFrom(10, 2_500, 6_000),
      isStream: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('end'),
      place,
      how: fc.constantFrom('complete', 'upstream-failed', 'caller-aborted'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold'), key, isHere }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release'), key, isHere }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave'), place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('budget'), limit: fc.constantFrom(...LIMITS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail'), times: fc.nat(3), isWritten: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(10, 250, 1_100, 6_000) }) },
)
type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never

function asking(session: '0' | '1'): Happening {
  return { kind: 'ask', session, words: 2_500, isStream: false }
}

function budgetsOf(limit: string | null) {
  const reading = readConfig({ budgets: limit === null ? [] : [{ scope: 'everything', window: 'day', limit }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets
}

function configOf(onStoreFailure: 'refuse' | 'pass') {
  return { ...engineDefaults, book: loadPriceBook(priceList), waitForMoneyMs: 5_000, onStoreFailure }
}

interface Asked {
  isGone: boolean
  isOver: boolean
  admission: Promise<Admission>
}

/** An engine in the middle of it. */
class Storm {
  readonly runtime = manualRuntime()
  readonly store = memoryStore()
  readonly records: CallRecord[] = []
  readonly asked: Asked[] = []
  readonly running: Watch[] = []
  readonly engine
  private fails = { times: 0, isWritten: false }
  private isKilled = false

  /** @param isSlow much happens between what the store does and its answer */
  constructor(onStoreFailure: 'refuse' | 'pass', isSlow: boolean) {
    const { store: shared, runtime } = this
    const post = async (batch: StoreBatch) => {
      if (this.isKilled) return await new Promise<never>(() => {})
      const { times, isWritten } = this.fails
      if (times > 0) this.fails = { times: times - 1, isWritten }
      const results = times === 0 || isWritten ? await shared.post(batch) : []
      if (isSlow) await soon()
      if (times > 0) throw new Error('the store is away')
      return results
    }
    const onRecord = (record: CallRecord): void => void this.records.push(record)
    const config = configOf(onStoreFailure)
    const store = { ...shared, post }
    this.engine = createEngine({ config, store, runtime, budgets: budgetsOf('$0.05'), onRecord })
  }

  /** From now on nothing of it reaches the store. */
  kill(): void {
    this.isKilled = true
  }

  async happen(event: Happening): Promise<void> {
    if (event.kind === 'ask') this.ask(event.session, event.words, event.isStream)
    else if (event.kind === 'end') this.endOne(event.place, event.how)
    else if (event.kind === 'hold') await this.change(event.key, true, event.isHere)
    else if (event.kind === 'release') await this.change(event.key, false, event.isHere)
    else if (event.kind === 'budget') this.engine.setBudgets(budgetsOf(event.limit))
    else if (event.kind === 'fail') this.fails = event
    else if (event.kind === 'pass') this.runtime.advance(event.ms)
    else {
      const call = this.asked[event.place]
      if (call !== undefined) call.isGone = true
    }
  }

  private ask(session: string, words: number, isStream: boolean): void {
    const messages = [{ role: 'user', content: 'a'.repeat(words) }]
    const body = Buffer.from(JSON.stringify({ model: MODEL, max_tokens: 1_000, stream: isStream, messages }))
    const request = { body, receivedBytes: body.length, readAtTick: this.runtime.tick(), problem: null }
    const endpoint = resolveEndpoint('POST', '/v1/messages')
    const headers = { 'x-runguard-session': session }
    const isGone = (): boolean => call.isGone
    const admission = this.engine.admit({ method: 'POST', endpoint, headers, isGone, ...request })
    const call: Asked = { isGone: false, isOver: false, admission }
    this.asked.push(call)
    void admission.then((answer) => {
      call.isOver = true
      if (answer.kind === 'send') this.running.push(answer.watch)
    })
  }

  private endOne(at: number, how: 'complete' | 'upstream-failed' | 'caller-aborted'): void {
    const [watch] = this.running.splice(at % Math.max(1, this.running.length), 1)
    if (watch === undefined) return
    // One that is left before it goes out costs nothing.
    if (how === 'caller-aborted') return void watch.end(how)
    watch.sent()
    watch.head(200, { 'content-type': 'application/json' })
    if (how === 'complete') {
      watch.chunk(Buffer.from(`{"model":"${MODEL}","usage":{"input_tokens":2000,"output_tokens":300}}`))
    }
    watch.end(how)
  }

  private async change(breaker: string, isHeld: boolean, isHere: boolean): Promise<void> {
    const by = { by: 'Ada', note: null, at: this.runtime.now() }
    const event = isHeld ? { kind: 'hold' as const, ...by } : { kind: 'release' as const, ...by }
    const changed = await changeBreaker(this.store, breaker, event)
    if (isHere) this.engine.heed(changed.breaker)
  }

  /** Until nobody waits any more. */
  async calm(): Promise<void> {
    this.fails = { times: 0, isWritten: false }
    for (let looks = 0; looks < 60 && !this.asked.every(({ isOver }) => isOver); looks++) await this.tick(250)
    expect(this.asked.every(({ isOver }) => isOver)).toBe(true)
    while (this.running.length > 0) this.endOne(0, 'upstream-failed')
  }

  async tick(ms: number): Promise<void> {
    this.runtime.advance(ms)
    for (let turns = 0; turns < 3; turns++) await soon()
  }

  async close(): Promise<void> {
    let isOver = false
    const closing = this.engine.close().finally(() => {
      isOver = true
    })
    while (!isOver) await this.tick(500)
    await closing
  }

  /** What the records say was spent where a budget was met. */
  spentNano(): number {
    return this.records.reduce((sum, { hold, cost }) => sum + (hold === null ? 0 : cost.nano), 0)
  }
}

const failing = fc.constantFrom('refuse' as const, 'pass' as const)
/** With so many turns of the event loop behind each. It begins with one call that runs, and one that waits. */
const story = fc
  .array(fc.tuple(happening, fc.nat(3)), { minLength: 3, maxLength: 25 })
  .map((rest): [Happening, number][] => [[asking('0'), 3], [asking('1'), 3], ...rest])

it('calls that wait while all changes around them end once, and neither keep money nor spend it twice', async () => {
  await fc.assert(
    fc.asyncProperty(story, failing, fc.boolean(), async (events, onStoreFailure, isSlow) => {
      const storm = new Storm(onStoreFailure, isSlow)
      for (const [event, turns] of events) {
        await storm.happen(event)
        for (let turn = 0; turn < turns; turn++) await soon()
      }
      await storm.calm()
      await storm.close()
      expect(storm.records).toHaveLength(storm.asked.length)
      expect(await storm.store.openHolds({ limit: 100 })).toEqual([])
      const balances = await storm.store.balances({})
      expect(balances.map(({ held }) => held)).toEqual(balances.map(() => 0))
      expect(balances.reduce((sum, { spent }) => sum + spent, 0)).toBe(storm.spentNano())
    }),
    { numRuns: 150 },
  )
})

it('calls of a process that was killed meanwhile keep no money either, and spend no more than they had set aside', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.boolean(), async (events, isSlow) => {
      const storm = new Storm('refuse', isSlow)
      for (const [event, turns] of events) {
        if (event.kind !== 'fail') await storm.happen(event)
        for (let turn = 0; turn < turns; turn++) await soon()
      }
      storm.kill()
      const { store } = storm
      const open = await store.openHolds({ limit: 100 })
      const before = await store.balances({})
      const runtime = { ...manualRuntime(storm.runtime.now() + 2 * HOLD_LIFE_MS), id: () => 'rg_heir' }
      const engine = createEngine({ config: configOf('refuse'), store, runtime, budgets: budgetsOf('$0.05') })
      await engine.keep()
      await engine.close()
      const sum = (nanos: readonly number[]): number => nanos.reduce((total, nano) => total + nano, 0)
      const balances = await store.balances({})
      expect(await store.openHolds({ limit: 100 })).toEqual([])
      expect(balances.map(({ held }) => held)).toEqual(balances.map(() => 0))
      const most = sum(before.map(({ spent }) => spent)) + sum(open.map(({ amount }) => amount))
      expect(sum(balances.map(({ spent }) => spent))).toBeLessThanOrEqual(most)
    }),
    { numRuns: 60 },
  )
})
