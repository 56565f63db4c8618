import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asking, type ClientStage, openStage, rejection } from '../../test/client-stage.js'
import { systemRuntime } from './index.js'

let stage: ClientStage

beforeEach(async () => {
  stage = await openStage()
})

afterEach(() => stage.close())

function throwing(): never {
  throw new Error('a listener')
}

describe('a session', () => {
  it('puts its calls on its account, through every way', async () => {
    const session = stage
      .guard()
      .session({ id: 'run-1', user: 'ada', project: 'docs', task: 'summarize', tags: ['a', 'b'] })
    await session.wrap(stage.client()).messages.create(asking('hello'))
    await stage.client({ middleware: [session.middleware] }).messages.create(asking('hello'))
    await stage.client({ fetch: session.fetch }).messages.create(asking('hello'))
    await stage.client({ fetch: session.guardFetch(fetch) }).messages.create(asking('hello'))
    const scope = { session: 'run-1', user: 'ada', project: 'docs', task: 'summarize', tags: ['a', 'b'] }
    expect(stage.records.map((record) => record.scope)).toMatchObject([scope, scope, scope, scope])
  })

  it('knows what its calls cost to the billionth of a dollar, broken ones too', async () => {
    const guard = stage.guard()
    const [one, two] = [guard.session(), guard.session()]
    expect(one.id).not.toBe(two.id)
    await one.wrap(stage.client()).messages.create(asking('hello'))
    await two.wrap(stage.client()).messages.stream(asking('[[sim:text 100]]')).finalMessage()
    stage.simulator.fault({ kind: 'cut-before-head' })
    await rejection(one.wrap(stage.client()).messages.create(asking('hello')))
    for (const { id, spentUsd } of [one, two]) {
      const own = stage.records.filter(({ scope }) => scope.session === id)
      expect(spentUsd).toBeGreaterThan(0)
      expect(Math.round(spentUsd * 1e9)).toBe(own.reduce((sum, { cost }) => sum + cost.nano, 0))
    }
  })

  it('has a budget of its own', async () => {
    const guard = stage.guard({ budgets: [{ scope: 'session:*', limit: '$0.0005' }] })
    const spendAll = async (): Promise<unknown> => {
      const claude = guard.session().wrap(stage.client())
      for (;;) await claude.messages.create({ ...asking('hello'), max_tokens: 10 })
    }
    expect(await rejection(spendAll())).toMatchObject({ name: 'BudgetExceededError' })
    const answered = stage.records.length
    expect(await rejection(spendAll())).toMatchObject({ name: 'BudgetExceededError' })
    expect(stage.records.length).toBe(2 * answered)
  })

  it('lets a call say its own task and more tags, and not another session', async () => {
    const session = stage.guard().session({ id: 'run-1', task: 'summarize', tags: ['a'] })
    const headers = { 'x-runguard-task': 'classify', 'x-runguard-tag': 'b', 'x-runguard-session': 'other' }
    await session.wrap(stage.client()).messages.create(asking('hello'), { headers })
    expect(stage.records).toMatchObject([{ scope: { session: 'run-1', task: 'classify', tags: ['a', 'b'] } }])
  })

  it.each([
    ['an empty id', { id: '' }],
    ['a name with outer spaces', { user: ' ada' }],
    ['a name with a line break', { project: 'a\nb' }],
    ['an endless name', { task: 'x'.repeat(201) }],
    ['a tag with a comma', { tags: ['a,b'] }],
    ['an id that is no text', { id: 5 as unknown as string }],
  ])('is not opened with %s', (_, attribution) => {
    expect(() => stage.guard().session(attribution)).toThrow(TypeError)
  })

  it('is not opened with a slip, which would leave a budget out', () => {
    const guard = stage.guard()
    expect(() => guard.session({ usr: 'ada' } as never)).toThrow('a session has no option "usr", did you mean "user"?')
    expect(() => guard.session('ada' as never)).toThrow(TypeError)
    expect(() => guard.session({ id: '' })).toThrow('the id of a session is a text')
    expect(() => guard.session({ tags: 'abc' as never })).toThrow('a list of texts')
  })

  it.each([
    ['throws', throwing],
    ['rejects', async () => throwing()],
  ])('answers a paid call also if whoever is told of it %s, and says so in the log', async (_, listener) => {
    const lines: string[] = []
    const log = { ...systemRuntime().log, error: (event: string) => lines.push(event) }
    const session = stage.guard({ runtime: systemRuntime(log) }).session({}, listener)
    expect(await session.wrap(stage.client()).messages.create(asking('hello'))).toMatchObject({ type: 'message' })
    expect(session.spentUsd).toBeGreaterThan(0)
    expect(lines).toEqual(['listener-failed'])
  })
})
