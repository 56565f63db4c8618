import { describe, expect, it } from 'vitest'
import { type Breaker, type BreakerEvent, breakerKey, closedBreaker, stepBreaker } from '../core/breaker/breaker.js'
import { type BreakerPolicy, defaultBreakerPolicy } from '../core/breaker/breaker-meter.js'
import { readRetryAt } from '../core/breaker/breaker-upstream.js'
import { nanoUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Refusal } from '../core/refusal/errors.js'
import { enforcedRefusal, type Objection } from '../core/refusal/objection.js'
import { memoryStore } from '../store/memory.js'
import type { SessionStore } from '../store/session-store.js'
import { type ManualRuntime, manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord, sampleScope } from '../testing/sample-record.js'
import { type BreakerCall, type Breakers, openBreakers } from './breakers.js'

const model = 'claude-opus-5-5'
const scope = sampleScope({ session: 's' })
const KEY = breakerKey('model', model)
const cent = nanoUsd(10_000_000)

/** Opens at more than five cents a minute for a model, at half of four calls failing, at two loop stops of a session. */
const policy: BreakerPolicy = {
  mode: 'enforce',
  coolDownMs: 60_000,
  limits: {
    ...defaultBreakerPolicy.limits,
    session: { spendPerMinute: null, errors: null, loopStops: 2 },
    model: { spendPerMinute: nanoUsd(5 * cent), errors: { share: 0.5, calls: 4 }, loopStops: null },
  },
}

interface Gateway {
  readonly breakers: Breakers
  readonly runtime: ManualRuntime
  readonly opened: readonly Breaker[]
  /** What stands against the call, also where that is only told. */
  object(call?: Partial<BreakerCall>): Promise<Objection | null>
  ask(call?: Partial<BreakerCall>): Promise<Refusal | null>
  end(changes?: Partial<CallRecord>): Promise<void>
}

function openGateway(store: SessionStore, changes: Partial<BreakerPolicy> = {}, runtime = manualRuntime()): Gateway {
  const opened: Breaker[] = []
  const parts = { store, runtime, policy: { ...policy, ...changes } }
  const breakers = openBreakers(parts, (breaker) => opened.push(breaker))
  const object: Gateway['object'] = async (call = {}) =>
    await breakers.admit({ id: runtime.id(), scope, model, isFromPerson: false, ...call })
  return {
    breakers,
    runtime,
    opened,
    object,
    ask: async (call) => enforcedRefusal(await object(call)),
    end: async (record = {}) => {
      breakers.ended(sampleRecord({ scope, cost: { ...sampleRecord().cost, nano: cent }, ...record }))
      await settled()
    },
  }
}

/** Lets what was begun and is not waited for come to its end. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const unpaid = { ...sampleRecord().cost, nano: nanoUsd(0) }
const failed = { status: 529, ending: { kind: 'not-billed', reason: 'error-status' }, cost: unpaid } as const

async function openBySpending(gateway: Gateway): Promise<void> {
  for (let calls = 0; calls < 6; calls++) await gateway.end()
}

async function change(store: SessionStore, key: string, event: BreakerEvent): Promise<void> {
  const [before = closedBreaker(key)] = await store.readBreakers([key])
  expect(await store.changeBreaker(stepBreaker(before, event))).toBe(true)
}

/** A store that can go away and come back. */
function unsteadyStore(): { readonly store: SessionStore; setAway(isAway: boolean): void } {
  const inner = memoryStore()
  let isAway = false
  const orGone = <Result>(work: () => Promise<Result>): Promise<Result> =>
    isAway ? Promise.reject(new Error('the store is away')) : work()
  const store: SessionStore = {
    ...inner,
    readBreakers: (keys) => orGone(() => inner.readBreakers(keys)),
    changeBreaker: (breaker) => orGone(() => inner.changeBreaker(breaker)),
  }
  const setAway = (value: boolean): void => {
    isAway = value
  }
  return { store, setAway }
}

