/** A guard whose engine is still on its way: no test here waits before it does something. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../test/client-stage.js'
import { type BudgetAlert, ConfigError, memoryStore } from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

const limitOf = (limit: string | number) => [{ scope: 'everything', limit, window: 'day' as const }]

describe('a guard that was just made', () => {
  it('lets no call past its budget', async () => {
    const claude = stage.guard({ budgets: limitOf('$0.05'), waitForMoneyMs: 5_000 }).wrap(stage.client())
    const calls = Array.from({ length: 20 }, () => claude.messages.create(asking('[[sim:text 200]]')))
    const ends = await Promise.allSettled(calls)
    const spent = stage.records.reduce((sum, { cost }) => sum + cost.nano, 0)
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']))
    expect(spent).toBeLessThanOrEqual(50_000_000)
  })

  it('takes other budgets, the last ones last, and refuses wrong ones at once', async () => {
    const [open, shut] = [stage.guard({ budgets: limitOf(0) }), stage.guard()]
    open.setBudgets(limitOf(0))
    open.setBudgets(limitOf('$5'))
    shut.setBudgets(limitOf('$5'))
    shut.setBudgets(limitOf(0))
    expect(() => shut.setBudgets(limitOf('5 euros'))).toThrow(ConfigError)
    const refused = rejection(shut.wrap(stage.client()).messages.create(asking('hello')))
    await open.wrap(stage.client()).messages.create(asking('hello'))
    expect(await refused).toMatchObject({ name: 'BudgetExceededError' })
  })

  it('answers what is asked of it', async () => {
    const store = memoryStore()
    const before = stage.guard({ store })
    await before.wrap(stage.client()).messages.create(asking('hello'))
    await before.close()
    const guard = stage.guard({ store })
    const asked = [guard.report({ groupBy: 'total' }), guard.cacheStats(), guard.learned(), guard.feedback('no', true)]
    const calls = { calls: 1 }
    expect(await Promise.all(asked)).toMatchObject([[calls], calls, [], false])
    await stage.guard({ store }).flush()
  })

  it('sends nothing once it is closed, not even what was asked for before', async () => {
    const guard = stage.guard()
    const claude = guard.wrap(stage.client())
    const early = rejection(claude.messages.create(asking('hello')))
    const closed = guard.close()
    const late = rejection(claude.messages.create(asking('hello')))
    await closed
    for (const error of [await early, await late]) expect(error).toMatchObject({ code: 'runguard_closed' })
    expect(stage.simulator.log).toEqual([])
  })

  it('sends nothing for a caller who leaves, and records that', async () => {
    const leaving = new AbortController()
    const request = { method: 'POST', body: JSON.stringify(asking('hello')), signal: leaving.signal }
    const call = stage.guard().fetch(`${stage.simulator.url}/v1/messages`, request)
    leaving.abort(new Error('enough'))
    expect(await rejection(call)).toMatchObject({ message: 'enough' })
    expect(stage.records).toMatchObject([{ ending: { reason: 'caller-aborted' } }])
    expect(stage.simulator.log).toEqual([])
  })

  it('has sessions that may end, and cascades that know their tiers', async () => {
    const guard = stage.guard({ routing: { tiers: { tiny: 'claude-haiku-4-5' } } })
    const session = guard.session({ id: 'run-1' })
    session.presence('closed')
    expect(() => session.cascade(['tinny'], () => true)).toThrow(/unknown tier "tinny"/)
    const cascade = session.cascade(['tiny', 'claude-opus-5-5'], () => true)
    expect(await cascade.create(stage.client(), asking('hello'))).toMatchObject({ isGood: true })
    expect(stage.records).toMatchObject([{ scope: { session: 'run-1' } }])
  })

  it('takes calls that may wait, and finds those of before', async () => {
    const store = memoryStore()
    const defer = () => stage.guard({ store, client: stage.client() })
    await defer().defer(asking('hello'), { within: '6h', id: 'job-1' })
    expect(await defer().deferred('job-1').status()).toMatchObject({ outcome: null })
    expect(await defer().deferred('job-1').cancel()).toBe(true)
  })

  it('looks after its budgets before there is a call', async () => {
    const store = memoryStore()
    const before = stage.guard({ store, budgets: limitOf('$5') })
    await before.wrap(stage.client()).messages.create(asking('hello'))
    await before.close()
    const alerts: BudgetAlert[] = []
    stage.guard({ store, budgets: limitOf('$0.0001'), onAlert: (alert) => alerts.push(alert) })
    await expect.poll(() => alerts.at(-1)).toMatchObject({ budget: 'everything/day', percent: 100 })
  })

  it('keeps to the options that it was given, whatever becomes of their object', async () => {
    const store = memoryStore()
    const options = { store, budgets: limitOf('$5') }
    const guard = stage.guard(options)
    options.store = memoryStore()
    options.budgets[0] = { scope: 'everything', limit: 0, window: 'day' }
    await guard.wrap(stage.client()).messages.create(asking('hello'))
    await guard.flush()
    expect(await store.listRecords(10)).toHaveLength(1)
  })
})
