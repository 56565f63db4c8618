import { expect, test } from 'vitest'
import { nanoUsd } from '../../core/cost/money.js'
import { memoryStore } from '../../store/memory.js'
import { sampleRecord } from '../../testing/sample-record.js'
import { guardHooks } from './guard-hooks.js'
import type { GuardHooks, HookInput, HookOutput } from './hook-types.js'

const rich = { spent: 0, budget: 1 }

async function fire(hooks: GuardHooks, event: keyof GuardHooks, more: Partial<HookInput> = {}): Promise<HookOutput> {
  const input = { hook_event_name: event, session_id: 's1', tool_name: 'Bash', tool_input: { command: 'ls' }, ...more }
  const [matcher] = hooks[event]
  const [hook] = matcher?.hooks ?? []
  if (hook === undefined) throw new Error(`There is no hook for ${event}.`)
  return hook(input)
}

/** A round of one tool call, which is made unless the hooks deny it. */
async function call(
  hooks: GuardHooks,
  result: unknown,
  more: Partial<HookInput> = {},
): Promise<'made' | 'told' | 'denied' | 'stopped'> {
  const before = await fire(hooks, 'PreToolUse', more)
  await fire(hooks, 'PostToolBatch', more)
  if (before.continue === false) return 'stopped'
  if (before.hookSpecificOutput !== undefined) return 'denied'
  const after = await fire(hooks, 'PostToolUse', { ...more, tool_response: result })
  return after.hookSpecificOutput === undefined ? 'made' : 'told'
}

async function calls(count: number, make: (index: number) => Promise<string>): Promise<string[]> {
  const ways: string[] = []
  for (let index = 0; index < count; index++) ways.push(await make(index))
  return ways
}

test('an agent that repeats itself is told, then denied, then stopped', async () => {
  const hooks = guardHooks(rich)
  expect(await calls(5, () => call(hooks, 'no such file'))).toEqual(['made', 'made', 'told', 'denied', 'stopped'])
  const { stopReason } = await fire(hooks, 'Stop')
  expect(stopReason).toMatch(/repeats itself/)
})

test('the reason of a denial is one that the agent can act on', async () => {
  const hooks = guardHooks(rich)
  await calls(3, () => call(hooks, 'no such file'))
  expect(await fire(hooks, 'PreToolUse')).toEqual({
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: expect.stringMatching(
        /^RunGuard: this call is not made. It would be the same 4 times in a row \(Bash\)/,
      ),
    },
  })
})

test('an agent that heeds a denial goes on', async () => {
  const hooks = guardHooks(rich)
  await calls(3, () => call(hooks, 'same'))
  expect(await call(hooks, 'same')).toBe('denied')
  expect(await call(hooks, 'other', { tool_input: { command: 'pwd' } })).toBe('made')
  expect(await fire(hooks, 'Stop')).toEqual({})
})

test('calls made side by side are all denied before the agent is stopped for insisting', async () => {
  const hooks = guardHooks({ spent: 1, budget: 1 })
  const round = async (): Promise<(boolean | undefined)[]> => {
    const outputs = [
      await fire(hooks, 'PreToolUse'),
      await fire(hooks, 'PreToolUse', { tool_input: { command: 'pwd' } }),
    ]
    await fire(hooks, 'PostToolBatch')
    return outputs.map((output) => output.continue)
  }
  expect(await round()).toEqual([undefined, undefined])
  expect(await round()).toEqual([false, false])
})

test('where nobody tells that the model was asked again, an agent is stopped after some denials', async () => {
  const hooks = guardHooks({ spent: 1, budget: 1 })
  const stops = await calls(8, async () => String((await fire(hooks, 'PreToolUse')).continue))
  expect(stops).toEqual([...Array.from({ length: 7 }, () => 'undefined'), 'false'])
})

test('failures count like results', async () => {
  const hooks = guardHooks(rich)
  const told = await calls(3, async () => {
    await fire(hooks, 'PreToolUse')
    return JSON.stringify(await fire(hooks, 'PostToolUseFailure', { error: 'exit 1' }))
  })
  expect(told[1]).toBe('{}')
  expect(told[2]).toContain('PostToolUseFailure')
})