describe('a model that spends too fast', () => {
  it('is stopped for a minute, with the reason and when to come again, while others go on', async () => {
    const gateway = openGateway(memoryStore())
    await openBySpending(gateway)
    const refusal = await gateway.ask()
    expect(refusal).toMatchObject({
      code: 'runguard_breaker_open',
      retryAfterSec: 60,
      message: expect.stringMatching(/stopped model "claude-opus-5-5": \$0\.06\S* were spent in a minute/),
      details: { breaker: KEY, reason: 'spend_rate', spent_usd: '0.06', limit_usd: '0.05' },
    })
    expect(await gateway.ask({ model: 'claude-haiku-5-5' })).toBeNull()
    expect(gateway.opened.map(({ key, state }) => [key, state.kind])).toEqual([[KEY, 'open']])
  })

  it('lets exactly one of fifty calls try afterwards, through whichever gateway, and goes on when that went well', async () => {
    const store = memoryStore()
    const runtime = manualRuntime()
    const gateways = [openGateway(store, {}, runtime), openGateway(store, {}, runtime)] as const
    await openBySpending(gateways[0])
    expect(await gateways[1].ask()).toMatchObject({ retryAfterSec: 60 })
    runtime.advance(60_000)
    const ids = Array.from({ length: 50 }, (_, index) => `call-${index}`)
    const answers = await Promise.all(ids.map(async (id, index) => gateways[index % 2 === 0 ? 0 : 1].ask({ id })))
    expect(answers.filter((refusal) => refusal === null)).toHaveLength(1)
    expect(answers.find((refusal) => refusal !== null)).toMatchObject({
      retryAfterSec: 10,
      details: { state: 'half-open' },
    })

    const probe = ids[answers.indexOf(null)] ?? ''
    for (const gateway of gateways) await gateway.end({ id: probe })
    runtime.advance(2_001)
    expect(await Promise.all(gateways.map((gateway) => gateway.ask()))).toEqual([null, null])
  })

  it('stays stopped twice as long when the call that tried failed', async () => {
    const gateway = openGateway(memoryStore())
    await openBySpending(gateway)
    gateway.runtime.advance(60_000)
    expect(await gateway.ask({ id: 'probe' })).toBeNull()
    await gateway.end({ id: 'probe', ...failed })
    expect(await gateway.ask()).toMatchObject({ retryAfterSec: 120 })
  })

  it('does not wait for a call that was let try and then refused by a budget', async () => {
    const gateway = openGateway(memoryStore())
    await openBySpending(gateway)
    gateway.runtime.advance(60_000)
    expect(await gateway.ask({ id: 'poor' })).toBeNull()
    await gateway.end({ id: 'poor', status: null, ending: { kind: 'not-billed', reason: 'refused' } })
    expect(await gateway.ask({ id: 'next' })).toBeNull()
    expect(await gateway.ask({ id: 'third' })).toMatchObject({ details: { state: 'half-open' } })
  })

  it('is only told of in observe', async () => {
    const gateway = openGateway(memoryStore(), { mode: 'observe' })
    await openBySpending(gateway)
    expect(gateway.opened).toHaveLength(1)
    expect(await gateway.ask()).toBeNull()
    expect(await gateway.object()).toMatchObject({ isEnforced: false, refusal: { details: { breaker: KEY } } })
  })
})

describe('what the API says', () => {
  const limit = { ...failed, status: 429, errorCode: 'enforced_spend_limit_reached' }

  it('opens the breaker of whoever pays, as far as that is known, when a spend limit is reached', async () => {
    const gateway = openGateway(memoryStore())
    const alone = { ...limit, scope: sampleScope() }
    await gateway.end({ ...limit, scope: sampleScope({ session: 's', key: 'k' }) })
    await gateway.end(limit)
    await gateway.end(alone)
    await gateway.end({ ...alone, scope: sampleScope({ user: 'ada' }), requestedModel: 'claude-haiku-5-5' })
    expect(gateway.opened.map(({ key }) => key)).toEqual(['key:k', 'session:s', KEY])
    expect(await gateway.ask()).toMatchObject({ details: { upstream_code: 'enforced_spend_limit_reached' } })
  })

  it('opens that of the model when calls fail, and none when they are throttled', async () => {
    const throttled = openGateway(memoryStore())
    for (let calls = 0; calls < 8; calls++) {
      await throttled.end({ ...failed, status: 429, errorCode: 'rate_limit_error' })
    }
    expect(await throttled.ask()).toBeNull()
    const failing = openGateway(memoryStore())
    for (let calls = 0; calls < 4; calls++) await failing.end(failed)
    expect(await failing.ask()).toMatchObject({ details: { reason: 'error_rate', errors: 4, calls: 4 } })
  })
})

