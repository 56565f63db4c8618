import { type Budget, nanoUsd, nobody, standBudgets } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { billedRecord, record } from '../../test/records.js'
import { cutLine } from '../screen.js'
import { plainColors } from '../terminal.js'
import { topFacts, topJson, topText } from './top-views.js'

const nowMs = Date.UTC(2026, 10, 26, 22)
const scope = (session: string | null) => ({ ...nobody, session })

const records = [
  billedRecord({ output: 50_000 }, { scope: scope('build'), startedAt: nowMs - 60_000 }),
  billedRecord({ read: 9_000, input: 1_000 }, { scope: scope('docs'), startedAt: nowMs - 120_000 }),
  record({
    scope: scope('build'),
    startedAt: nowMs - 5_000,
    durationMs: 0,
    ending: { kind: 'not-billed', reason: 'refused' },
  }),
  billedRecord({ output: 1_000_000 }, { scope: scope('old'), startedAt: nowMs - 3_600_000 }),
]

test('the rate is that of the last ten minutes, and sessions come dearest first', () => {
  const facts = topFacts(records, [], nowMs)
  // 50,000 tokens at $20 a million are a dollar, and six of those ten minutes are an hour.
  expect(facts.nanoPerHour / 1e9).toBeCloseTo(6, 1)
  expect(facts).toMatchObject({ calls: 3, refused: 1, binding: null, etaMs: null })
  expect(facts.sessions).toMatchObject([
    { session: 'build', calls: 2, refused: 1, idleMs: 5_000 },
    { session: 'docs', calls: 1, hitRate: 0.9 },
  ])
})

test('it says when the budget that decides is used up at this rate', () => {
  const budget: Budget = {
    id: 'day',
    scope: { kind: 'everything', name: null },
    window: 'day',
    limit: nanoUsd(12e9),
    mode: 'enforce',
    isPaused: false,
    overrides: [],
    thresholds: [],
    timeZone: 'UTC',
  } as unknown as Budget
  const standings = standBudgets([{ budget, source: 'file' }] as never, new Map(), nowMs)
  const facts = topFacts(records, standings, nowMs)
  expect(facts.etaMs ?? 0).toBeGreaterThan(1.9 * 3_600_000)
  expect(topText(facts, plainColors, null)).toMatch(/^budget {2}\$12\.00 of \$12\.00 left .*, used up in 1?\d/m)
})

test('what a terminal has no room for is left out, and a line never breaks', () => {
  const facts = topFacts(records, [], nowMs)
  const lines = topText(facts, plainColors, { rows: 6, columns: 20 }).split('\n')
  expect(lines).toHaveLength(5)
  expect(cutLine('\u001b[1mabcdef\u001b[22m', 3)).toBe('\u001b[1mabc\u001b[22m')
  expect(cutLine('short', 80)).toBe('short')
})

test('programs get the same in dollars', () => {
  expect(topJson(topFacts(records, [], nowMs))).toMatchObject({
    at: '2026-11-26T22:00:00.000Z',
    usdPerHour: expect.stringMatching(/^6\.\d+$/),
    sessions: [{ session: 'build', costUsd: '1' }, { session: 'docs' }],
  })
})
