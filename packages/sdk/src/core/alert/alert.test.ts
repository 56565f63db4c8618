import { describe, expect, it } from 'vitest'
import { sampleRecord } from '../../testing/sample-record.js'
import { closedBreaker, stepBreaker } from '../breaker/breaker.js'
import { nanoUsd } from '../cost/money.js'
import type { RecordedLoop } from '../cost/record.js'
import { acknowledgeAlert, openAlert, resolveAlert } from './alert.js'
import {
  budgetAccount,
  draftBreaker,
  draftBudget,
  draftLoop,
  draftPriceAge,
  draftTest,
  draftUnknownModel,
} from './alert-drafts.js'
import { defaultWatches } from './alert-policy.js'
import { AlertRules } from './alert-rules.js'

const AT = Date.UTC(2026, 10, 27, 8)
const DAY_MS = 86_400_000
const surroundings = { id: 'rg_1', links: [], auditHead: null }

const crossing = {
  key: 'team:web/day|1|80',
  budget: 'team:*/day',
  scope: 'team:web',
  percent: 80,
  spent: nanoUsd(16_020_000_000),
  limit: nanoUsd(20_000_000_000),
  resetsAt: AT + DAY_MS,
  at: AT,
}

const loop: RecordedLoop = {
  action: 'stop',
  isEnforced: true,
  rule: 'repeat',
  repeats: 5,
  rounds: 1,
  cycle: ['Bash', 'Read'],
  spent: nanoUsd(2_000_000),
}

describe('an alert', () => {
  it('is acknowledged once, and not when it is over', () => {
    const alert = openAlert(draftBudget(crossing), surroundings)
    const seen = acknowledgeAlert(alert, 'alice', AT)
    expect(seen).toMatchObject({ version: 2, acknowledged: { by: 'alice', at: AT } })
    expect(seen && acknowledgeAlert(seen, 'bob', AT)).toBeNull()
    const over = seen && resolveAlert(seen, AT + 1)
    expect(over).toMatchObject({ version: 3, resolvedAt: AT + 1, acknowledged: { by: 'alice' } })
    expect(over && resolveAlert(over, AT + 2)).toBeNull()
    expect(over && acknowledgeAlert(over, 'bob', AT)).toBeNull()
  })

  it('shows names that somebody sent as one short line without anything that could drive a screen', () => {
    const hostile = `a\u001b[31m\u202e\n${'x'.repeat(10_000)}\ud800`
    const alert = openAlert(draftBudget({ ...crossing, scope: hostile, budget: 'b' }), surroundings)
    expect(alert.title).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
    expect(alert.title.length).toBeLessThanOrEqual(300)
    expect(alert.about.length).toBeLessThanOrEqual(300)
  })
})

