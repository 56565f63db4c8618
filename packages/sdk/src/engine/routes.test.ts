import { describe, expect, it } from 'vitest'
import { scanCall } from '../core/body/scan.js'
import { compileBudgets, matchBudgets } from '../core/budget/budget.js'
import { identify } from '../core/budget/scope.js'
import { readConfig } from '../core/config/config.js'
import { nanoUsd, parseUsd, zeroUsd } from '../core/cost/money.js'
import { loadPriceBook } from '../core/cost/price.js'
import { priceList } from '../core/cost/price-list.js'
import type { Usage } from '../core/cost/usage.js'
import { defaultRoutePolicy } from '../core/route/routing.js'
import { estimateInput } from '../core/tokens/tokens.js'
import { memoryStore } from '../store/memory.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { sampleRecord } from '../testing/sample-record.js'
import { rememberBalances } from './balances.js'
import { startLearning } from './learning.js'
import { openRoutes, type Routing } from './routes.js'

const [haiku, sonnet, opus] = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5']
const LADDER = [
  { at: 0.8, step: 'cheaper-tier' },
  { at: 0.9, step: 'lower-effort' },
  { at: 0.95, step: 'tighter-max-tokens', maxTokens: 2_000 },
  { at: 0.99, step: 'refuse' },
]
const OTHER = { 'x-runguard-session': 'other' }
const book = loadPriceBook(priceList)
const user = (content: string) => ({ role: 'user', content })
const turns = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    at % 2 === 0 ? user(`say ${at}`) : { role: 'assistant', content: `said ${at}` },
  )

function openStage(config: object = {}, store = memoryStore()) {
  const reading = readConfig({
    budgets: [{ scope: 'everything', window: 'day', limit: 10, degrade: LADDER }],
    ...config,
  })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const budgets = compileBudgets(reading.config.budgets)
  const runtime = manualRuntime()
  const balances = rememberBalances(store)
  const { outputs, ratioOf } = startLearning()
  const routes = openRoutes({
    runtime,
    book,
    policy: reading.config.routing ?? defaultRoutePolicy,
    balances,
    store,
    estimateInput,
    flush: async () => {},
    warmOn: () => 0,
    ratioOf,
    budgets: () => budgets,
    shortOutput: (_, model) => outputs.expectShort({ scope: null, model }),
  })
  let calls = 0
  const scope = (headers: Record<string, string>) => identify({ 'x-runguard-session': 's', ...headers }, null, null)
  return {
    routes,
    runtime,
    store,
    spend: (usd: number) => {
      const accounts = matchBudgets(budgets, scope({}), 'c', runtime.now())
      balances.learn(accounts.map((ref) => ({ ...ref, spent: nanoUsd(parseUsd(usd)), held: zeroUsd, entryCount: 1 })))
    },
    post: async (usd: number) => {
      const accounts = matchBudgets(budgets, scope({}), 'c', runtime.now())
      const [amount, at] = [nanoUsd(parseUsd(usd)), runtime.now()]
      const hold = { kind: 'hold', hold: 'h', at, accounts, amount, owner: 'o', deadline: at + 1_000 } as const
      const settle = { kind: 'settle', hold: 'h', at, amount, isEstimate: false } as const
      await store.post({ events: [hold, settle], records: [] })
    },
    send: async (request: object, headers: Record<string, string> = {}) => {
      const body = new TextEncoder().encode(
        JSON.stringify({ model: opus, max_tokens: 8_000, messages: turns(1), ...request }),
      )
      return routes.route({
        id: `c${calls++}`,
        view: scanCall(body),
        body,
        scope: scope(headers),
        headers,
        isChosen: false,
        waiting: { kind: 'at-once', why: 'nobody said that it may wait' },
      })
    },
    answer: (routing: Routing | null, counts: { read?: number; write5m?: number }, id = 'rg_a', by?: string) => {
      if (routing === null) throw new Error('was not routed')
      const model = by ?? routing.view.model ?? ''
      const part = { kind: 'message', model, input: 10, write5m: 0, write1h: 0, read: 0, output: 50, ...counts }
      const usage: Usage = { parts: [part], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }
      const startedAt = runtime.now()
      const record = {
        ...sampleRecord(),
        id,
        usage,
        startedAt,
        servedModel: model,
        scope: scope({ 'x-runguard-task': 'extract' }),
      }
      routes.ended(routing, record)
      return routes.close(routing, { usage, cache: null, atMs: startedAt })
    },
  }
}
const sentBy = (routing: Routing | null) => {
  const body = routing?.body
  return body == null ? null : (JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>)
}

describe('routing that nobody asked for', () => {
  it('looks at nothing', async () => {
    expect(await openStage({ budgets: [] }).send({}, { 'x-runguard-task': 'extract' })).toBe(null)
    expect(await openStage().send({})).toBe(null)
  })
})

