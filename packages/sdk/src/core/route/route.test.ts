import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { dayOf, estimateSuccess } from './outcomes.js'
import { chooseRoute } from './route.js'
import type { RouteParts, RouteRequest } from './route-facts.js'
import { defaultRoutePolicy } from './routing.js'

const book = loadPriceBook(priceList)
const now = Date.parse('2026-11-27T12:00:00Z')
const [haiku, sonnet, opus] = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5']
const parts: RouteParts = {
  policy: { ...defaultRoutePolicy, mode: 'route' },
  book,
  successOf: () => estimateSuccess([], now),
}
const viewOf = (body: object) =>
  scanCall(new TextEncoder().encode(JSON.stringify({ model: opus, max_tokens: 1_000, messages: [], ...body })))
const ask = (body: object, more: Partial<RouteRequest> = {}, with_: Partial<RouteParts> = {}) => {
  const request: RouteRequest = {
    view: viewOf(body),
    effort: null,
    betas: [],
    task: null,
    guess: null,
    tags: [],
    promptTokens: 1_000,
    outputTokens: 100,
    isStart: true,
    conversation: null,
    pressure: null,
    atMs: now,
    ...more,
  }
  const route = chooseRoute(request, { ...parts, ...with_ })
  if (route === null) throw new Error('no route')
  return route
}
const whyNot = (route: ReturnType<typeof ask>) => route.rejected.map(({ model, why }) => `${model} ${why}`)

describe('a call that declares its task', () => {
  it('goes to no model whose window its answer could overrun', () => {
    const long = { task: 'classify', promptTokens: 195_000 }
    const tiers = new Map([...defaultRoutePolicy.tiers, ['small', 'claude-haiku-4-5']])
    const policy = { ...parts.policy, tiers, longContentTokens: 1_000_000 }
    const asked = ask({ model: 'claude-opus-4-5', max_tokens: 8_000 }, long, { policy })
    expect(whyNot(asked)).toContain('claude-haiku-4-5 leaves no room for the answer')
    expect(ask({ model: 'claude-opus-4-5', max_tokens: 1_000 }, long, { policy }).model).toBe('claude-haiku-4-5')
  })

  it('is known to be of a tier by either name of its model', () => {
    const tiers = new Map([['small', 'claude-haiku-4-5-20251001']])
    const policy = { ...parts.policy, tiers }
    expect(ask({ model: 'claude-haiku-4-5' }, {}, { policy }).tier).toBe('small')
  })

  it.each([
    ['extract', 1_000, haiku, 'task'],
    ['extract', 60_000, sonnet, 'long-content'],
    ['reason', 1_000, sonnet, 'task'],
    ['poetry', 1_000, sonnet, 'unknown-task'],
    ['research', 1_000, opus, 'task'],
  ])('%s of %i tokens goes to %s', (task, promptTokens, model, reason) => {
    expect(ask({}, { task, promptTokens })).toMatchObject({ model, reason, asked: opus, lostTokens: 0 })
  })

  it('never goes to a dearer model than it asks for', () => {
    expect(ask({ model: haiku }, { task: 'research' })).toMatchObject({ model: haiku })
    expect(ask({ model: 'claude-haiku-4-5' }, { task: 'extract' })).toMatchObject({ model: haiku })
  })

  it('knows what the route should save', () => {
    const route = ask({}, { task: 'extract', promptTokens: 10_000, outputTokens: 1_000 })
    expect([route.expected, route.expectedAsked]).toEqual([1_500_000, 60_000_000])
  })
})

describe('a call that declares nothing', () => {
  it('stays where it is', () => {
    expect(ask({})).toMatchObject({ model: opus, reason: 'undeclared', rejected: [] })
  })

  it('is routed by its tag where one is known', () => {
    const policy = { ...parts.policy, tags: new Map([['nightly', 'small']]) }
    expect(ask({}, { tags: ['x', 'nightly'] }, { policy })).toMatchObject({ model: haiku, reason: 'tag' })
  })
})