describe('what is worth an alert', () => {
  it('is a threshold of a budget: the worse the more is used, until its window ends', () => {
    expect(draftBudget(crossing)).toMatchObject({
      severity: 'warning',
      title: '80% of the budget team:*/day for team:web is used',
      detail: '$16.02 of $20.00 are spent.',
      resolvesAt: AT + DAY_MS,
    })
    expect(draftBudget({ ...crossing, percent: 100 }).severity).toBe('error')
    expect(draftBudget({ ...crossing, percent: 50 }).severity).toBe('info')
  })

  it('is the same threshold again under a higher limit', () => {
    const keys = new Set([crossing, { ...crossing, limit: nanoUsd(1) }, crossing].map((each) => draftBudget(each).key))
    expect(keys.size).toBe(2)
    expect(budgetAccount(draftBudget(crossing))).toBe('team:web/day|1')
  })

  it('is a loop that was stopped, once an hour for each agent, and not one that was only noticed', () => {
    const event = { kind: 'loop', session: 's', agent: '', loop, at: AT } as const
    const [first, later, next] = [AT, AT + 60_000, AT + 3_600_000].map((at) => draftLoop({ ...event, at })?.key)
    expect(first).toBe(later)
    expect(next).not.toBe(first)
    expect(draftLoop({ ...event, agent: 'sub' })?.key).not.toBe(first)
    expect(draftLoop({ ...event, loop: { ...loop, action: 'notice' } })).toBeNull()
    expect(draftLoop(event)?.detail).toBe('Bash → Read came 5 times and cost $0.0020.')
  })

  it('is a breaker each time it opens, and not while it is held by hand', () => {
    const cause = { kind: 'upstream-limit', code: 'x' } as const
    const open = stepBreaker(closedBreaker('key:k'), { kind: 'trip', cause, at: AT, coolDownMs: 1_000 })
    expect(draftBreaker(open)).toMatchObject({ severity: 'critical', about: 'key:k', resolvesAt: null })
    const held = stepBreaker(open, { kind: 'hold', by: 'me', note: null, at: AT })
    expect(draftBreaker(held)).toBeNull()
    const again = stepBreaker(stepBreaker(open, { kind: 'release', at: AT }), {
      ...{ kind: 'trip', cause: { kind: 'loop', stops: 3 }, at: AT, coolDownMs: 1_000 },
    } as const)
    expect(draftBreaker(again)?.key).not.toBe(draftBreaker(open)?.key)
  })

  it('is a model without a price, guessed or refused, once a day', () => {
    const cost = { ...sampleRecord().cost, basis: 'dearest-of-line' } as const
    const guessed = draftUnknownModel(sampleRecord({ cost, servedModel: 'claude-new-9' }), AT)
    expect(guessed).toMatchObject({
      about: 'model:claude-new-9',
      key: `unknown-model|claude-new-9|${AT - (AT % DAY_MS)}`,
    })
    const refused = sampleRecord({ errorCode: 'runguard_unpriced_model', requestedModel: 'gpt', usage: null })
    expect(draftUnknownModel(refused, AT)?.about).toBe('model:gpt')
    expect(draftUnknownModel(sampleRecord(), AT)).toBeNull()
  })

  it('is a price list that is too old', () => {
    const prices = { kind: 'prices', version: 'v1', asOf: AT - 60 * DAY_MS, at: AT } as const
    expect(draftPriceAge(prices, 60)?.title).toBe('The price list is 60 days old')
    expect(draftPriceAge({ ...prices, at: AT - 1 }, 60)).toBeNull()
  })
})

describe('a storm of alerts', () => {
  it('is told as one: twenty of a kind within an hour, one word that there are more, and then no more', () => {
    const rules = new AlertRules(defaultWatches)
    const tell = (index: number, at: number) =>
      rules.look({ kind: 'loop', session: `s${index}`, agent: '', loop, at }).flatMap((signal) => {
        return signal.kind === 'raise' ? [signal.draft.kind] : []
      })
    const told = Array.from({ length: 500 }, (_, index) => tell(index, AT + index)).flat()
    expect(told).toEqual([...Array(20).fill('loop'), 'storm'])
    expect(tell(501, AT + 3_600_000)).toEqual(['loop'])
  })

  it('is not what the same alert is that comes again and again', () => {
    const rules = new AlertRules(defaultWatches)
    const cost = { ...sampleRecord().cost, basis: 'flat' } as const
    const tell = (model: string) => rules.look({ kind: 'record', record: sampleRecord({ cost, servedModel: model }) })
    expect(tell('new')).toHaveLength(1)
    for (let call = 0; call < 100; call++) expect(tell('new')).toEqual([])
    expect(tell('other')).toMatchObject([{ draft: { kind: 'unknown-model' } }])
  })

  it('of sessions leaves room for a team', () => {
    const rules = new AlertRules(defaultWatches)
    for (let index = 0; index < 100; index++) {
      rules.look({ kind: 'budget', crossing: { ...crossing, key: `s${index}`, scope: `session:${index}` } })
    }
    expect(rules.look({ kind: 'budget', crossing })).toMatchObject([{ draft: { about: 'team:web' } }])
  })
})

it('a test tells of nothing', () => {
  expect(draftTest('rg_1', 'ops', AT)).toMatchObject({ kind: 'test', severity: 'info', resolvesAt: AT })
})
