import { nanoUsd, type RecordedRoute } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { billedRecord } from '../../test/records.js'
import { plainColors } from '../terminal.js'
import { callJson } from './call-json.js'
import { explainCall } from './explanation.js'

const route: RecordedRoute = {
  asked: 'claude-opus-5-5',
  model: 'claude-sonnet-5-5',
  tier: 'medium',
  task: 'extract',
  reason: 'task',
  expected: nanoUsd(1_000_000),
  expectedAsked: nanoUsd(5_000_000),
  rejected: [{ model: 'claude-haiku-5-5', tier: 'small', why: 'has no fast mode', expected: nanoUsd(100_000) }],
  lostTokens: 0,
  retiresMs: null,
  isApplied: true,
  savedNano: nanoUsd(4_000_000),
}
const step = { kind: 'tighter-max-tokens', budget: 'everything/day', at: 0.8, used: 0.821 } as const
const degraded = [
  { ...step, change: 'max_tokens 8000 → 4096', why: null },
  { ...step, kind: 'lower-effort', change: null, why: 'it asks for no more' },
] as const
const lineOf = (name: string, changes: object): string | undefined =>
  explainCall(billedRecord({ input: 10 }, changes), () => 60, plainColors)
    .split('\n')
    .find((line) => line.startsWith(`${name} `))

test.each([
  [
    'taken',
    {},
    'route     claude-opus-5-5 → claude-sonnet-5-5 (medium): its task extract; saved $0.0040; expected $0.0010 for $0.0050; not claude-haiku-5-5: has no fast mode',
  ],
  [
    'that lost money',
    { savedNano: nanoUsd(-4_000_000), rejected: [] },
    'route     claude-opus-5-5 → claude-sonnet-5-5 (medium): its task extract; lost $0.0040; expected $0.0010 for $0.0050',
  ],
  [
    'only explained, of a model that retires',
    { isApplied: false, savedNano: null, rejected: [], retiresMs: Date.UTC(2027, 0, 5) },
    'route     only explained: claude-opus-5-5 → claude-sonnet-5-5 (medium): its task extract; expected $0.0010 for $0.0050; claude-opus-5-5 retires on 2027-01-05',
  ],
  [
    'that leads where it asked to go',
    { model: 'claude-opus-5-5', tier: null, reason: 'conversation', rejected: [] },
    'route     claude-opus-5-5: the conversation runs there',
  ],
])('a route %s is explained in one line', (_, changes, line) => {
  expect(lineOf('route', { route: { ...route, ...changes } })).toBe(line)
})

test('the steps of a ladder are explained, taken or left; without any there is no line', () => {
  expect(lineOf('degraded', { degraded })).toBe(
    'degraded  at 80% of everything/day (82% used): max_tokens 8000 → 4096; at 80% of everything/day (82% used): lower-effort left: it asks for no more',
  )
  expect([lineOf('route', {}), lineOf('degraded', {})]).toEqual([undefined, undefined])
})

test('both are in the JSON, money exact and signed', () => {
  const json = callJson(billedRecord({ input: 10 }, { route: { ...route, savedNano: nanoUsd(-5) }, degraded }))
  expect(json.route).toEqual({
    asked: 'claude-opus-5-5',
    model: 'claude-sonnet-5-5',
    tier: 'medium',
    task: 'extract',
    reason: 'task',
    isApplied: true,
    expectedUsd: '0.001',
    expectedAskedUsd: '0.005',
    savedUsd: '-0.000000005',
    savedNanoUsd: -5,
    rejected: [{ model: 'claude-haiku-5-5', why: 'has no fast mode', expectedUsd: '0.0001' }],
    retiresAt: null,
  })
  expect(json.degraded).toEqual(degraded)
  expect(callJson(billedRecord({ input: 10 }))).toMatchObject({ route: null, cascade: null, degraded: [] })
})

test('the try of a cascade is explained, and is in the JSON', () => {
  const cascade = { id: 'rg_c', attempt: 2, tier: 'medium', asked: 'claude-opus-5-5' }
  expect(lineOf('cascade', { cascade })).toBe('cascade   try 2 of rg_c, on medium; the last resort is claude-opus-5-5')
  expect(callJson(billedRecord({ input: 10 }, { cascade })).cascade).toEqual(cascade)
})
