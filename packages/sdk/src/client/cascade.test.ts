import type Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClientStage, openStage, rejection } from '../../test/client-stage.js'
import { BudgetExceededError, type CascadeAttemptResult, memoryStore } from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

const [haiku, sonnet, opus] = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5']
const TIERS = ['small', 'medium', 'large']
const params = { max_tokens: 1_000, messages: [{ role: 'user' as const, content: 'Name the capital.' }] }
const isOf =
  (...models: readonly string[]) =>
  (message: Anthropic.Message): boolean =>
    models.includes(message.model)

describe('a cascade', () => {
  it('stops at the first answer that is good enough, and counts in dollars what failed before', async () => {
    const guard = stage.guard()
    const tried: CascadeAttemptResult[] = []
    const cascade = guard.cascade(TIERS, isOf(sonnet, opus), { task: 'extract', onAttempt: (each) => tried.push(each) })
    const answer = await cascade.create(stage.client(), params)
    expect(answer).toMatchObject({ tier: 'medium', isGood: true, message: { model: sonnet } })
    expect(answer.attempts.map(({ tier, isGood }) => [tier, isGood])).toEqual([
      ['small', false],
      ['medium', true],
    ])
    expect(tried).toEqual(answer.attempts)
    const [first, second] = stage.records
    expect(answer.failedUsd).toBe((first?.cost.nano ?? 0) / 1e9)
    expect(answer.totalUsd).toBeCloseTo(((first?.cost.nano ?? 0) + (second?.cost.nano ?? 0)) / 1e9, 12)
    expect(answer.failedUsd).toBeGreaterThan(0)
  })

  it('gives its answer, which is paid, also if whoever is told of a try throws', async () => {
    const onAttempt = () => {
      throw new Error('a listener')
    }
    const answer = await stage.guard().cascade(TIERS, isOf(sonnet), { onAttempt }).create(stage.client(), params)
    expect(answer).toMatchObject({ tier: 'medium', isGood: true })
  })

  it('makes each try a call of its own, tied to the others by its record', async () => {
    const session = stage.guard().session({ id: 's' })
    await session.cascade(TIERS, () => false, { task: 'extract' }).create(stage.client(), params)
    const ids = new Set(stage.records.map(({ cascade }) => cascade?.id))
    expect(ids.size).toBe(1)
    expect(
      stage.records.map(({ cascade, requestedModel, scope }) => [cascade?.attempt, requestedModel, scope]),
    ).toEqual([
      [1, haiku, expect.objectContaining({ session: 's', task: 'extract' })],
      [2, sonnet, expect.objectContaining({ session: 's', task: 'extract' })],
      [3, opus, expect.objectContaining({ session: 's', task: 'extract' })],
    ])
    expect(stage.records[0]?.cascade).toMatchObject({ tier: 'small', asked: opus })
    expect(session.spentUsd).toBeCloseTo(stage.records.reduce((sum, { cost }) => sum + cost.nano, 0) / 1e9, 12)
  })

  it('takes for good whatever JavaScript takes for true', async () => {
    const matches = ({ content }: Anthropic.Message) => JSON.stringify(content).match(/text/)
    const answer = await stage.guard().cascade(TIERS, matches).create(stage.client(), params)
    expect(answer).toMatchObject({ tier: 'small', isGood: true, failedUsd: 0 })
  })

  it('gives the last answer where none is good: it is paid', async () => {
    const answer = await stage
      .guard()
      .cascade(TIERS, async () => false)
      .create(stage.client(), params)
    expect(answer).toMatchObject({ tier: 'large', isGood: false, message: { model: opus } })
    expect(answer.failedUsd).toBe(answer.totalUsd)
  })

  it('learns which tier passes a task, and passes over one that rarely does', async () => {
    const guard = stage.guard({ store: memoryStore() })
    // A tier that is hardly cheaper must pass often to be worth a try.
    const cascade = guard.cascade(['medium', 'large'], isOf(opus), { task: 'prove' })
    let answer = await cascade.create(stage.client(), params)
    expect(answer.attempts).toHaveLength(2)
    for (let n = 0; n < 12 && answer.attempts.length > 1; n++) answer = await cascade.create(stage.client(), params)
    expect(answer).toMatchObject({ tier: 'large', failedUsd: 0, attempts: [{ tier: 'large' }] })
    expect(answer.skipped).toMatchObject([{ tier: 'medium', why: expect.stringMatching(/^a try costs \$/) }])
    const learned = await guard.learned()
    expect(learned.map(({ task, tier }) => [task, tier])).toEqual([
      ['prove', 'large'],
      ['prove', 'medium'],
    ])
    expect(learned[1]?.mean).toBeLessThanOrEqual(0.5)
  })

  it.each([400, 429, 529])('goes on where a tier answers %i, and holds nothing against it', async (status) => {
    stage.simulator.fault({ kind: 'status', status })
    const guard = stage.guard({ store: memoryStore() })
    const answer = await guard.cascade(TIERS, isOf(sonnet), { task: 'extract' }).create(stage.client(), params)
    expect(answer).toMatchObject({ tier: 'medium', isGood: true, failedUsd: 0 })
    expect(answer.attempts.map(({ tier, isGood }) => [tier, isGood])).toEqual([
      ['small', false],
      ['medium', true],
    ])
    expect((await guard.learned()).map(({ tier }) => tier)).toEqual(['medium'])
  })

  it.each([
    [401, 1],
    [529, 3],
  ])('rejects as the client does where the account or the last resort is answered %i', async (status, tries) => {
    stage.simulator.fault({ kind: 'status', status }, { times: 3 })
    const asked = stage
      .guard()
      .cascade(TIERS, () => true)
      .create(stage.client(), params)
    expect(await rejection(asked)).toMatchObject({ status })
    expect(stage.records).toHaveLength(tries)
  })

  it('knows its options', () => {
    const open = (options: unknown) => stage.guard().cascade(TIERS, () => true, options as never)
    expect(() => open({ tsk: 'extract' })).toThrow('a cascade has no option "tsk", did you mean "task"?')
    expect(() => open(null)).toThrow('the options of a cascade are an object, not null')
  })

  it('tries no model again after it has failed', () => {
    const guard = stage.guard()
    expect(() => guard.cascade(['small', 'small'], () => true)).toThrow('a cascade names the tier "small" twice')
    expect(() => guard.cascade(['small', haiku, 'large'], () => true)).toThrow(/two tiers of the same model: small and/)
  })

  it('is not routed: its tiers are chosen, also where the task has one of its own', async () => {
    const guard = stage.guard({ routing: { mode: 'route' } })
    await guard.cascade(TIERS, isOf(opus), { task: 'extract' }).create(stage.client(), params)
    expect(stage.simulator.log.map(({ requestedModel }) => requestedModel)).toEqual([haiku, sonnet, opus])
  })

  it('is no loop, however many tiers it tries', async () => {
    const guard = stage.guard()
    const many = [...TIERS, 'claude-haiku-4-5', 'claude-sonnet-4-6', 'claude-opus-4-6']
    for (let n = 0; n < 3; n++) await guard.cascade(many, () => false).create(stage.client(), params)
    expect(stage.records.every(({ loop }) => loop === null)).toBe(true)
  })
})