test('a person who speaks starts the count anew; a timer does not', async () => {
  const hooks = guardHooks(rich)
  const words = { prompt: async (source: unknown) => fire(hooks, 'UserPromptSubmit', { source }) }
  await calls(3, () => call(hooks, 'same'))
  await words.prompt('loop_wakeup')
  expect(await call(hooks, 'same')).toBe('denied')
  await words.prompt('user')
  expect(await calls(4, () => call(hooks, 'same'))).toEqual(['made', 'made', 'told', 'denied'])
})

test('subagents and sessions are watched one by one', async () => {
  const hooks = guardHooks(rich)
  const ways = await calls(8, (index) => call(hooks, 'same', index % 2 === 0 ? {} : { agent_id: 'sub' }))
  expect(ways).toEqual(['made', 'made', 'made', 'made', 'told', 'told', 'denied', 'denied'])
  expect(await call(hooks, 'same', { session_id: 's2' })).toBe('made')
})

test('a budget that is used up denies one call and ends the run at the next', async () => {
  const money = { spent: 0.99, budget: 1 }
  const hooks = guardHooks(money, { loop: false })
  expect(await call(hooks, 'a')).toBe('made')
  money.spent = 1
  expect(await calls(2, () => call(hooks, 'b'))).toEqual(['denied', 'stopped'])
  expect(await fire(hooks, 'Stop')).toEqual({
    continue: false,
    stopReason: expect.stringMatching(/\$1\.00 is used up/),
  })
})

test('what was spent comes from a session, a function or the records of a guard', async () => {
  const store = memoryStore()
  const cost = { ...sampleRecord().cost, nano: nanoUsd(2_000_000_000) }
  await store.addRecords([sampleRecord({ cost, scope: { ...sampleRecord().scope, session: 'nightly' } })])
  const { report } = store
  const sources = [
    guardHooks({ spentUsd: 2 }, { budgetUsd: 1 }),
    guardHooks({ spentUsd: 0 }, { budgetUsd: '$1', spentUsd: async () => 2 }),
    guardHooks({ report }, { budgetUsd: 1, session: 'nightly' }),
    guardHooks({ report }, { budgetUsd: 1, session: 'other' }),
    guardHooks({ spentUsd: 2 }),
    guardHooks(),
  ]
  expect(await Promise.all(sources.map((hooks) => call(hooks, 'x')))).toEqual([
    ...['denied', 'denied', 'denied', 'made', 'made', 'made'],
  ])
})

test('without a source loops are looked for, and a budget that nobody can hold is refused', async () => {
  const hooks = guardHooks()
  expect(await calls(4, () => call(hooks, 'same'))).toEqual(['made', 'made', 'told', 'denied'])
  expect(() => guardHooks(null, { budgetUsd: 1 })).toThrow('nothing that knows what is spent')
  for (const none of [{ budgetUsd: 1 }, 5]) expect(() => guardHooks(none as never)).toThrow('Its options come second')
  expect(() => guardHooks(rich, { budget: 1 } as never)).toThrow('did you mean "budgetUsd"?')
})

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, undefined])('spentUsd that is %s is named', async (spent) => {
  const hooks = guardHooks(null, { budgetUsd: 1, spentUsd: () => spent as number })
  await expect(fire(hooks, 'PreToolUse')).rejects.toThrow('spentUsd is no amount in dollars')
})

test('loops need not be looked for', async () => {
  const hooks = guardHooks(rich, { loop: false })
  expect(new Set(await calls(20, () => call(hooks, 'same')))).toEqual(new Set(['made']))
  expect(() => guardHooks(rich, { loop: { repeats: 0 } })).toThrow(RangeError)
})

test('agents that come and go do not fill the memory', async () => {
  const hooks = guardHooks(rich)
  await calls(3, () => call(hooks, 'same'))
  await calls(1_000, (index) => call(hooks, 'same', { session_id: `visitor ${index}` }))
  expect(await call(hooks, 'same')).toBe('made')
})
