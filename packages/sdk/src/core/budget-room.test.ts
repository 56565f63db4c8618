import { describe, expect, it } from 'vitest'
import { sampleScope } from '../testing/sample-record.js'
import { compileBudgets, matchBudgets } from './budget.js'
import { findRoom } from './budget-room.js'
import { readConfig } from './config.js'
import { nanoUsd, parseUsd } from './money.js'

/** The accounts of a call under budgets as people write them, each with so much spent and held. */
function roomUnder(written: Readonly<Record<string, { spent: string; held?: string } & Record<string, unknown>>>) {
  const budgets = Object.entries(written).map(([id, { spent, held, ...budget }]) => ({
    id,
    scope: 'everything',
    limit: 10,
    ...budget,
  }))
  const reading = readConfig({ budgets })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const compiled = compileBudgets(reading.config.budgets)
  const accounts = matchBudgets(compiled, sampleScope(), 'rg_1', Date.UTC(2026, 10, 26))
  const balances = accounts.map((account) => {
    const { spent = '0', held = '0' } = written[account.budget] ?? {}
    return { ...account, spent: parseUsd(spent), held: parseUsd(held) }
  })
  const { room, binding } = findRoom(compiled, balances)
  return { ...room, binding: binding?.budget ?? null }
}

describe('what is left for a call', () => {
  it('is what its tightest budget has left after what is spent and held', () => {
    const day = { window: 'day', spent: '4', held: '5.5' }
    const month = { window: 'month', spent: '7' }
    expect(roomUnder({ day, month })).toEqual({
      shared: parseUsd('0.5'),
      own: null,
      held: parseUsd('5.5'),
      binding: 'day',
    })
  })

  it('is apart what a cap on each request leaves to this one', () => {
    const day = { window: 'day', spent: '4' }
    const request = { scope: 'request', spent: '0', limit: 2 }
    expect(roomUnder({ day, request })).toEqual({
      shared: parseUsd('6'),
      own: parseUsd('2'),
      held: 0,
      binding: 'request',
    })
  })

  it('is decided by the budget that is tightest after what its running calls may still need', () => {
    const day = { window: 'day', spent: '4' }
    const busy = { window: 'month', limit: 30, spent: '3', held: '20' }
    expect(roomUnder({ day, busy })).toMatchObject({ shared: parseUsd('7'), held: parseUsd('20'), binding: 'day' })
  })

  it('is below nothing where a limit was lowered below what is spent', () => {
    expect(roomUnder({ day: { window: 'day', spent: '12' } })).toMatchObject({ shared: nanoUsd(-2_000_000_000) })
  })

  it('is not bound by a budget that only observes', () => {
    expect(roomUnder({ day: { window: 'day', spent: '12', mode: 'observe' } })).toEqual({
      shared: null,
      own: null,
      held: 0,
      binding: null,
    })
  })
})