describe('a declared task', () => {
  it('is sent to its tier, with every other byte as it was', async () => {
    const stage = openStage({ routing: { mode: 'route' } })
    const routing = await stage.send({}, { 'x-runguard-task': 'extract' })
    expect(sentBy(routing)).toEqual({ model: haiku, max_tokens: 8_000, messages: turns(1) })
    expect(routing?.route).toMatchObject({
      asked: opus,
      model: haiku,
      reason: 'task',
      isApplied: true,
      savedNano: null,
    })
    expect(stage.answer(routing, {})?.savedNano).toBe(40_000 + 1_000_000 - 1_000 - 25_000)
  })

  it('is only explained where that was asked for', async () => {
    const routing = await openStage({ routing: { mode: 'explain' } }).send({}, { 'x-runguard-task': 'extract' })
    expect(routing).toMatchObject({ body: null, route: { model: haiku, isApplied: false } })
  })

  it('that asks for a retired model is sent as it is where routes are only explained, or off', async () => {
    const asked = { model: 'claude-3-5-haiku-20241022' }
    const explained = await openStage({ routing: { mode: 'explain' } }).send(asked)
    expect(explained).toMatchObject({ body: null, route: { model: haiku, reason: 'retired', isApplied: false } })
    const degrade = LADDER.filter(({ step }) => step === 'tighter-max-tokens')
    const stage = openStage({ budgets: [{ scope: 'everything', window: 'day', limit: 10, degrade }] })
    stage.spend(9.6)
    expect(sentBy(await stage.send(asked))).toMatchObject({ ...asked, max_tokens: 2_000 })
  })

  it.each(['explain', 'route'])('is not renamed by the date that its answers give it (%s)', async (mode) => {
    const stage = openStage({ routing: { mode } })
    const asked = { model: 'claude-haiku-4-5' }
    stage.answer(await stage.send(asked), { write5m: 5_000 }, 'rg_a', 'claude-haiku-4-5-20251001')
    const next = await stage.send({ ...asked, messages: turns(3) })
    expect(next).toMatchObject({ body: null, route: { model: 'claude-haiku-4-5', lostTokens: 0 } })
  })

  it('does not follow an answer that another model gave, and judges that one by it', async () => {
    const stage = openStage({ routing: { mode: 'route' } })
    stage.answer(await stage.send({}, { 'x-runguard-task': 'extract' }), { write5m: 5_000 }, 'rg_a', sonnet)
    expect(await stage.routes.outcomes.judge({ call: 'rg_a', isGood: false })).toBe(true)
    expect(await stage.routes.outcomes.list()).toMatchObject([{ task: 'extract', tier: 'medium' }])
    expect((await stage.send({ messages: turns(3) }))?.route?.model).not.toBe(sonnet)
  })

  it('that its tier fails goes to the next one, once enough was said of it', async () => {
    const stage = openStage({ routing: { mode: 'route' } })
    for (let n = 0; n < 8; n++) {
      stage.answer(await stage.send({}, { 'x-runguard-task': 'extract' }), {}, `rg_${n}`)
      expect(await stage.routes.outcomes.judge({ call: `rg_${n}`, isGood: false })).toBe(true)
    }
    expect(await stage.routes.outcomes.judge({ call: 'rg_0', isGood: true })).toBe(false)
    expect(await stage.routes.outcomes.judge({ call: 'nobody', isGood: true })).toBe(false)
    const routing = await stage.send({}, { 'x-runguard-task': 'extract' })
    expect(routing?.route).toMatchObject({ model: sonnet, reason: 'learned' })
    expect((await stage.routes.outcomes.list()).map(({ tier, evidence }) => [tier, evidence])).toEqual([
      ['medium', 3],
      ['small', 5],
    ])
  })
})

