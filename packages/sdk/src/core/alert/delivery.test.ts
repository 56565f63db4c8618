import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openAlert } from './alert.js'
import { draftTest } from './alert-drafts.js'
import { type AlertPolicy, defaultAlertPolicy, isLike, recipientsOf } from './alert-policy.js'
import { type Delivery, isToldOf, openDelivery, repeatDelivery, stepDelivery } from './delivery.js'
import { dedupKey } from './pagerduty-event.js'

const alert = openAlert(draftTest('rg_1', 'ops', 0), { id: 'rg_1', links: [], auditHead: null })
const fresh = openDelivery('rg_2', { name: 'ops', kind: 'slack' }, { alert, action: 'trigger', at: 0 })
const DAY_MS = 86_400_000
const failed = { kind: 'failed', status: 503, error: 'HTTP 503', retryAfterMs: null } as const

/** The moments of all attempts at a receiver that never takes anything. */
function attempts(delivery: Delivery, giveUpAfterMs: number): { readonly at: number[]; readonly last: Delivery } {
  const at: number[] = []
  let current = delivery
  while (current.status === 'waiting') {
    at.push(current.dueAt)
    current = stepDelivery(current, failed, current.dueAt, giveUpAfterMs)
  }
  return { at, last: current }
}

describe('a message', () => {
  it('is delivered when the receiver takes it', () => {
    const done = stepDelivery(fresh, { kind: 'accepted', status: 200 }, 7, DAY_MS)
    expect(done).toMatchObject({ status: 'delivered', attempts: 1, endedAt: 7, lastError: null, owner: null })
  })

  it('is not sent again where that is of no use', () => {
    const outcome = { kind: 'refused', status: 404, error: 'no_service' } as const
    expect(stepDelivery(fresh, outcome, 7, DAY_MS)).toMatchObject({ status: 'failed', lastError: 'no_service' })
  })

  it('is tried ever more rarely, at least every five minutes, until it is given up', () => {
    const { at, last } = attempts(fresh, DAY_MS)
    const pauses = at.slice(1).map((each, index) => each - (at[index] ?? 0))
    expect(pauses[0]).toBeGreaterThanOrEqual(1_000)
    expect(pauses[0]).toBeLessThanOrEqual(2_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(300_000)
    expect(Math.max(...at)).toBeLessThanOrEqual(DAY_MS)
    expect(Math.max(...at)).toBeGreaterThan(DAY_MS - 300_000)
    expect(last).toMatchObject({ status: 'failed', lastError: 'HTTP 503', attempts: at.length })
  })

  it('is not tried by all at the same moment', () => {
    const first = (id: string) => stepDelivery({ ...fresh, id }, failed, 0, DAY_MS).dueAt
    expect(new Set(Array.from({ length: 100 }, (_, index) => first(`rg_${index}`))).size).toBeGreaterThan(80)
  })

  it('waits as long as the receiver says, up to an hour', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (retryAfterMs) => {
        const { dueAt } = stepDelivery(fresh, { ...failed, status: 429, retryAfterMs }, 0, DAY_MS)
        expect(dueAt).toBe(Math.min(Math.max(retryAfterMs, 0), 3_600_000))
      }),
    )
  })

  it('goes out once more by itself when somebody asks', () => {
    const done = stepDelivery(fresh, { kind: 'refused', status: 400, error: 'x' }, 7, DAY_MS)
    expect(repeatDelivery('rg_3', done, 9)).toMatchObject({
      ...fresh,
      id: 'rg_3',
      createdAt: 9,
      dueAt: 9,
      position: 0,
      resendOf: 'rg_2',
    })
  })

  it('that something is over goes to programs always, and to people where it is news', () => {
    const told = (kind: 'slack' | 'pagerduty') => [
      isToldOf(kind, 'acknowledge', 'breaker'),
      isToldOf(kind, 'resolve', 'breaker'),
      isToldOf(kind, 'resolve', 'budget'),
    ]
    expect(told('slack')).toEqual([false, true, false])
    expect(told('pagerduty')).toEqual([true, true, true])
  })
})

describe('the recipients of an alert', () => {
  const channels = ['ops', 'night'].map((name) => ({ name, kind: 'slack', url: 'https://x' }) as const)
  const policy: AlertPolicy = {
    ...defaultAlertPolicy,
    channels,
    rules: [
      { send: ['ops'], kinds: null, least: 'info', about: null },
      { send: ['night', 'ops'], kinds: ['budget'], least: 'error', about: 'team:*' },
    ],
  }
  const names = (changes: object) => recipientsOf({ ...alert, ...changes }, policy).map(({ name }) => name)

  it('are all those of the rules it meets, each once', () => {
    expect(names({ about: 'everything' })).toEqual(['ops'])
    expect(names({ kind: 'budget', severity: 'critical', about: 'team:web' })).toEqual(['ops', 'night'])
    expect(names({ kind: 'budget', severity: 'warning', about: 'team:web' })).toEqual(['ops'])
    expect(names({ kind: 'budget', severity: 'error', about: 'user:web' })).toEqual(['ops'])
  })

  it('are not the channel that it is about', () => {
    expect(names({ kind: 'delivery', about: 'channel:ops' })).toEqual([])
  })

  it('are found by stars that stand for anything', () => {
    for (const [text, pattern, expected] of [
      ['team:web', 'team:*', true],
      ['team:web', 'team:web', true],
      ['team:web', 'team:we', false],
      ['abab', 'ab*ab', true],
      ['ab', 'ab*ab', false],
      ['a.c', 'a*b*c', false],
      ['axbxc', 'a*b*c', true],
      ['anything', '*', true],
    ] as const) {
      expect([text, pattern, isLike(text, pattern)]).toEqual([text, pattern, expected])
    }
  })

  it('are found as a regular expression would find them', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    fc.assert(
      fc.property(letters, letters, (text, pattern) => {
        const expression = new RegExp(`^${pattern.split('*').join('.*')}$`, 's')
        expect(isLike(text.replaceAll('*', 'c'), pattern)).toBe(expression.test(text.replaceAll('*', 'c')))
      }),
    )
  })
})

it('a key that PagerDuty would refuse is cut, and two that begin alike stay two', () => {
  const long = 'k'.repeat(400)
  expect(dedupKey('short')).toBe('short')
  expect(dedupKey(`${long}a`).length).toBeLessThanOrEqual(255)
  expect(dedupKey(`${long}a`)).not.toBe(dedupKey(`${long}b`))
})