describe('what a cheaper model cannot do', () => {
  it.each([
    [{ thinking: { type: 'between_tools' } }, {}, sonnet, 'does not take thinking: between_tools'],
    [{ speed: 'fast' }, {}, opus, 'has no fast mode'],
    [{ messages: [{ role: 'system', content: 'x' }] }, {}, opus, 'takes no system messages in a conversation'],
    [{}, { promptTokens: 1_100_000 }, opus, 'has too small a context window'],
  ])('is not asked of it: %j', (body, more, model, why) => {
    const route = ask(body, { task: 'extract', ...more }, { policy: { ...parts.policy, longContentTokens: 1e9 } })
    expect(route.model).toBe(model)
    expect(whyNot(route)[0]).toBe(`${haiku} ${why}`)
  })

  it('is known of models that think always, of old ones and of effort', () => {
    const policy = {
      ...parts.policy,
      tiers: new Map([
        ['small', 'claude-haiku-4-5'],
        ['large', opus],
      ]),
    }
    expect(whyNot(ask({}, { task: 'extract', effort: 'low' }, { policy }))).toEqual([
      'claude-haiku-4-5 does not take the effort low',
    ])
    const fable = { ...parts.policy, tiers: new Map([['small', opus]]) }
    const forced = { model: 'claude-fable-5-2', tool_choice: { type: 'any' } }
    expect(whyNot(ask(forced, { task: 'extract' }, { policy: fable }))).toEqual([
      `${opus} cannot be forced to use a tool`,
    ])
  })
})

describe('what looks cheaper and is not', () => {
  it('is the newer tokenizer: Opus 5 against Opus 4.6 by the token, dearer by the text', () => {
    const policy = { ...parts.policy, tiers: new Map([['small', opus]]) }
    const route = ask({ model: 'claude-opus-4-6' }, { task: 'extract' }, { policy })
    expect(route.model).toBe('claude-opus-4-6')
    expect(whyNot(route)).toEqual([`${opus} would cost no less`])
  })

  it('is Haiku 5.5 above 100,000 tokens: the fifth of the saving', () => {
    const policy = { ...parts.policy, longContentTokens: 1e9 }
    const cost = (promptTokens: number) =>
      ask({}, { task: 'extract', promptTokens, outputTokens: 0 }, { policy }).expected
    expect([cost(100_000), cost(100_001)]).toEqual([10_000_000, 50_000_500])
  })
})

describe('within a conversation', () => {
  const talk = {
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ],
  }
  const on = (model: string, warmTokens: number) => ({ isStart: false, conversation: { model, warmTokens } })

  it('a warm cache is not left for a model that has to read it all again', () => {
    const route = ask(talk, { task: 'reason', promptTokens: 82_000, outputTokens: 300, ...on(opus, 80_000) })
    expect(route).toMatchObject({ model: opus, reason: 'conversation' })
    expect(whyNot(route)).toEqual([`${sonnet} would lose the warm cache`])
  })

  it('it is left where that wins at once', () => {
    const route = ask(talk, {
      task: 'reason',
      pressure: 'small',
      promptTokens: 82_000,
      outputTokens: 300,
      ...on(opus, 80_000),
    })
    expect(route).toMatchObject({ model: haiku, reason: 'budget', lostTokens: 80_000 })
  })

  it('a cold one goes wherever its task does', () => {
    expect(ask(talk, { task: 'reason', promptTokens: 82_000, ...on(opus, 0) })).toMatchObject({ model: sonnet })
  })

  it('one that was routed stays where it is, also when its budget has money again', () => {
    expect(ask(talk, { promptTokens: 9_000, ...on(sonnet, 8_000) })).toMatchObject({
      model: sonnet,
      reason: 'conversation',
    })
  })

  it('thinking is not shown to a model that did not think it, not even cold', () => {
    const messages = [
      talk.messages[0],
      { role: 'assistant', content: [{ type: 'thinking', thinking: '', signature: 'x' }] },
      talk.messages[2],
    ]
    const route = ask({ messages }, { task: 'extract', ...on(opus, 0) })
    expect(route.model).toBe(opus)
    expect(whyNot(route)).toEqual([`${haiku} the conversation is bound to its model`])
  })

  it('of which nobody knows anything is taken to be warm', () => {
    expect(ask(talk, { task: 'reason', promptTokens: 50_000, isStart: false })).toMatchObject({ model: opus })
  })
})