describe('a session whose agents are stopped for loops again and again', () => {
  it('is stopped as a whole until a person writes', async () => {
    const gateway = openGateway(memoryStore())
    for (let stops = 0; stops < 2; stops++) gateway.breakers.loopStopped({ scope, model })
    await settled()
    expect(await gateway.ask()).toMatchObject({ retryAfterSec: null, details: { breaker: 'session:s', stops: 2 } })
    expect(await gateway.ask({ scope: sampleScope({ session: 'other' }) })).toBeNull()
    expect(await gateway.ask({ isFromPerson: true })).toBeNull()
    await settled()
    expect(await gateway.ask()).toBeNull()
  })
})

describe('an operator', () => {
  it('holds what no person and no time opens, and releases it', async () => {
    const store = memoryStore()
    const gateway = openGateway(store)
    expect(await gateway.ask()).toBeNull()
    await change(store, KEY, { kind: 'hold', by: 'anna', note: 'audit', at: 1 })
    gateway.runtime.advance(2_001)
    await gateway.ask()
    await settled()
    for (const isFromPerson of [true, false]) {
      expect(await gateway.ask({ isFromPerson })).toMatchObject({
        retryAfterSec: null,
        message: expect.stringContaining('held by anna, "audit"'),
      })
    }
    gateway.runtime.advance(86_400_000)
    expect(await gateway.ask()).not.toBeNull()
    await change(store, KEY, { kind: 'release', at: 2 })
    gateway.runtime.advance(2_001)
    expect(await gateway.ask()).toBeNull()
  })
})

describe('gateways that share a store count together', () => {
  /** Two that do not share a clock's ids, as no two processes do. */
  function openTwo(changes: Partial<BreakerPolicy> = {}) {
    const store = memoryStore()
    const [first, second] = [openGateway(store, changes), openGateway(store, changes)]
    for (let ids = 0; ids < 100; ids++) second.runtime.id()
    const pass = async (ms: number): Promise<void> => {
      for (const { runtime } of [first, second]) runtime.advance(ms)
      await settled()
    }
    return { first, second, pass }
  }

  it('and open where each alone spends less, and both together more than allowed', async () => {
    const { first, second, pass } = openTwo()
    for (let calls = 0; calls < 3; calls++) await first.end()
    for (let calls = 0; calls < 3; calls++) await second.end()
    expect(await first.ask()).toBeNull()
    await pass(2_500)
    await Promise.all([first.ask(), second.ask()])
    await settled()
    expect(await first.ask()).toMatchObject({ details: { reason: 'spend_rate', spent_usd: '0.06' } })
    await pass(2_500)
    await second.ask()
    expect(await second.ask()).toMatchObject({ details: { reason: 'spend_rate' } })
    expect([...first.opened, ...second.opened].length).toBe(1)
  })

  it('and stay closed where both together spend no more than allowed, or not in one minute', async () => {
    const { first, second, pass } = openTwo()
    for (let calls = 0; calls < 3; calls++) await first.end()
    for (let calls = 0; calls < 2; calls++) await second.end()
    await pass(70_000)
    for (let calls = 0; calls < 3; calls++) await second.end()
    await pass(2_500)
    await Promise.all([first.ask(), second.ask()])
    await settled()
    expect([await first.ask(), await second.ask(), first.opened, second.opened]).toEqual([null, null, [], []])
  })

  it('and do not open again for what opened it before', async () => {
    const { first, second, pass } = openTwo()
    for (let calls = 0; calls < 3; calls++) await first.end()
    for (let calls = 0; calls < 3; calls++) await second.end()
    await pass(2_500)
    await Promise.all([first.ask(), second.ask()])
    await settled()
    await pass(60_000)
    const probe = (await first.ask({ id: 'probe' })) === null ? first : second
    await probe.end({ id: 'probe' })
    await pass(2_500)
    for (const gateway of [first, second]) {
      await gateway.ask()
      await settled()
      expect(await gateway.ask()).toBeNull()
    }
  })
})

describe('a gateway whose clock is ahead', () => {
  it('opens no breaker again and again for what it counted once', async () => {
    const store = memoryStore()
    const ahead = manualRuntime()
    ahead.advance(3_600_000)
    const [here, there] = [openGateway(store), openGateway(store, {}, ahead)]
    for (let ids = 0; ids < 100; ids++) ahead.id()
    for (let calls = 0; calls < 5; calls++) await there.end()
    ahead.advance(1_000)
    await settled()
    await here.end()
    for (let minutes = 0; minutes < 4; minutes++) {
      await here.ask()
      await settled()
      here.runtime.advance(70_000)
      await here.ask({ id: `probe-${minutes}` })
      await here.end({ id: `probe-${minutes}` })
    }
    expect(here.opened).toEqual([])
  })
})

