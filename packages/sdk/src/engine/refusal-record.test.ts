import { describe, expect, it } from 'vitest'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { Call } from '../core/body/incoming-call.js'
import { closedBreaker, stepBreaker } from '../core/breaker/breaker.js'
import { readConfig } from '../core/config/config.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { CallRecord } from '../core/cost/record.js'
import { readRefuser } from '../core/refusal/refuser.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleScope } from '../testing/sample-record.js'
import { type EngineConfig, engineDefaults } from './desk.js'
import { createEngine } from './engine.js'
import type { Watch } from './watch.js'

const model = 'claude-opus-5-5'
const book = loadPriceBook(priceList)

interface Setting {
  readonly budgets?: readonly Record<string, unknown>[]
  readonly config?: Partial<EngineConfig>
}

function setUp({ budgets = [], config = {} }: Setting) {
  const reading = readConfig({ budgets: budgets.map((one) => ({ scope: 'everything', window: 'day', ...one })) })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const [runtime, store, records] = [manualRuntime(), memoryStore(), [] as CallRecord[]]
  const engine = createEngine({
    store,
    runtime,
    budgets: reading.config.budgets,
    config: { ...engineDefaults, book, waitForMoneyMs: 0, ...config },
    onRecord: (record) => records.push(record),
  })
  const callOf = (): Call => ({
    method: 'POST',
    endpoint: resolveEndpoint('POST', '/v1/messages'),
    headers: {},
    scope: sampleScope({ team: 'web' }),
    body: Buffer.from(JSON.stringify({ model, max_tokens: 1_000, messages: [] })),
    receivedBytes: 100,
    readAtTick: runtime.tick(),
    problem: null,
  })
  const send = async (): Promise<Watch | null> => {
    const admission = await engine.admit(callOf())
    return admission.kind === 'send' ? admission.watch : null
  }
  return { store, records, send }
}

/** With a thousand tokens of output, which are two cents. */
function answer(watch: Watch | null): void {
  watch?.sent()
  watch?.head(200, { 'content-type': 'application/json' })
  watch?.chunk(Buffer.from(JSON.stringify({ model, usage: { input_tokens: 0, output_tokens: 1_000 } })))
  watch?.end('complete')
}

const refuserOf = ({ refusal }: CallRecord) => (refusal ? readRefuser(refusal) : null)

describe('the record of a refused call', () => {
  it('names the budget with its balance at that moment', async () => {
    const { send, records } = setUp({ budgets: [{ limit: '$0.02' }] })
    answer(await send())
    expect(await send()).toBe(null)
    expect(records.map(({ refusal }) => refusal?.isEnforced ?? null)).toEqual([null, true])
    expect(records.map(refuserOf)[1]).toMatchObject({
      kind: 'budget',
      budget: 'everything/day',
      scope: 'everything',
      window: 'day',
      reason: 'exhausted',
      limit: 20_000_000,
      spent: 20_000_000,
      held: 0,
      resetsAt: Date.UTC(2026, 10, 27),
    })
  })

  it('names the breaker', async () => {
    const { send, store, records } = setUp({})
    await store.changeBreaker(stepBreaker(closedBreaker('team:web'), { kind: 'hold', by: 'Ada', note: null, at: 1 }))
    expect(await send()).toBe(null)
    expect(records.map(refuserOf)).toEqual([expect.objectContaining({ breaker: 'team:web', state: 'held', since: 1 })])
  })
})

describe('the record of a call that would have been refused', () => {
  it('names the budget that only observes', async () => {
    const { send, records } = setUp({
      budgets: [
        { limit: '$0.02', mode: 'observe' },
        { limit: '$9', window: 'week' },
      ],
    })
    answer(await send())
    answer(await send())
    expect(records.map(({ refusal }) => refusal?.isEnforced ?? null)).toEqual([null, false])
    expect(records.map(({ ending }) => ending.kind)).toEqual(['exact', 'exact'])
    expect(records.map(refuserOf)[1]).toMatchObject({ budget: 'everything/day', spent: 20_000_000, held: 0 })
  })

  it('says nothing where it would only have waited for calls that run', async () => {
    const { send, records } = setUp({ budgets: [{ limit: '$0.02', mode: 'observe' }] })
    const running = await send()
    answer(await send())
    answer(running)
    expect(records.map(({ refusal }) => refusal)).toEqual([null, null])
  })

  it('names the breaker where the engine only observes', async () => {
    const { send, store, records } = setUp({ config: { mode: 'observe' } })
    await store.changeBreaker(stepBreaker(closedBreaker('team:web'), { kind: 'hold', by: 'Ada', note: null, at: 1 }))
    answer(await send())
    expect(records).toMatchObject([{ ending: { kind: 'exact' }, refusal: { isEnforced: false } }])
    expect(records.map(refuserOf)).toEqual([expect.objectContaining({ breaker: 'team:web' })])
  })
})
