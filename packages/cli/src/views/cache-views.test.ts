import { nobody, type RecordedCache, reportCaching } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { billedRecord } from '../../test/records.js'
import { plainColors } from '../terminal.js'
import { cacheReportJson, cacheReportText } from './cache-views.js'
import { explainCall, explanationJson } from './explanation.js'

const scope = { ...nobody, session: 's-1' }
const HOUR = 3_600_000

function cached(changes: Partial<RecordedCache> = {}): RecordedCache {
  return {
    mode: 'fill',
    ownMarkers: 0,
    marks: [
      { block: 3, part: 'system', ttl: '1h', reason: 'front', tokens: 4_000 },
      { block: 5, part: 'messages', ttl: '5m', reason: 'tail', tokens: 5_000 },
    ],
    expected: { read: 0, write1h: 4_000, write5m: 1_000, input: 0 },
    isAsExpected: true,
    isShortened: false,
    miss: null,
    diagnosis: null,
    savedNano: -17_000_000,
    addedNano: -17_000_000,
    ...changes,
  }
}

const missed = cached({
  miss: {
    cause: { kind: 'system-changed', block: 2, offset: 1_234, change: 'edited' },
    before: 'rg_1',
    lostTokens: 4_200,
    lostNano: 15_960_000,
  },
  savedNano: 3_800_000,
  addedNano: 0,
})
const calls = [
  billedRecord({ write1h: 4_000, write5m: 1_000 }, { scope, cache: cached() }),
  billedRecord({ read: 5_000, input: 20, write5m: 1_000 }, { id: 'rg_2', scope, cache: missed }),
]
const report = reportCaching(calls, (calls[0]?.startedAt ?? 0) + 2 * HOUR)

test('how much was read, what it saved with its sign, and each cause of misses with its dollars', () => {
  expect(cacheReportText(report, plainColors).split('\n')).toEqual([
    'calls      2',
    'hit ratio  45% of all prompt tokens were read from the cache',
    'read       5,000 tokens',
    'written    2,000 tokens for five minutes, 4,000 for an hour',
    'regular    20 tokens',
    'unread     1,000 tokens were written and not read by the same agent (17% of what was written)',
    "saved      −$0.0132 against no caching, net of writing; −$0.0170 of it by RunGuard's markers",
    '',
    'missed because           calls  tokens  dollars  worst',
    'the system text changed      1   4,200  $0.0160  rg_2',
    '',
    'the system text changed: keep dates and other news out of it, put them last',
  ])
})

test('calls of which nothing but the bill is known are named', () => {
  const text = cacheReportText(reportCaching([billedRecord({ input: 10 })], 0), plainColors)
  expect(text).toContain('Calls of which only the bill is known: 1. They count as no saving and no miss.')
  expect(text).not.toContain('missed because')
})

test('the JSON has the same numbers, exact, and the session that was asked for', () => {
  expect(cacheReportJson(report, 's-1')).toMatchObject({
    kind: 'cache',
    session: 's-1',
    calls: 2,
    readTokens: 5_000,
    unreadTokens: 1_000,
    savedUsd: '-0.0132',
    savedNanoUsd: -13_200_000,
    misses: [{ kind: 'system-changed', calls: 1, lostTokens: 4_200, lostUsd: '0.01596', lostNanoUsd: 15_960_000 }],
  })
})

test('the explanation of a call says where breakpoints were set, and why what was not read was not', () => {
  const [first, second] = calls.map((call) => explainCall(call, () => 0, plainColors))
  expect(first).toMatch(
    /^cache +breakpoints set: front 1h, tail 5m; −\$0\.0170 against no caching, net of writing; −\$0\.0170 of it by RunGuard's markers$/m,
  )
  expect(first).not.toMatch(/^missed/m)
  expect(second).toMatch(
    /^missed +the system text changed \(block 2 edited, at byte 1,234\): 4,200 tokens that rg_1 had sent were not read, \$0\.0160\. Keep dates/m,
  )
})

test('what the API says of a miss stands beside it', () => {
  const diagnosis = { type: 'system_changed', missedTokens: 4_100 }
  const cache = { ...missed, diagnosis, marks: [], ownMarkers: 2, isAsExpected: false }
  const text = explainCall(billedRecord({ read: 10 }, { cache }), () => 0, plainColors)
  expect(text).toMatch(/^cache +breakpoints 2 of the caller’s own; .*; not billed as foretold$/m)
  expect(text).toContain('not read, $0.0160; the API says system_changed. Keep')
})

test('a call from before caching was looked at has nothing to say of it', () => {
  const call = billedRecord({ input: 10 })
  expect(explainCall(call, () => 0, plainColors)).not.toMatch(/^(?:cache|missed)/m)
  expect(explanationJson(call).cache).toBe(null)
})
