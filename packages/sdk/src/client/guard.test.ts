import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../test/client-stage.js'
import {
  type BudgetAlert,
  ConfigError,
  createGuard,
  errorFromApiError,
  type GuardOptions,
  memoryStore,
} from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

describe('the options of a guard', () => {
  it('may all be left out', async () => {
    await createGuard().close()
    await createGuard({ store: undefined, runtime: undefined, onRecord: undefined, budgets: undefined }).close()
  })

  it('are checked, with everything that is wrong at once', () => {
    const options = { budget: [], mode: 'enforced', budgets: [{ scope: 'sesion:*', limit: '$5' }], store: 5 }
    const create = () => createGuard(options as unknown as GuardOptions)
    expect(create).toThrow(ConfigError)
    expect(create).toThrow(/unknown key "budget", did you mean "budgets"\?/)
    expect(create).toThrow(/mode: .*did you mean "enforce"\?/)
    expect(create).toThrow(/budgets\[0\]\.scope: .*did you mean "session"\?/)
    expect(create).toThrow(/store: must be a store/)
    for (const store of [{}, [], new Map()])
      expect(() => createGuard({ store: store as never })).toThrow(/store: must be/)
    expect(() => createGuard({ runtime: {} as never })).toThrow(/runtime: must be/)
    for (const none of [null, 5, 'guard', []]) expect(() => createGuard(none as never)).toThrow(/are an object, not/)
    for (const [none, shown] of [
      [null, 'null'],
      [5, '5'],
      [undefined, 'undefined'],
      ['fetch', '"fetch"'],
    ])
      expect(() => createGuard().guardFetch(none as never)).toThrow(`guardFetch() takes a fetch, not ${shown}`)
  })

  it('are budgets that must be said to be changed, and that may step down to its own tiers', () => {
    const degrade = [{ at: 0.8, step: 'cheaper-tier', to: 'tiny' }] as const
    const budgets = [{ scope: 'everything', limit: '$5', window: 'day', degrade }] as const
    const guard = stage.guard({ budgets, routing: { tiers: { tiny: 'claude-haiku-4-5' } } })
    guard.setBudgets(budgets)
    guard.setBudgets([])
    expect(() => stage.guard().setBudgets(budgets)).toThrow('unknown tier "tiny"')
    for (const none of [undefined, null, {}, '$5']) {
      expect(() => guard.setBudgets(none as never)).toThrow('budgets: must be a list of budgets, or [] for none')
    }
  })

  it('are those of its reports as well', async () => {
    const guard = stage.guard()
    await expect(guard.report({ groupBy: 'users' as never })).rejects.toThrow('not by "users"')
    await expect(guard.report({ groupBy: 'sesion' as never })).rejects.toThrow('did you mean session?')
    await expect(guard.report(undefined as never)).rejects.toThrow(RangeError)
    const slip = { groupBy: 'total', sesion: 'job-1' } as const
    await expect(guard.report(slip)).rejects.toThrow('a report knows no "sesion", did you mean session?')
    await expect(guard.cacheStats({ form: 0 } as never)).rejects.toThrow('cacheStats has no option "form"')
  })
})

