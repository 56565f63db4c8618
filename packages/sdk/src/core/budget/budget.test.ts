import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sampleScope } from '../../testing/sample-record.js'
import { nanoUsd, parseUsd } from '../cost/money.js'
import { assertEvent } from '../ledger/ledger-events.js'
import { type Budget, compileBudgets, matchBudgets, renewAccounts } from './budget.js'
import { identify } from './scope.js'
import { scopeKinds } from './scope-kinds.js'
import { defaultThresholds } from './threshold.js'
import { windowKinds } from './window.js'

const NOON = Date.UTC(2026, 10, 26, 12)
const DAY = 86_400_000

function budget(id: string, overrides: Partial<Budget> = {}): Budget {
  return {
    id,
    name: null,
    scope: { kind: 'everything', name: '*' },
    limit: parseUsd('20'),
    window: 'day',
    timeZone: 'UTC',
    mode: 'enforce',
    thresholds: defaultThresholds,
    isPaused: false,
    overrides: [],
    ...overrides,
  }
}

const match = (budgets: readonly Budget[], scope = sampleScope(), callId = 'rg_1', at = NOON) =>
  matchBudgets(compileBudgets(budgets), scope, callId, at)

describe('a call', () => {
  it('meets every budget of its scope, in several windows at once', () => {
    const accounts = match(
      [
        budget('all'),
        budget('month', { window: 'month', timeZone: 'Europe/Berlin' }),
        budget('alice', { scope: { kind: 'user', name: 'alice' } }),
        budget('bob', { scope: { kind: 'user', name: 'bob' } }),
        budget('each user', { scope: { kind: 'user', name: '*' }, mode: 'observe' }),
        budget('team', { scope: { kind: 'team', name: 'research' } }),
        budget('key', { scope: { kind: 'key', name: 'k1' }, window: 'lifetime' }),
      ],
      sampleScope({ user: 'alice', team: 'research', key: 'k1' }),
    )
    expect(accounts.map(({ budget: id, scope, windowEnd, isEnforced }) => [id, scope, windowEnd, isEnforced])).toEqual([
      ['alice', 'user:alice', NOON + DAY / 2, true],
      ['all', 'everything', NOON + DAY / 2, true],
      ['each user', 'user:alice', NOON + DAY / 2, false],
      ['key', 'key:k1', null, true],
      ['month', 'everything', Date.UTC(2026, 10, 30, 23), true],
      ['team', 'team:research', NOON + DAY / 2, true],
    ])
  })

  it('with two tags meets the budgets of both', () => {
    const tags = budget('tags', { scope: { kind: 'tag', name: '*' } })
    const nightly = budget('nightly', { scope: { kind: 'tag', name: 'nightly' } })
    const accounts = match([tags, nightly], sampleScope({ tags: ['nightly', 'eval', 'nightly'] }))
    expect(accounts.map(({ budget: id, scope }) => [id, scope])).toEqual([
      ['nightly', 'tag:nightly'],
      ['tags', 'tag:eval'],
      ['tags', 'tag:nightly'],
    ])
  })

  it('meets its own account under a cap for each session, each request, or each session of a user', () => {
    const budgets = [
      budget('session', { scope: { kind: 'session', name: '*' }, window: 'session' }),
      budget('request', { scope: { kind: 'request', name: '*' }, window: 'request' }),
      budget('alice, each call', { scope: { kind: 'user', name: 'alice' }, window: 'request' }),
      budget('alice, each session', { scope: { kind: 'user', name: 'alice' }, window: 'session' }),
    ]
    const keysOf = (session: string | null, callId: string) =>
      match(budgets, sampleScope({ user: 'alice', session }), callId).map(({ key }) => key)
    const [first, again, other] = [keysOf('s1', 'rg_1'), keysOf('s1', 'rg_2'), keysOf('s2', 'rg_2')]
    expect(first).toHaveLength(4)
    expect(again.filter((key) => first.includes(key))).toHaveLength(2)
    expect(other.filter((key) => first.includes(key))).toHaveLength(0)
  })

  it('that names no session is a session of its own: silence is no way around the cap', () => {
    const session = budget('session', { scope: { kind: 'session', name: '*' }, window: 'session' })
    expect(match([session], sampleScope(), 'rg_7')).toMatchObject([{ scope: 'session:rg_7', limit: session.limit }])
  })

  it('that names no user meets no budget of users', () => {
    expect(match([budget('each user', { scope: { kind: 'user', name: '*' } })])).toEqual([])
  })

  it('does not meet a paused budget', () => {
    expect(match([budget('paused', { isPaused: true })])).toEqual([])
  })
})

