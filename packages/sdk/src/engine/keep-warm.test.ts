import { describe, expect, it } from 'vitest'
import { MOST_PINGS } from '../core/cache/caching.js'
import { nanoUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { type KeepWarm, openKeepWarm, type WarmPrompt } from './keep-warm.js'

const MINUTE = 60_000
const TOKENS = 100_000
/** A dollar for a million tokens: reading the prompt costs a cent, and writing all of it at most twenty. */
const rates = { input: 1e6, read: 1e5, write5m: 1.25e6, write1h: 2e6 }
const MOST_NANO = 200_000_000

type Told = Pick<CallRecord, 'status' | 'ending' | 'usage' | 'cost'>

/** What a ping was answered. */
function answered(status: number, read: number): CallRecord {
  const part = { kind: 'message', model: 'm', input: 10, write5m: 0, write1h: 0, read, output: 0 } as const
  const told: Told = {
    status,
    ending: status === 200 ? { kind: 'exact', reason: 'complete' } : { kind: 'not-billed', reason: 'error-status' },
    usage: status === 200 ? { parts: [part], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' } : null,
    cost: { nano: nanoUsd(read * 100), lines: [], basis: null, isEstimated: false, priceVersion: 'test' },
  }
  return told as CallRecord
}

/** Pauses in a time of their own; pings are answered when the test says so. */
function openPauses(maxPerSession: number, maxPings = MOST_PINGS) {
  const runtime = manualRuntime(0)
  const pings: { readonly prompt: WarmPrompt; answer(record: CallRecord | null): Promise<void> }[] = []
  const keepWarm = openKeepWarm({
    runtime,
    policy: { maxPerSession: nanoUsd(maxPerSession), maxPings },
    ping: (prompt, stop) =>
      new Promise((resolve) => {
        stop.addEventListener('abort', () => resolve(null))
        pings.push({
          prompt,
          answer: async (record) => {
            resolve(record)
            await new Promise((done) => setImmediate(done))
          },
        })
      }),
  })
  return { runtime, pings, keepWarm }
}

function promptOf(place: number, startedAtMs: number, more: Partial<WarmPrompt> = {}): WarmPrompt {
  return {
    place,
    session: 'one',
    scope: { project: null, team: null, user: null, session: 'one', agent: null, task: null, key: null, tags: {} },
    body: new Uint8Array(10),
    rates,
    tokens: TOKENS,
    keptTokens: TOKENS,
    startedAtMs,
    kind: 'person',
    watch: () => {
      throw new Error('no ping is sent here')
    },
    send: async () => null,
    isWelcome: async () => true,
    onOwnCall: () => {},
    ...more,
  } as WarmPrompt
}

/** Pauses of so many minutes each, of a kind of which nothing is known, all but the last over. */
function seePauses(
  keepWarm: KeepWarm,
  runtime: ReturnType<typeof manualRuntime>,
  minutes: number,
  times: number,
): void {
  for (let place = 1; place <= times; place++) {
    keepWarm.pause(promptOf(place, runtime.now(), { kind: 'unknown' }))
    runtime.advance(minutes * MINUTE)
    keepWarm.resume([place])
  }
}

describe('the allowance of a session', () => {
  it('is not exceeded by agents that pause at the same time', async () => {
    const { runtime, pings, keepWarm } = openPauses(MOST_NANO * 2.5)
    for (let place = 1; place <= 5; place++) keepWarm.pause(promptOf(place, 0))
    keepWarm.pause(promptOf(6, 0, { session: 'another' }))
    runtime.advance(5 * MINUTE)
    expect(pings.map(({ prompt }) => prompt.session)).toEqual(['one', 'one', 'another'])
  })

  it('is charged what a ping cost, once that is known', async () => {
    const { runtime, pings, keepWarm } = openPauses(MOST_NANO + 35_000_000)
    keepWarm.pause(promptOf(1, 0, { kind: 'tool' }))
    for (let sent = 1; sent <= 4; sent++) {
      runtime.advance(285_000)
      await pings[sent - 1]?.answer(answered(200, TOKENS))
    }
    // Four cost four cents; the fifth might cost twenty, and there is room for nineteen and a half.
    expect(keepWarm.hasRoom('one', TOKENS, rates)).toBe(false)
    expect(pings.length).toBe(4)
    expect(keepWarm.hasRoom('two', TOKENS, rates)).toBe(true)
  })
})

describe('what pays', () => {
  it('is learned from pauses that were given up as well', () => {
    const { runtime, pings, keepWarm } = openPauses(MOST_NANO * 100)
    seePauses(keepWarm, runtime, 7, 1)
    expect(pings).toHaveLength(0)
    seePauses(keepWarm, runtime, 7, 40)
    expect(pings.length).toBeGreaterThan(20)
  })

  it('is no prompt of which the most is not kept', () => {
    const { runtime, pings, keepWarm } = openPauses(MOST_NANO * 100)
    keepWarm.pause(promptOf(1, 0, { keptTokens: TOKENS * 0.3 }))
    runtime.advance(5 * MINUTE)
    expect(pings).toHaveLength(0)
  })
})

describe('a pause that ends otherwise', () => {
  it('is left alone for an hour where the API found fault with a ping', async () => {
    const { runtime, pings, keepWarm } = openPauses(MOST_NANO * 100)
    keepWarm.pause(promptOf(1, 0))
    runtime.advance(285_000)
    await pings[0]?.answer(answered(400, 0))
    keepWarm.pause(promptOf(2, runtime.now()))
    runtime.advance(285_000)
    expect(pings).toHaveLength(1)
    runtime.advance(60 * MINUTE)
    keepWarm.pause(promptOf(3, runtime.now()))
    runtime.advance(285_000)
    expect(pings).toHaveLength(2)
  })

  it('waits for no ping when all is closed, and sends none any more', async () => {
    const { runtime, pings, keepWarm } = openPauses(MOST_NANO * 100)
    keepWarm.pause(promptOf(1, 0))
    runtime.advance(285_000)
    await keepWarm.close()
    keepWarm.pause(promptOf(2, runtime.now()))
    runtime.advance(60 * MINUTE)
    expect(pings).toHaveLength(1)
    expect(runtime.pending()).toBe(0)
  })

  it('is not pinged after a clock was set back by an hour while it began', () => {
    const { runtime, pings, keepWarm } = openPauses(MOST_NANO * 100)
    keepWarm.pause(promptOf(1, runtime.now() + 60 * MINUTE))
    runtime.advance(285_000)
    expect(pings).toHaveLength(1)
    runtime.advance(60 * MINUTE)
    expect(pings).toHaveLength(1)
  })
})