describe('a guard', () => {
  it('tells of each call, and of each threshold that a budget crosses', async () => {
    const alerts: BudgetAlert[] = []
    const budgets = [{ scope: 'user:ada', limit: '$0.01', window: 'day', thresholds: [1] }] as const
    const guard = stage.guard({ budgets, onAlert: (alert) => alerts.push(alert) })
    const claude = guard.session({ user: 'ada' }).wrap(stage.client())
    await claude.messages.create(asking('hello'))
    await guard.flush()
    expect(alerts).toMatchObject([{ budget: 'user:ada/day', percent: 1 }])
    expect(stage.records.length).toBe(1)
  })

  it('keeps a budget among calls that run at the same time', async () => {
    const guard = stage.guard({
      budgets: [{ scope: 'everything', limit: '$0.05', window: 'day' }],
      waitForMoneyMs: 5_000,
    })
    const claude = guard.wrap(stage.client())
    const calls = Array.from({ length: 20 }, () =>
      claude.messages.create({ ...asking('[[sim:text 200]]') }).catch(errorFromApiError),
    )
    await Promise.all(calls)
    const spent = stage.records.reduce((sum, { cost }) => sum + cost.nano, 0)
    expect(spent).toBeGreaterThan(40_000_000)
    expect(spent).toBeLessThanOrEqual(50_000_000)
  })

  it('refuses nothing where it only observes', async () => {
    const guard = stage.guard({ mode: 'observe', budgets: [{ scope: 'everything', limit: 0, window: 'day' }] })
    await guard.wrap(stage.client()).messages.create(asking('hello'))
    expect(stage.records).toMatchObject([{ ending: { kind: 'exact' } }])
  })

  it('takes other budgets into force, and refuses wrong ones', async () => {
    const guard = stage.guard()
    const claude = guard.wrap(stage.client())
    await claude.messages.create(asking('hello'))
    guard.setBudgets([{ scope: 'everything', limit: 0, window: 'day' }])
    expect(await rejection(claude.messages.create(asking('hello')))).toMatchObject({ name: 'BudgetExceededError' })
    expect(() => guard.setBudgets([{ scope: 'everything', limit: '5 euros', window: 'day' }])).toThrow(ConfigError)
  })

  it('reports what was spent, and how well the cache served', async () => {
    const guard = stage.guard()
    const claude = guard.session({ id: 'one' }).wrap(stage.client())
    const system = [
      { type: 'text' as const, text: 'words '.repeat(8_000), cache_control: { type: 'ephemeral' as const } },
    ]
    for (let turn = 0; turn < 3; turn++) await claude.messages.create({ ...asking('hello'), system })
    await guard.flush()
    const spent = stage.records.reduce((sum, { cost }) => sum + cost.nano, 0)
    expect(await guard.report({ groupBy: 'session' })).toMatchObject([{ group: 'one', calls: 3, costNano: spent }])
    const stats = await guard.cacheStats()
    expect(stats.cacheReadTokens).toBe(2 * stats.cacheWriteTokens)
    expect(stats.cacheHitRate).toBeCloseTo(2 / 3, 2)
    const none = { calls: 0, cacheReadTokens: 0, cacheWriteTokens: 0, regularInputTokens: 0, cacheHitRate: 0 }
    expect(await guard.cacheStats({ until: 1 })).toEqual(none)
  })

  it('shares budgets with whoever shares its store', async () => {
    const store = memoryStore()
    const budgets = [{ scope: 'everything', limit: '$0.0005', window: 'day' }] as const
    const [one, two] = [stage.guard({ store, budgets }), stage.guard({ store, budgets })]
    const request = { ...asking('hello'), max_tokens: 10 }
    await one.wrap(stage.client()).messages.create(request)
    await one.flush()
    for (let call = 0; call < 2; call++)
      await two
        .wrap(stage.client())
        .messages.create(request)
        .catch(() => {})
    const error = await rejection(one.wrap(stage.client()).messages.create(request))
    expect(error).toMatchObject({ code: 'runguard_budget_exceeded' })
  })

  it('that is closed ends what runs, keeps it, and sends nothing more', async () => {
    const store = memoryStore()
    const guard = stage.guard({ store })
    const claude = guard.wrap(stage.client())
    stage.simulator.fault({ kind: 'hang' })
    const hanging = rejection(claude.messages.create(asking('hello')))
    const unread = await claude.messages.create({ ...asking('[[sim:text 900]]'), stream: true })
    await guard.close()
    expect(await hanging).toMatchObject({ code: 'runguard_closed' })
    const read = async () => {
      for await (const _ of unread);
    }
    expect(errorFromApiError(await rejection(read()))).toMatchObject({ code: 'runguard_closed' })
    expect(await rejection(claude.messages.create(asking('hello')))).toMatchObject({ code: 'runguard_closed' })
    const kept = await store.listRecords(10)
    expect(kept.map(({ ending }) => ending.reason)).toEqual(['gateway-stopped', 'gateway-stopped'])
  })
})

describe('a refusal', () => {
  const nothing = { budgets: [{ scope: 'everything', limit: 0, window: 'day' as const }] }

  it.each([
    ['a plain call', () => stage.guard(nothing).wrap(stage.client()).messages.create(asking('hello'))],
    ['a stream with helpers', () => stage.guard(nothing).wrap(stage.client()).messages.stream(asking('hello')).done()],
    [
      'a client over a guarded fetch',
      () => stage.client({ fetch: stage.guard(nothing).fetch }).messages.create(asking('hello')),
    ],
  ])('is found in whatever %s throws', async (_, call) => {
    const refusal = errorFromApiError(await rejection(call()))
    expect(refusal).toMatchObject({ name: 'BudgetExceededError', scope: 'everything', limitUsd: 0, spentUsd: 0 })
  })

  it('is not found in other errors', async () => {
    stage.simulator.fault({
      kind: 'status',
      status: 402,
      type: 'billing_error',
      errorCode: 'enforced_spend_limit_reached',
    })
    expect(errorFromApiError(await rejection(stage.client().messages.create(asking('hello'))))).toBeNull()
  })
})
