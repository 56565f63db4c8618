import { describe, expect, it } from 'vitest'
import { sampleScope } from '../../testing/sample-record.js'
import { readConfig } from '../config/config.js'
import { nanoUsd, parseUsd } from '../cost/money.js'
import { compileBudgets, matchBudgets } from './budget.js'
import { findRoom, findShort, listShort, mayPayLater } from './budget-room.js'

type Written = Readonly<Record<string, { spent: string; held?: string } & Record<string, unknown>>>

/** The accounts of a call under budgets as people write them, each with so much spent and held. */
function accountsUnder(written: Written) {
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
  return { compiled, balances }
}

function roomUnder(written: Written, isLast = false) {
  const { compiled, balances } = accountsUnder(written)
  const { room, binding } = findRoom(compiled, balances, isLast)
  return { ...room, binding: binding?.budget ?? null }
}

describe('what is left for a call', () => {
  it('is what its tightest budget has left, less half of what running calls hold, which may need more', () => {
    const day = { window: 'day', spent: '4', held: '3' }
    const month = { window: 'month', spent: '7' }
    expect(roomUnder({ day, month })).toEqual({ shared: parseUsd('1.5'), own: null, binding: 'day' })
  })

  it('is all of it for a call that is refused otherwise', () => {
    const day = { window: 'day', spent: '4', held: '5.5' }
    expect(roomUnder({ day }, true)).toEqual({ shared: parseUsd('0.5'), own: null, binding: 'day' })
  })

  it('is apart what a cap on each request leaves to this one', () => {
    const day = { window: 'day', spent: '4' }
    const request = { scope: 'request', spent: '0', limit: 2 }
    expect(roomUnder({ day, request })).toEqual({
      shared: parseUsd('6'),
      own: parseUsd('2'),
      binding: 'request',
    })
  })

  it('is decided by the budget that is tightest after what its running calls may still need', () => {
    const day = { window: 'day', spent: '4' }
    const busy = { window: 'month', limit: 30, spent: '3', held: '20' }
    expect(roomUnder({ day, busy }).shared).toBe(nanoUsd(-3_000_000_000))
    expect(roomUnder({ day, busy }, true).shared).toBe(parseUsd('6'))
  })

  it('is below nothing where a limit was lowered below what is spent', () => {
    expect(roomUnder({ day: { window: 'day', spent: '12' } })).toMatchObject({ shared: nanoUsd(-2_000_000_000) })
  })

  it('is not bound by a budget that only observes', () => {
    expect(roomUnder({ day: { window: 'day', spent: '12', mode: 'observe' } })).toEqual({
      shared: null,
      own: null,
      binding: null,
    })
  })
})

describe('a call that no budget can pay now', () => {
  const needed = parseUsd('2')
  const judge = (written: Written) => {
    const { balances } = accountsUnder(written)
    const named = findShort(balances, needed)?.budget ?? null
    return { mayPayLater: mayPayLater(balances, needed), named, shortOn: listShort(balances, needed).length }
  }

  it('may wait where running calls hold what is missing', () => {
    const day = { window: 'day', spent: '4', held: '5' }
    expect(judge({ day })).toEqual({ mayPayLater: true, named: 'day', shortOn: 1 })
  })

  it('hears of the budget that will not have it later either, though another has less left now', () => {
    const day = { window: 'day', spent: '4', held: '6' }
    const month = { window: 'month', spent: '8.5' }
    expect(judge({ day, month })).toEqual({ mayPayLater: false, named: 'month', shortOn: 2 })
  })

  it('is short of nothing where only room for running calls is missing: then nobody is named', () => {
    const day = { window: 'day', spent: '0', held: '6' }
    expect(judge({ day })).toEqual({ mayPayLater: true, named: null, shortOn: 1 })
  })

  it('is not stopped by a budget that only observes', () => {
    expect(judge({ day: { window: 'day', spent: '12', mode: 'observe' } })).toEqual({
      mayPayLater: true,
      named: null,
      shortOn: 0,
    })
  })
})