describe('a cascade under a budget', () => {
  it('ends with the refusal once a try cannot be paid, and sends nothing more', async () => {
    const guard = stage.guard({ budgets: [{ scope: 'everything', limit: '$0.0002', window: 'day' }] })
    const client = stage.client({ maxRetries: 2 })
    const asked = guard.cascade(['small', 'large'], () => false).create(client, { ...params, max_tokens: 300 })
    expect(await rejection(asked)).toBeInstanceOf(BudgetExceededError)
    expect(stage.simulator.log.map(({ requestedModel }) => requestedModel)).toEqual([haiku])
  })

  it('is left alone by the step to a cheaper tier, which it takes by itself', async () => {
    const degrade = [{ at: 0.000001, step: 'cheaper-tier' as const }]
    const guard = stage.guard({ budgets: [{ scope: 'everything', limit: '$20', window: 'day', degrade }] })
    await guard.cascade(TIERS, () => false).create(stage.client(), params)
    expect(stage.records.map(({ servedModel }) => servedModel)).toEqual([haiku, sonnet, opus])
    expect(stage.records.at(-1)?.degraded).toMatchObject([
      { change: null, why: 'a cascade tries cheaper tiers by itself' },
    ])
  })
})

describe('a cascade that cannot go on', () => {
  it('ends with the reason of the signal, between tries and within a verifier that never answers', async () => {
    const controller = new AbortController()
    const never = () => {
      controller.abort(new Error('enough'))
      return new Promise<boolean>(() => {})
    }
    const asked = stage.guard().cascade(TIERS, never).create(stage.client(), params, { signal: controller.signal })
    expect(await rejection(asked)).toMatchObject({ message: 'enough' })
    expect(stage.records).toHaveLength(1)
  })

  it('ends with what its verifier throws', async () => {
    const broken = () => {
      throw new TypeError('a mistake')
    }
    const asked = stage.guard().cascade(TIERS, broken).create(stage.client(), params)
    expect(await rejection(asked)).toMatchObject({ message: 'a mistake' })
    expect(stage.records).toHaveLength(1)
  })

  it.each([
    [{ stream: true }, 'a cascade does not stream: its verifier needs the whole answer'],
    [{ container: 'c_1' }, 'this call cannot be a cascade: it goes on from what the API keeps'],
  ])('is not begun: %j', async (more: object, message) => {
    const asked = stage
      .guard()
      .cascade(TIERS, () => true)
      .create(stage.client(), { ...params, ...more })
    expect(await rejection(asked)).toMatchObject({ name: 'TypeError', message })
    expect(stage.simulator.log).toEqual([])
  })

  it.each([
    [[], () => true, 'a cascade takes a list of tiers, the cheapest first'],
    [['tiny'], () => true, 'unknown tier "tiny"'],
    [TIERS, null, 'a cascade takes a function that says whether an answer is good'],
  ])('is not made of %j', (tiers, verify, message) => {
    expect(() => stage.guard().cascade(tiers, verify as () => boolean)).toThrow(new TypeError(message))
  })
})