describe('a budget that runs low', () => {
  it('sends new conversations to the next cheaper tier, and leaves warm ones', async () => {
    const stage = openStage()
    stage.spend(0)
    await stage.send({})
    stage.spend(8)
    const fresh = await stage.send({})
    expect(sentBy(fresh)?.model).toBe(sonnet)
    expect(fresh?.degraded).toEqual([expect.objectContaining({ kind: 'cheaper-tier', change: `${opus} → ${sonnet}` })])
    const running = await stage.send({ messages: [...turns(2), user('long '.repeat(8_000))] }, OTHER)
    expect(running?.body).toBe(null)
    expect(running?.degraded).toEqual([
      expect.objectContaining({ kind: 'cheaper-tier', change: null, why: 'would lose the warm cache' }),
    ])
  })

  it('keeps a conversation where it began, warm, when the window has begun anew, and lets it go once it is cold', async () => {
    const stage = openStage()
    stage.spend(0)
    await stage.send({})
    stage.spend(8)
    stage.answer(await stage.send({}), { write5m: 5_000 })
    stage.spend(0)
    const warm = await stage.send({ messages: turns(3) })
    expect([sentBy(warm)?.model, warm?.route?.reason]).toEqual([sonnet, 'conversation'])
    stage.runtime.advance(300_001)
    expect((await stage.send({ messages: turns(3) }))?.route).toMatchObject({ model: opus, reason: 'undeclared' })
  })

  it('keeps a conversation where it began although another process serves its next call', async () => {
    const first = openStage()
    first.spend(9.6)
    first.answer(await first.send({}), { write5m: 5_000 })
    await first.routes.settled()
    const second = openStage({}, first.store)
    second.spend(0)
    const warm = await second.send({ messages: turns(3) })
    expect(sentBy(warm)).toMatchObject({ model: sonnet, output_config: { effort: 'low' } })
    expect(warm?.route?.reason).toBe('conversation')
    // Another one that begins alike is another one.
    expect(await second.send({ messages: turns(3) }, OTHER)).toBe(null)
    second.answer(warm, { read: 5_000, write5m: 500 })
    await second.routes.settled()
    // The first one takes it for cold by then, and asks before it lets it go.
    first.runtime.advance(299_000)
    second.runtime.advance(299_000)
    second.answer(await second.send({ messages: turns(5) }), { read: 5_500, write5m: 500 })
    await second.routes.settled()
    first.runtime.advance(2_000)
    first.spend(0)
    expect((await first.send({ messages: turns(7) }))?.route).toMatchObject({ model: sonnet, reason: 'conversation' })
  })

  it('asks the store once for a conversation that nobody has moved, and goes on where that is away', async () => {
    const store = memoryStore()
    let looks = 0
    const stage = openStage(
      {},
      {
        ...store,
        findConversation: () => {
          looks += 1
          return Promise.reject(new Error('away'))
        },
      },
    )
    stage.spend(0)
    for (let calls = 0; calls < 3; calls++) expect(await stage.send({ messages: turns(3) })).toBe(null)
    expect(looks).toBe(1)
    expect(await openStage({ budgets: [] }, store).send({ messages: turns(3) })).toBe(null)
  })

  it('lowers effort and max_tokens as well, and says what it changed', async () => {
    const stage = openStage()
    stage.spend(0)
    await stage.send({})
    stage.spend(9.6)
    const routing = await stage.send({})
    expect(sentBy(routing)).toEqual({
      output_config: { effort: 'low' },
      model: sonnet,
      max_tokens: 2_000,
      messages: turns(1),
    })
    expect(routing?.degraded.map(({ change }) => change)).toEqual([
      `${opus} → ${sonnet}`,
      'effort high → low',
      'max_tokens 8000 → 2000',
    ])
    stage.answer(routing, { write5m: 5_000 })
    stage.spend(0)
    expect(sentBy(await stage.send({ messages: turns(3) }))).toMatchObject({
      output_config: { effort: 'low' },
      max_tokens: 8_000,
    })
  })

  it('refuses from the last step on, and says which budget and why', async () => {
    const stage = openStage()
    stage.spend(0)
    await stage.send({})
    stage.spend(9.9)
    const routing = await stage.send({})
    expect(routing?.refusal).toMatchObject({
      code: 'runguard_budget_exceeded',
      details: { reason: 'degraded', spent_usd: '9.9' },
    })
    expect(routing?.refusal?.message).toBe(
      'The RunGuard budget "everything/day" for everything has 99 % of $10.00 used; from 99 % on its calls are refused. ' +
        'It resets at 2026-11-27T00:00:00.000Z; raise the limit to go on before.',
    )
  })

  it('leaves the step to a cheaper tier where the task has led to one already', async () => {
    const { send, spend } = openStage({ routing: { mode: 'route' } })
    spend(8.5)
    const routing = await send({}, { 'x-runguard-task': 'extract' })
    expect(routing?.route).toMatchObject({ model: haiku, reason: 'task' })
    expect(routing?.degraded).toMatchObject([{ kind: 'cheaper-tier', change: null, why: 'there is no cheaper model' }])
  })

  it('changes nothing where it only observes', async () => {
    const budget = { scope: 'everything', window: 'day', limit: 10, mode: 'observe', degrade: LADDER }
    const stage = openStage({ budgets: [budget] })
    stage.spend(0)
    await stage.send({})
    stage.spend(9.95)
    const routing = await stage.send({})
    expect([routing?.body, routing?.refusal]).toEqual([null, null])
    expect(routing?.degraded.map(({ kind, why }) => [kind, why])).toEqual(
      LADDER.map(({ step }) => [step, 'the budget only observes']),
    )
  })

  it('is asked of the store where this process has not heard of it: a restart is no new day', async () => {
    const stage = openStage()
    await stage.post(8)
    expect((await stage.send({}))?.degraded).toHaveLength(1)
  })
})
