import { expect, it } from 'vitest'
import { changesBetween } from './audit-changes.js'

it('tells what is other than before, and leaves out what is the same', () => {
  expect(changesBetween({ limit: 20, mode: 'enforce' }, { limit: 30, mode: 'enforce' })).toEqual(['limit: 20 → 30'])
})

it('tells of what was made and what was removed', () => {
  expect(changesBetween(null, { limit: 30 })).toEqual(['limit: 30'])
  expect(changesBetween({ limit: 30 }, null)).toEqual(['removed'])
  expect(changesBetween(null, null)).toEqual([])
})

it('writes amounts and moments for people, and leaves out what is empty', () => {
  expect(changesBetween({ limitNano: 1e7, revision: 'a' }, { limitNano: 3e10, revision: 'b' })).toEqual([
    'limit: $0.01 → $30.00',
  ])
  const [made] = changesBetween(null, { expiresAt: new Date(2026, 10, 27, 9).getTime(), team: null, degrade: [] })
  expect(made).toBe('expires: 27 Nov 2026, 09:00:00')
  expect(changesBetween(null, { degrade: [], team: null })).toEqual([])
})

it('writes lists as people read them', () => {
  const degrade = [{ at: 0.8, step: 'cheaper-tier', to: 'small' }]
  expect(changesBetween({ degrade: [] }, { degrade })).toEqual([
    'degrade: nothing → (at: 0.8, step: cheaper-tier, to: small)',
  ])
  expect(changesBetween({ thresholds: [50, 80] }, { thresholds: [80] })).toEqual(['thresholds: 50, 80 → 80'])
  const overrides = [{ scopeName: 'ada', limitNano: 5e9, until: null }]
  expect(changesBetween({ overrides }, { overrides: [] })).toEqual([
    'overrides: (scopeName: ada, limit: $5.00, until: nothing) → nothing',
  ])
})
