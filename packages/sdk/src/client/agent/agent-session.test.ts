import Anthropic from '@anthropic-ai/sdk'
import { auditBills, type MessagesRequest, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { BudgetExceededError, LoopDetectedError } from '../../core/refusal/refusal-error.js'
import { createGuard } from '../guard.js'
import type { AgentSessionOptions } from './agent-options.js'
import { AgentSession, AgentStoppedError, OptimizedAgentSession } from './agent-session.js'
import type { AgentTool } from './agent-tool.js'

let simulator: RunningSimulator
let client: Anthropic
/** What reached the API, oldest first. */
let asked: MessagesRequest[]

beforeEach(async () => {
  asked = []
  simulator = await startSimulator({
    script: (request) => {
      asked.push(request)
      return { parts: [{ kind: 'text', text: `Answer ${asked.length}.` }] }
    },
  })
  onTestFinished(() => simulator.close())
  client = new Anthropic({ baseURL: simulator.url, apiKey: 'sk-ant-test-0000', maxRetries: 0 })
})

function open(options: Partial<AgentSessionOptions> = {}): AgentSession {
  return new AgentSession({ client, ...options })
}

async function billed(): Promise<number> {
  await simulator.idle()
  return Number(auditBills(simulator.log).total) / 1e9
}

const noop: AgentTool = { name: 'noop', input_schema: { type: 'object', properties: {} }, run: () => 'done' }
/** About 1,000 tokens: enough for the cache of every current model. */
const longPrompt = 'You are a careful reader of contracts. '.repeat(80)

test('a turn answers a text, and the session knows its exact cost', async () => {
  const session = open({ budgetUsd: 1, systemPrompt: 'Be brief.' })
  expect(await session.turn('classify', 'Good or bad?')).toBe('Answer 1.')
  expect(session.spent).toBe(await billed())
  expect(session.spent).toBeGreaterThan(0)
  expect(session.budget).toBe(1)
})

test('the name under which it was announced is the same class, with a budget of five dollars', () => {
  expect(OptimizedAgentSession).toBe(AgentSession)
  expect(new OptimizedAgentSession({ client }).budget).toBe(5)
})

test('the task and the length of the conversation choose the model', async () => {
  const session = open()
  for (const task of ['extract', 'reason', 'research', 'knitting']) await session.turn(task, `A question of ${task}.`)
  await session.turn('classify', 'word '.repeat(60_000))
  expect(asked.map(({ model }) => model.id)).toEqual([
    ...['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5', 'claude-sonnet-5-5', 'claude-sonnet-5-5'],
  ])
})

test('other models for tasks, or one for all', async () => {
  await open({ taskModels: { preset: 'classic' } }).turn('classify', 'Hi.')
  await open({ model: 'claude-opus-5-5' }).turn('classify', 'Hi.')
  await open().turn('classify', 'Hi.', { model: 'claude-sonnet-5-5' })
  expect(asked.map(({ model }) => model.id)).toEqual([
    ...['claude-haiku-4-5-20251001', 'claude-opus-5-5', 'claude-sonnet-5-5'],
  ])
})

test('the history goes along with every turn', async () => {
  const session = open()
  await session.turn('reason', 'First.')
  await session.turn('reason', 'Second.')
  expect(asked[1]?.turns.map(({ role, blocks }) => [role, blocks.map(({ text }) => text)])).toEqual([
    ['user', ['First.']],
    ['assistant', ['Answer 1.']],
    ['user', ['Second.']],
  ])
  expect(session.messages).toHaveLength(4)
})

test('system text, tools and conversation are read from the cache by the second turn', async () => {
  const session = open({ systemPrompt: longPrompt, tools: [noop] })
  await session.turn('reason', 'First question.')
  await session.turn('reason', 'Second question.')
  const [first, second] = simulator.log.map(({ usage }) => usage)
  expect(first?.cache_creation_input_tokens).toBeGreaterThan(1_000)
  expect(second?.cache_read_input_tokens).toBe(first?.cache_creation_input_tokens)
  expect(session.spent).toBe(await billed())
})

test.each(['prefix', 'off'] as const)('with caching %s the conversation is not marked', async (caching) => {
  const session = open({ systemPrompt: longPrompt, tools: [noop], caching })
  await session.turn('reason', 'A question. '.repeat(200))
  const written = simulator.log[0]?.usage?.cache_creation_input_tokens ?? 0
  expect(written > 1_000 && written < 1_500).toBe(caching === 'prefix')
  expect(JSON.stringify(asked[0]?.turns)).not.toContain('cache_control')
  expect(JSON.stringify(asked[0]?.system).includes('cache_control')).toBe(caching === 'prefix')
})

test('a turn whose likely cost is more than is left is refused before it is made', async () => {
  const session = open({ budgetUsd: 0.0005 })
  const error = await session.turn('classify', 'Hello.').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(BudgetExceededError)
  // 4,000 tokens in and 500 out on Haiku 5.5.
  expect((error as BudgetExceededError).details).toMatchObject({
    scope: `session:${session.id}`,
    limit_usd: '0.0005',
    spent_usd: '0',
    needed_usd: '0.00065',
  })
  expect(asked).toEqual([])
  expect(session.messages).toEqual([])
})

test('once a call was made, the next is estimated by it', async () => {
  const session = open({ budgetUsd: 0.014 })
  // The first is taken for $0.013, costs far less, and so leaves room for many more.
  for (let turn = 1; turn <= 5; turn++)
    expect(await session.turn('reason', `Question ${turn}.`)).toBe(`Answer ${turn}.`)
  await expect(session.turn('reason', 'word '.repeat(20_000))).rejects.toBeInstanceOf(BudgetExceededError)
})

test('the hard limit is the guard: what the estimate lets pass is still refused or cut', async () => {
  const session = open({ budgetUsd: 0.02, model: 'claude-sonnet-5-5' })
  const told = await session.turn('reason', '[[sim:text 20000]] [[sim:every 1]]')
  expect(told).toContain('RunGuard')
  expect(session.spent).toBeLessThanOrEqual(0.02)
  expect(session.spent).toBeGreaterThan(0.01)
})

test('the third equal turn in a row is a loop, found before it is sent', async () => {
  const session = open()
  await session.turn('reason', 'Again.')
  await session.turn('reason', 'Again.')
  const error = await session.turn('reason', 'Again.').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(LoopDetectedError)
  expect((error as LoopDetectedError).match).toEqual({
    repeats: 3,
    cycle: ['claude-sonnet-5-5:Again.'],
    cycleLength: 1,
  })
  expect(asked).toHaveLength(2)
  expect(await session.turn('reason', 'Something else.')).toBe('Answer 3.')
})

test('turns that take turns are a loop too', async () => {
  const session = open()
  const words = ['Open.', 'Close.', 'Open.', 'Close.', 'Open.']
  for (const each of words) await session.turn('reason', each)
  await expect(session.turn('reason', 'Close.')).rejects.toBeInstanceOf(LoopDetectedError)
})

test('prompts of one template are no loop', async () => {
  const session = open()
  const template = 'Please read the following paragraph with care, and say in one word whether it is friendly: '
  for (let turn = 1; turn <= 4; turn++) await session.turn('classify', template + turn)
  expect(asked).toHaveLength(4)
})

test('loops can be looked for otherwise, or not at all', async () => {
  const patient = open({ loop: { repeats: 4 } })
  const blind = open({ loop: false })
  for (let turn = 1; turn <= 3; turn++) await patient.turn('reason', 'Again.')
  for (let turn = 1; turn <= 6; turn++) await blind.turn('reason', 'Again.')
  await expect(patient.turn('reason', 'Again.')).rejects.toBeInstanceOf(LoopDetectedError)
  expect(() => open({ loop: { repeats: 1 } })).toThrow(RangeError)
})

test('a turn that fails leaves no trace in the conversation', async () => {
  const session = open()
  await session.turn('reason', 'First.')
  simulator.fault({ kind: 'status', status: 500 }, { times: 1 })
  await expect(session.turn('reason', 'Second.')).rejects.toBeInstanceOf(Anthropic.InternalServerError)
  expect(session.messages).toHaveLength(2)
  expect(await session.turn('reason', 'Second.')).toMatch(/^Answer/)
  expect(asked.at(-1)?.turns).toHaveLength(3)
})

test('a turn without an answer says why', async () => {
  const session = open({ tools: [noop], loop: false })
  const refused = await session.turn('reason', '[[sim:refuse]]').catch((thrown: unknown) => thrown)
  expect(refused).toBeInstanceOf(AgentStoppedError)
  expect((refused as AgentStoppedError).reason.kind).toBe('refused')
  const endless = await session
    .turn('reason', '[[sim:loop noop {}]]', { maxTurns: 2 })
    .catch((thrown: unknown) => thrown)
  expect((endless as AgentStoppedError).reason).toEqual({ kind: 'turns', maxTurns: 2 })
  const controller = new AbortController()
  controller.abort(new Error('I changed my mind'))
  await expect(session.turn('reason', 'Hi.', { signal: controller.signal })).rejects.toThrow('I changed my mind')
})

test('a session does one thing at a time', async () => {
  const session = open()
  const first = session.turn('reason', 'First.')
  await expect(session.turn('reason', 'Second.')).rejects.toThrow('busy')
  expect(await first).toBe('Answer 1.')
  expect(await session.turn('reason', 'Second.')).toBe('Answer 2.')
})

test.each([
  { budgetUsd: -1 },
  { budgetUsd: Number.NaN },
  { budgetUsd: 'much' },
  { maxTokens: 0 },
  { toolTimeoutMs: -5 },
  { maxTurns: 1.5 },
  { budgetUsd: Number.POSITIVE_INFINITY },
])('%j is no way to set up a session', (options) => {
  expect(() => open(options)).toThrow(RangeError)
})

test('nothing to say and nothing to go on with are errors of the caller', async () => {
  const session = open()
  expect(() => session.run(null)).toThrow(RangeError)
  expect(() => session.run(' ')).toThrow(RangeError)
  expect(() => session.run([])).toThrow(RangeError)
  expect(() => session.run('Hi.', { maxTurns: 0 })).toThrow(RangeError)
  expect(await session.turn('reason', 'Hi.')).toBe('Answer 1.')
})

test('a session goes on in another process from plain JSON: conversation, spending, loops and id', async () => {
  const session = open({ budgetUsd: 0.5, systemPrompt: longPrompt })
  await session.turn('reason', 'Again.')
  await session.turn('reason', 'Again.')
  const kept: unknown = JSON.parse(JSON.stringify(session))
  const resumed = AgentSession.resume(kept, { client, systemPrompt: longPrompt })
  expect({ id: resumed.id, spent: resumed.spent, budget: resumed.budget, messages: resumed.messages }).toEqual({
    id: session.id,
    spent: session.spent,
    budget: 0.5,
    messages: session.messages,
  })
  await expect(resumed.turn('reason', 'Again.')).rejects.toBeInstanceOf(LoopDetectedError)
  await resumed.turn('reason', 'Something else.')
  expect(asked[2]?.turns).toHaveLength(5)
  expect(resumed.spent).toBe(await billed())
})

test('a session that was kept under other rules for loops begins to count anew', async () => {
  const session = open()
  await session.turn('reason', 'Again.')
  await session.turn('reason', 'Again.')
  const resumed = AgentSession.resume(session.toJSON(), { client, loop: { repeats: 2 } })
  expect(await resumed.turn('reason', 'Again.')).toBe('Answer 3.')
  await expect(resumed.turn('reason', 'Again.')).rejects.toBeInstanceOf(LoopDetectedError)
})

test('what was spent before counts against the hard limit as well', async () => {
  const session = open({ budgetUsd: 0.012, model: 'claude-sonnet-5-5' })
  const last = { model: 'claude-sonnet-5-5', promptTokens: 10, cachedTokens: 0, outputTokens: 1 }
  const habit = { calls: 1, outputTokens: 1, last }
  const kept = { ...session.toJSON(), spentUsd: '0.011', habit }
  const resumed = AgentSession.resume(kept, { client, model: 'claude-sonnet-5-5' })
  const { reason } = await resumed.run('[[sim:text 3000]] [[sim:every 1]]').result
  expect(reason).toMatchObject({ kind: 'budget' })
  expect(simulator.log).toHaveLength(1)
  expect(resumed.spent).toBeLessThanOrEqual(0.012)
})

test('a state that was kept in the middle of a tool call can be gone on with', async () => {
  let kept: unknown
  const keep = (): void => {
    kept = JSON.parse(JSON.stringify(session))
  }
  const peek: AgentTool = { name: 'peek', input_schema: { type: 'object' }, run: keep }
  const session = open({ tools: [peek] })
  await session.run('[[sim:tool peek {}]]').result
  const resumed = AgentSession.resume(kept, { client })
  expect(resumed.messages).toHaveLength(3)
  expect(await resumed.turn('reason', '[[sim:say Here I am.]]')).toBe('Here I am.')
})

test.each([
  null,
  'state',
  {},
  { version: 2 },
  {
    version: 1,
    id: 'a',
    budgetUsd: '1',
    spentUsd: '-1',
    history: [],
    habit: { calls: 0, outputTokens: 0, last: null },
    loops: null,
  },
  {
    version: 1,
    id: 'a',
    budgetUsd: '1',
    spentUsd: '0',
    history: [{ role: 'system', content: '' }],
    habit: {},
    loops: null,
  },
  {
    version: 1,
    id: 'a',
    budgetUsd: '1',
    spentUsd: '0',
    history: [],
    habit: { calls: -1, outputTokens: 0, last: null },
    loops: null,
  },
  {
    version: 1,
    id: 'a',
    budgetUsd: '1',
    spentUsd: '0',
    history: [],
    habit: { calls: 0, outputTokens: 0, last: null },
    loops: { turns: {} },
  },
  {
    version: 1,
    id: 'a',
    budgetUsd: '1',
    spentUsd: '0',
    history: [{ role: 'assistant', content: [null] }],
    habit: { calls: 0, outputTokens: 0, last: null },
    loops: null,
  },
])('%j is no state of a session', (kept) => {
  const resume = () => AgentSession.resume(kept, { client })
  expect(resume).toThrow(TypeError)
  expect(resume).toThrow(/the (kept )?state of (the|a) session/)
})

test('an option that nobody knows is refused, with the name that was probably meant', async () => {
  expect(() => open({ budget: 1 } as never)).toThrow('AgentSession has no option "budget", did you mean "budgetUsd"?')
  expect(() => open({ attribution: { usr: 'ada' } as never })).toThrow('did you mean "user"?')
  const session = open()
  expect(() => session.run('Hello.', { maxturns: 1 } as never)).toThrow('did you mean "maxTurns"?')
  await expect(session.turn('reason', 'Hello.', { signals: null } as never)).rejects.toThrow('did you mean "signal"?')
  expect(asked).toEqual([])
  expect(() => new AgentSession(undefined as never)).toThrow('an object, not undefined')
  expect(() => new AgentSession({} as never)).toThrow(/client of @anthropic-ai\/sdk/)
})

test('an option that is of no use as it is written is refused, not passed over', async () => {
  const wrong = { tools: {}, systemPrompt: 5, caching: 'prefixes', cacheTtl: '2h', guard: {} }
  for (const [name, value] of Object.entries(wrong)) {
    expect(() => open({ [name]: value }), name).toThrow(new RegExp(`^${name} (?:is|are) `))
  }
  expect(() => open({ tools: [null] as never })).toThrow('tools are a list')
  expect(() => open().run('Hello.', { tools: {} as never })).toThrow('tools are a list')
})

test('with a guard of yours the calls are on its books, under the session and its task', async () => {
  const records: unknown[] = []
  const guard = createGuard({
    budgets: [{ scope: 'user:alice', limit: '$1', window: 'day' }],
    onRecord: (record) => records.push(record.scope),
  })
  const session = open({ guard, attribution: { id: 'nightly', user: 'alice' } })
  await session.turn('summarize', 'Hi.')
  expect(session.id).toBe('nightly')
  expect(session.spent).toBe(await billed())
  expect(records).toMatchObject([{ session: 'nightly', user: 'alice', task: 'summarize' }])
  await session.close()
  await guard.close()
})

test("an answer that the guard's budget ends is told to be one", async () => {
  const guard = createGuard({ budgets: [{ scope: 'session:*', limit: '$0.03' }] })
  const session = open({ guard, model: 'claude-opus-5-5' })
  const { reason } = await session.run('[[sim:text 5000]] [[sim:every 1]]').result
  expect(reason).toMatchObject({ kind: 'budget', isCut: true })
})

test("the guard's refusal ends a turn as an error of the same family", async () => {
  const guard = createGuard({ budgets: [{ scope: 'everything', limit: '$0.0000001', window: 'lifetime' }] })
  const session = open({ guard })
  await expect(session.turn('reason', 'Hi.')).rejects.toBeInstanceOf(BudgetExceededError)
  expect(asked).toEqual([])
})

test('a refusal that comes as an answer, from a gateway or a guarded fetch, is the same error', async () => {
  const guard = createGuard({ budgets: [{ scope: 'everything', limit: '$0.0000001', window: 'lifetime' }] })
  const far = new Anthropic({ baseURL: simulator.url, apiKey: 'sk-ant-test-0000', maxRetries: 0, fetch: guard.fetch })
  const { reason } = await open({ client: far }).run('Hi.').result
  expect(reason).toMatchObject({ kind: 'budget', isCut: false, error: { code: 'runguard_budget_exceeded' } })
  expect(reason.kind === 'budget' && reason.error).toBeInstanceOf(BudgetExceededError)
})

test('words that the API does not take are not sent again with the next ones', async () => {
  const session = open()
  const { reason } = await session.run([{ type: 'text', text: '' }]).result
  expect(reason.kind).toBe('error')
  expect((await session.run('Hello.').result).reason.kind).toBe('done')
  expect(session.messages).toHaveLength(2)
})

test('a run that cannot begin leaves the session as it was', async () => {
  const session = open()
  expect(() => session.run('Hello.', { signal: 'none' as never })).toThrow(TypeError)
  expect(session.messages).toEqual([])
  expect(await session.turn('reason', 'Hello.')).toBe('Answer 1.')
  await expect(session.turn('reason', undefined as never)).rejects.toThrow('The prompt has to be a text')
})