describe('as a budget runs low', () => {
  it('the next cheaper tier is taken, below what the task would get', () => {
    expect(ask({}, { pressure: 'next' })).toMatchObject({ model: sonnet, reason: 'budget' })
    expect(ask({}, { pressure: 'next', task: 'reason' })).toMatchObject({ model: haiku })
    expect(ask({ model: haiku }, { pressure: 'next' })).toMatchObject({ model: haiku, reason: 'undeclared' })
  })

  it('no tier is taken that fails the task too often', () => {
    const bad = estimateSuccess([{ day: dayOf(now), good: 0, bad: 50, costNano: 0 }], now)
    const successOf = (_: string, tier: string) => (tier === 'small' ? bad : estimateSuccess([], now))
    const route = ask({}, { pressure: 'small', task: 'reason' }, { successOf })
    expect(route).toMatchObject({ model: sonnet, reason: 'task' })
    expect(whyNot(route)).toEqual([expect.stringMatching(/^claude-haiku-5-5 is good at reason in \d+ % of cases$/)])
    const lifted = ask({}, { pressure: 'next', task: 'extract' }, { successOf })
    expect(lifted).toMatchObject({ model: sonnet, reason: 'learned' })
    expect(whyNot(lifted)).toHaveLength(1)
  })

  it('what went to a cheaper model anyway does not say that a budget sent it there', () => {
    expect(ask({}, { pressure: 'small', task: 'extract' })).toMatchObject({ model: haiku, reason: 'task' })
    const policy = { ...parts.policy, tiers: new Map([...defaultRoutePolicy.tiers, ['small', 'claude-haiku-4-5']]) }
    const tooLong = { pressure: 'small', task: 'reason', promptTokens: 300_000 }
    expect(ask({}, tooLong, { policy })).toMatchObject({ model: sonnet, reason: 'task' })
  })

  it('tasks are not looked at where routing is off', () => {
    const policy = defaultRoutePolicy
    expect(ask({}, { task: 'extract' }, { policy })).toMatchObject({ model: opus })
    expect(ask({}, { task: 'extract', pressure: 'next' }, { policy })).toMatchObject({ model: sonnet })
  })
})

describe('what was learned', () => {
  it('lifts a task from a tier that fails it', () => {
    const bad = { day: dayOf(now), good: 0, bad: 8, costNano: 0 }
    const successOf = (_: string, tier: string) => estimateSuccess(tier === 'small' ? [bad] : [], now)
    const route = ask({}, { task: 'extract' }, { successOf })
    expect(route).toMatchObject({ model: sonnet, reason: 'learned' })
    expect(whyNot(route)).toEqual([`${haiku} is good at extract in 31 % of cases`])
  })
})

describe('a model that is no longer served', () => {
  it('is replaced by the tier of its line', () => {
    expect(ask({ model: 'claude-3-5-haiku-20241022' })).toMatchObject({ model: haiku, reason: 'retired' })
    expect(ask({ model: 'claude-opus-4-1' })).toMatchObject({ model: opus, reason: 'retired' })
  })

  it('makes way for the cheapest that costs no less where no tier is of its line', () => {
    const tiers = new Map([
      ['medium', sonnet],
      ['large', opus],
    ])
    const policy = { ...parts.policy, tiers }
    expect(ask({ model: 'claude-3-5-haiku-20241022' }, {}, { policy }).model).toBe(sonnet)
  })

  it('is warned of while it is', () => {
    expect(ask({ model: 'claude-sonnet-4-5' })).toMatchObject({
      model: 'claude-sonnet-4-5',
      retiresMs: Date.parse('2026-11-30'),
    })
    expect(ask({}).retiresMs).toBe(null)
  })
})

it('no route is expected to cost more than what was asked for, whatever it is', () => {
  const model = fc.constantFrom(...book.models.filter(({ retiresMs }) => retiresMs === null).map(({ id }) => id))
  const tokens = fc.integer({ min: 0, max: 150_000 })
  fc.assert(
    fc.property(
      model,
      model,
      tokens,
      tokens,
      fc.nat(5_000),
      fc.constantFrom('extract', 'reason', null),
      fc.constantFrom('next', 'small', null),
      fc.boolean(),
      (asked, runsOn, promptTokens, warm, outputTokens, task, pressure, isStart) => {
        const conversation = isStart ? null : { model: runsOn, warmTokens: Math.min(warm, promptTokens) }
        const route = ask({ model: asked }, { promptTokens, outputTokens, task, pressure, isStart, conversation })
        const isAlone = isStart || runsOn === asked
        if (isAlone && route.model !== route.asked) expect(route.expected).toBeLessThanOrEqual(route.expectedAsked)
      },
    ),
    { numRuns: 500 },
  )
})
