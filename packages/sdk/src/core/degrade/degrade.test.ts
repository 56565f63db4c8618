import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { compileBudgets, matchBudgets } from '../budget/budget.js'
import { identify } from '../budget/scope.js'
import { readConfig } from '../config/config.js'
import { nanoUsd, parseUsd } from '../cost/money.js'
import { type DueStep, findDueSteps, lowerEffort, tightenMaxTokens } from './degrade.js'

const LADDER = [
  { at: 0.8, step: 'cheaper-tier' },
  { at: 0.9, step: 'lower-effort' },
  { at: 0.95, step: 'tighter-max-tokens', maxTokens: 2_000 },
  { at: 0.97, step: 'defer' },
  { at: 1, step: 'refuse' },
]
const dueWith = (spentUsd: number, heldUsd: number, ...budgets: readonly object[]): readonly DueStep[] => {
  const list = budgets.length > 0 ? budgets : [{ degrade: LADDER }]
  const reading = readConfig({
    budgets: list.map((budget, index) => ({
      scope: 'everything',
      window: 'day',
      limit: 10,
      id: `b${index}`,
      ...budget,
    })),
  })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const compiled = compileBudgets(reading.config.budgets)
  const accounts = matchBudgets(compiled, identify({}, null, null), 'c', 0)
  const balances = accounts.map((account) => ({
    ...account,
    spent: nanoUsd(parseUsd(spentUsd)),
    held: nanoUsd(parseUsd(heldUsd)),
  }))
  return findDueSteps(compiled, balances, (tier) => ['small', 'medium', 'large'].indexOf(tier))
}
const dueAt = (spentUsd: number, ...budgets: readonly object[]) => dueWith(spentUsd, 0, ...budgets)
const kindsAt = (spentUsd: number, ...budgets: readonly object[]) =>
  dueAt(spentUsd, ...budgets).map(({ action }) => action.kind)

describe('the steps that are due', () => {
  it.each([
    [7.99, []],
    [8, ['cheaper-tier']],
    [9.2, ['cheaper-tier', 'lower-effort']],
    [9.6, ['cheaper-tier', 'lower-effort', 'tighter-max-tokens']],
    [9.99, ['cheaper-tier', 'lower-effort', 'tighter-max-tokens', 'defer']],
    [10, ['cheaper-tier', 'lower-effort', 'tighter-max-tokens', 'defer', 'refuse']],
  ])('of ten dollars with %d spent are %j', (spent, kinds) => {
    expect(kindsAt(spent)).toEqual(kinds)
  })

  it('are those of all budgets, of a kind the one that asks for most', () => {
    const tight = (maxTokens: number) => ({ degrade: [{ at: 0.5, step: 'tighter-max-tokens', maxTokens }] })
    expect(dueAt(6, tight(500), tight(100), tight(900)).map(({ account }) => account.budget)).toEqual(['b1'])
    const effort = (to: string) => ({ degrade: [{ at: 0.5, step: 'lower-effort', to }] })
    expect(dueAt(6, effort('high'), effort('low'))[0]?.action).toEqual({ kind: 'lower-effort', to: 'low' })
  })

  it('may begin at a sliver of a large limit', () => {
    const sliver = { limit: 1_000_000, degrade: [{ at: '0.0001%', step: 'defer' }] }
    expect(kindsAt(0.99, sliver)).toEqual([])
    expect(kindsAt(1.01, sliver)).toEqual(['defer'])
  })

  it('go to the cheapest tier that one of them names, whichever comes last', () => {
    const tiers = (...steps: readonly (readonly [number, string])[]) => ({
      degrade: steps.map(([at, to]) => ({ at, step: 'cheaper-tier', to })),
    })
    const small = { kind: 'cheaper-tier', to: 'small' }
    expect(dueAt(10, tiers([0.5, 'small'], [0.9, 'medium']))[0]?.action).toEqual(small)
    expect(dueAt(10, tiers([0.9, 'medium']), tiers([0.5, 'small']))[0]?.action).toEqual(small)
  })

  it('count what running calls hold, but for refusing: that may come back', () => {
    const kinds = (spent: number, held: number) => dueWith(spent, held).map(({ action }) => action.kind)
    expect(kinds(5, 2.9)).toEqual([])
    expect(kinds(5, 3)).toEqual(['cheaper-tier'])
    expect(kinds(5, 5)).toEqual(['cheaper-tier', 'lower-effort', 'tighter-max-tokens', 'defer'])
    expect(kinds(10, 0)).toContain('refuse')
    expect(dueWith(5, 3)[0]?.used).toBe(0.8)
  })

  it('of a budget that only observes stand back behind those of one that is enforced', () => {
    const refuse = { degrade: [{ at: 0.5, step: 'refuse' }] }
    expect(dueAt(6, { ...refuse, mode: 'observe' }, refuse)[0]?.account.budget).toBe('b1')
    expect(dueAt(6, { ...refuse, mode: 'observe' })[0]?.account.isEnforced).toBe(false)
  })
})

const bodyOf = (body: object) =>
  new TextEncoder().encode(JSON.stringify({ model: 'claude-opus-5-5', messages: [], ...body }))
const stepOf = (kind: string): DueStep => {
  const step = dueAt(10).find(({ action }) => action.kind === kind)
  if (step === undefined) throw new Error(kind)
  return step
}

describe('less effort', () => {
  const lower = (body: object, effort: string | null, isFree = true) => {
    const bytes = bodyOf(body)
    const { body: changed, taken } = lowerEffort(stepOf('lower-effort'), {
      body: bytes,
      view: scanCall(bytes),
      effort,
      isFree,
    })
    return { taken, sent: changed === null ? null : JSON.parse(new TextDecoder().decode(changed)) }
  }

  it('is put in where none is stated, below what the model does by itself', () => {
    const { sent, taken } = lower({}, null)
    expect(sent.output_config).toEqual({ effort: 'low' })
    expect(taken).toEqual({
      kind: 'lower-effort',
      budget: 'b0',
      at: 0.9,
      used: 1,
      change: 'effort medium → low',
      why: null,
    })
  })

  it.each([
    [{}, 'low', true, 'it asks for no more'],
    [{}, 'high', false, 'the cached conversation would be written again'],
    [{ model: 'claude-haiku-4-5' }, null, true, 'the model takes no effort'],
    [{}, 'extreme', true, 'it asks for no more'],
  ])('is left: %j with %s', (body, effort, isFree, why) => {
    expect(lower(body, effort, isFree)).toMatchObject({ sent: null, taken: { change: null, why } })
  })
})

describe('a tighter max_tokens', () => {
  const tighten = (body: object) => {
    const bytes = bodyOf(body)
    const { view, taken } = tightenMaxTokens(stepOf('tighter-max-tokens'), { body: bytes, view: scanCall(bytes) })
    return [view.maxTokens, taken.change ?? taken.why]
  }

  it('is that of the step, above what thinking needs, never more than asked', () => {
    expect(tighten({ max_tokens: 64_000 })).toEqual([2_000, 'max_tokens 64000 → 2000'])
    expect(tighten({ max_tokens: 64_000, thinking: { type: 'enabled', budget_tokens: 8_000 } })[0]).toBe(8_256)
    expect(tighten({ max_tokens: 900 })).toEqual([900, 'it asks for no more'])
    expect(tighten({ max_tokens: '64000' })).toEqual([null, 'it states no max_tokens'])
  })
})