describe('an override', () => {
  const overridden = budget('users', {
    scope: { kind: 'user', name: '*' },
    overrides: [
      { scopeName: 'alice', limit: parseUsd('50'), until: NOON },
      { scopeName: 'carol', limit: parseUsd('5'), until: null },
      { scopeName: 'carol', limit: parseUsd('7'), until: null },
    ],
  })
  const limitOf = (user: string, at: number) => match([overridden], sampleScope({ user }), 'rg_1', at)[0]?.limit

  it('is another limit on the same account, for its name, until it expires', () => {
    expect(limitOf('alice', NOON - 1)).toBe(parseUsd('50'))
    expect(limitOf('alice', NOON)).toBe(parseUsd('20'))
    expect(limitOf('bob', NOON - 1)).toBe(parseUsd('20'))
    const keyAt = (at: number) => match([overridden], sampleScope({ user: 'alice' }), 'rg_1', at)[0]?.key
    expect(keyAt(NOON - 1)).toBe(keyAt(NOON))
  })

  it('for all holds where nobody has one of their own, on each call too', () => {
    const everyone = { scopeName: '*', limit: parseUsd('1'), until: null }
    const users = budget('u', { scope: { kind: 'user', name: '*' }, overrides: [...overridden.overrides, everyone] })
    const limits = ['alice', 'bob'].map((user) => match([users], sampleScope({ user }), 'rg_1', NOON - 1)[0]?.limit)
    expect(limits).toEqual([parseUsd('50'), parseUsd('1')])
    const request = budget('r', { scope: { kind: 'request', name: '*' }, window: 'request', overrides: [everyone] })
    expect(match([request])[0]?.limit).toBe(parseUsd('1'))
  })

  it('written last holds', () => {
    expect(limitOf('carol', NOON)).toBe(parseUsd('7'))
  })
})

describe('a running call', () => {
  it('keeps its windows and follows its budgets', () => {
    const before = [budget('all'), budget('users', { scope: { kind: 'user', name: '*' } }), budget('gone')]
    const accounts = match(before, sampleScope({ user: 'a:b' }))
    const lowered = budget('users', {
      scope: { kind: 'user', name: '*' },
      overrides: [{ scopeName: 'a:b', limit: nanoUsd(1), until: null }],
    })
    const renewed = renewAccounts(compileBudgets([budget('all', { isPaused: true }), lowered]), accounts, NOON + DAY)
    expect(renewed.map(({ key, windowStart }) => [key, windowStart])).toEqual(
      accounts.map(({ key, windowStart }) => [key, windowStart]),
    )
    expect(renewed.map(({ budget: id, limit, isEnforced }) => [id, limit, isEnforced])).toEqual([
      ['all', parseUsd('20'), false],
      ['gone', parseUsd('20'), false],
      ['users', 1, true],
    ])
  })
})

describe('the accounts of budgets', () => {
  const name = fc.oneof(
    fc.constantFrom('*', '|', '\\', 'a|', '|a', '__proto__', 'constructor', '\ud800', '🙂'),
    fc.string(),
  )
  const names = fc.option(name)

  it('have a key of their own for each budget, scope value and window, one that every store can keep', () => {
    const budgets = scopeKinds.flatMap((kind) =>
      windowKinds.map((window) => budget(`${kind} ${window}`, { scope: { kind, name: '*' }, window })),
    )
    const compiled = compileBudgets(budgets)
    const calls = fc.record({ user: names, session: names, project: names, at: fc.integer({ min: 0, max: 2e12 }) })
    const key = new Map<string, string>()
    fc.assert(
      fc.property(
        calls,
        fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme-ascii' }),
        ({ user, session, project, at }, callId) => {
          const headers = { 'x-runguard-user': user?.repeat(9), 'x-runguard-session': session?.repeat(99) }
          const accounts = matchBudgets(
            compiled,
            identify({ ...headers, 'x-runguard-tag': 'a,b' }, null, project),
            callId,
            at,
          )
          expect(accounts.map((account) => account.key)).toEqual(accounts.map((account) => account.key).sort())
          for (const { key: own, budget: id, scope, windowStart } of accounts) {
            const meaning = JSON.stringify([id, scope, windowStart, id.endsWith('request') ? callId : null])
            if (!id.endsWith(' session')) expect(key.get(own) ?? meaning).toBe(meaning)
            key.set(own, meaning)
          }
          assertEvent({
            kind: 'hold',
            hold: callId.trim() || 'x',
            at,
            accounts,
            amount: nanoUsd(1),
            owner: 'o',
            deadline: at,
          })
        },
      ),
    )
  })

  it('cannot be confused by names that look like parts of a key', () => {
    const each = budget('b', { scope: { kind: 'user', name: '*' }, window: 'session' })
    const keyOf = (user: string, session: string) => match([each], sampleScope({ user, session }))[0]?.key
    expect(keyOf('a', 'b|session|c')).not.toBe(keyOf('a|session|b', 'c'))
    expect(keyOf('a\\', 'b')).not.toBe(keyOf('a', '\\b'))
  })

  it('are found without looking at ten thousand others', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => budget(`b${n}`, { scope: { kind: 'user', name: `u${n}` } }))
    const counted = { reads: 0 }
    const countRead = () => {
      counted.reads += 1
      return parseUsd('20')
    }
    const watched = many.map((each) => Object.defineProperty(each, 'limit', { get: countRead }))
    const compiled = compileBudgets(watched)
    counted.reads = 0
    expect(matchBudgets(compiled, sampleScope({ user: 'u77' }), 'rg_1', NOON)).toHaveLength(1)
    expect(counted.reads).toBe(1)
  })

  it('cannot be told apart if two budgets have the same id, so that is refused', () => {
    expect(() => compileBudgets([budget('b'), budget('b')])).toThrow(RangeError)
  })
})
