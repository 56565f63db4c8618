import { describe, expect, it } from 'vitest'
import type { CallRecord } from '../cost/record.js'
import type { RecordedMiss } from './cache-record.js'
import { reportCaching } from './cache-report.js'
import type { MissCause } from './miss-cause.js'

const MINUTE = 60_000

interface Made {
  readonly at: number
  readonly read?: number
  readonly write5m?: number
  readonly write1h?: number
  readonly input?: number
  readonly agent?: string
  readonly savedNano?: number
  readonly miss?: RecordedMiss
}

/** As much of a record as a report on caching reads. */
function call({
  at,
  read = 0,
  write5m = 0,
  write1h = 0,
  input = 0,
  agent = 'a',
  savedNano = 0,
  miss,
}: Made): CallRecord {
  const part = { kind: 'message', model: 'm', input, read, write5m, write1h, output: 0 }
  const cache = { savedNano, addedNano: 0, miss: miss ?? null }
  const scope = { session: 's', agent }
  const ending = { kind: 'exact', reason: 'complete' }
  return { id: `rg_${at}`, startedAt: at, scope, servedModel: 'm', ending, usage: { parts: [part] }, cache } as never
}

const missOf = (cause: MissCause, lostNano: number): RecordedMiss => ({
  cause,
  before: 'rg_0',
  lostTokens: 10,
  lostNano,
})

describe('a report on caching', () => {
  it('is all zero without calls', () => {
    expect(reportCaching([], 0)).toMatchObject({ calls: 0, hitRate: 0, unreadTokens: 0, misses: [] })
  })

  it('adds up what was read, written and neither, and the saving with its sign', () => {
    const calls = [
      call({ at: 0, write5m: 800, input: 200, savedNano: -500 }),
      call({ at: 1, read: 800, input: 200, savedNano: 200 }),
    ]
    const report = reportCaching(calls, MINUTE)
    expect(report).toMatchObject({ calls: 2, readTokens: 800, write5mTokens: 800, inputTokens: 400, savedNano: -300 })
    expect(report.hitRate).toBe(0.4)
  })

  it('leaves calls out whose bill is not known exactly', () => {
    const broken = { ...call({ at: 0, input: 100 }), ending: { kind: 'at-least', reason: 'caller-aborted' } } as const
    expect(reportCaching([broken, { ...broken, usage: null }], 0).calls).toBe(0)
  })

  it('sums misses by cause, the dearest first, and names the worst call of each', () => {
    const expired: MissCause = { kind: 'expired', ttl: '5m', idleMs: 400_000 }
    const calls = [
      call({ at: 1, miss: missOf(expired, 10) }),
      call({ at: 2, miss: missOf({ kind: 'unexplained' }, 45) }),
      call({ at: 3, miss: missOf(expired, 40) }),
    ]
    expect(reportCaching(calls, 0).misses).toEqual([
      { kind: 'expired', calls: 2, lostTokens: 20, lostNano: 50, worstCall: 'rg_3' },
      { kind: 'unexplained', calls: 1, lostTokens: 10, lostNano: 45, worstCall: 'rg_2' },
    ])
  })
})

describe('what was written and never read', () => {
  it('is all of it, once it has died', () => {
    const calls = [call({ at: 0, write5m: 300, write1h: 700 })]
    expect(reportCaching(calls, 4 * MINUTE).unreadTokens).toBe(0)
    expect(reportCaching(calls, 6 * MINUTE).unreadTokens).toBe(300)
    expect(reportCaching(calls, 61 * MINUTE).unreadTokens).toBe(1_000)
  })

  it('is what no later call of the agent reached', () => {
    const calls = [call({ at: 0, write5m: 1_000 }), call({ at: MINUTE, read: 600, write5m: 500 })]
    expect(reportCaching(calls, 60 * MINUTE).unreadTokens).toBe(400 + 500)
  })

  it('is not what another agent reads, of which nothing is known', () => {
    const calls = [call({ at: 0, write5m: 1_000 }), call({ at: MINUTE, read: 1_000, agent: 'b' })]
    expect(reportCaching(calls, 60 * MINUTE).unreadTokens).toBe(1_000)
  })

  it('lives on with every read', () => {
    const calls = [0, 4, 8].map((at) => call({ at: at * MINUTE, ...(at === 0 ? { write5m: 1_000 } : { read: 500 }) }))
    expect(reportCaching(calls, 12 * MINUTE).unreadTokens).toBe(0)
    expect(reportCaching(calls, 14 * MINUTE).unreadTokens).toBe(500)
  })
})