describe('a clock that is set back', () => {
  it('makes no minute of the hour that comes twice', async () => {
    let backMs = 0
    const steady = manualRuntime()
    const runtime: ManualRuntime = { ...steady, now: () => steady.now() - backMs }
    const gateway = openGateway(memoryStore(), {}, runtime)
    await gateway.end()
    backMs = 3_600_000
    for (let minutes = 0; minutes < 20; minutes++) {
      await gateway.end()
      runtime.advance(60_000)
    }
    expect(gateway.opened).toEqual([])
  })
})

describe('the word of the API', () => {
  it('on when to try again is heeded, where its own spend limit is reached', () => {
    expect(readRetryAt('120', 1_000)).toBe(121_000)
    expect(readRetryAt('Thu, 01 Jan 1970 00:10:00 GMT', 1_000)).toBe(600_000)
    expect(readRetryAt('999999999', 0)).toBe(86_400_000)
    for (const odd of [undefined, '', '-5', 'soon', '0', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
      expect(readRetryAt(odd, 1_000)).toBeNull()
    }
  })

  it('keeps a breaker open for longer than its cool-down', async () => {
    const gateway = openGateway(memoryStore())
    const limited = { ...failed, status: 429, errorCode: 'ramp_limit_exceeded' }
    gateway.breakers.ended(sampleRecord({ scope, ...limited }), gateway.runtime.now() + 900_000)
    await settled()
    expect(await gateway.ask()).toMatchObject({ retryAfterSec: 900 })
  })
})

describe('a store that is away', () => {
  it('opens nothing, and stops nothing that is due to try again', async () => {
    const { store, setAway } = unsteadyStore()
    const gateway = openGateway(store)
    setAway(true)
    await openBySpending(gateway)
    expect([await gateway.ask(), gateway.opened]).toEqual([null, []])
    setAway(false)
    await openBySpending(gateway)
    setAway(true)
    expect(await gateway.ask()).toMatchObject({ retryAfterSec: 60 })
    gateway.runtime.advance(60_000)
    expect([await gateway.ask(), await gateway.ask()]).toEqual([null, null])
    setAway(false)
    gateway.runtime.advance(2_001)
    expect([await gateway.ask(), await gateway.ask()]).toEqual([null, expect.objectContaining({ retryAfterSec: 10 })])
  })

  it('may have forgotten a breaker that was closed long ago: it is closed, and opens again', async () => {
    const store = memoryStore()
    const gateway = openGateway(store)
    await openBySpending(gateway)
    await change(store, KEY, { kind: 'release', at: 1 })
    await store.forgetSessions(Number.MAX_SAFE_INTEGER)
    gateway.runtime.advance(3_600_000)
    expect(await gateway.ask()).toBeNull()
    await openBySpending(gateway)
    expect(await gateway.ask()).toMatchObject({ details: { breaker: KEY } })
  })
})

describe('a person who holds a breaker elsewhere', () => {
  const held = stepBreaker(closedBreaker(KEY), { kind: 'hold', by: 'Ada', note: null, at: 0 })

  it('is heard at once by the gateway that is told', async () => {
    const store = memoryStore()
    const gateway = openGateway(store)
    expect(await gateway.ask()).toBe(null)
    expect(await store.changeBreaker(held)).toBe(true)
    expect(await gateway.ask()).toBe(null)
    gateway.breakers.heed(held)
    expect(await gateway.ask()).not.toBe(null)
  })

  it('is not unheard by what was known before', async () => {
    const gateway = openGateway(memoryStore())
    gateway.breakers.heed(held)
    gateway.breakers.heed(closedBreaker(KEY))
    expect(await gateway.ask()).not.toBe(null)
  })

  it('stops also the first call after a pause, at a gateway that nobody tells', async () => {
    const store = memoryStore()
    const gateway = openGateway(store)
    expect(await gateway.ask()).toBe(null)
    await store.changeBreaker(held)
    await gateway.runtime.advance(60_000)
    expect(await gateway.ask()).not.toBe(null)
  })
})
