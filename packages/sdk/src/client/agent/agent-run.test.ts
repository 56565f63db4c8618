import Anthropic from '@anthropic-ai/sdk'
import { auditBills, type RunningSimulator, type Script, startSimulator } from '@runguard/simulator'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { BudgetExceededError, LoopDetectedError } from '../../core/refusal/refusal-error.js'
import type { AgentEvent } from './agent-events.js'
import type { AgentSessionOptions } from './agent-options.js'
import { AgentSession } from './agent-session.js'
import type { AgentTool } from './agent-tool.js'

let simulator: RunningSimulator
let client: Anthropic

beforeEach(() => open())

async function open(script?: Script): Promise<void> {
  simulator = await startSimulator(script === undefined ? {} : { script })
  onTestFinished(() => simulator.close())
  client = new Anthropic({ baseURL: simulator.url, apiKey: 'sk-ant-test-0000', maxRetries: 0 })
}

function session(options: Partial<AgentSessionOptions> = {}): AgentSession {
  return new AgentSession({ client, tools: [clock, failing], ...options })
}

/** How often the clock was looked at. */
let looks = 0

const clock: AgentTool = {
  name: 'clock',
  description: 'What time it is.',
  input_schema: { type: 'object', properties: { zone: { type: 'string' } } },
  run: ({ zone = 'Berlin' }: { zone?: string }) => {
    looks += 1
    return `It is ${looks} o'clock in ${zone}.`
  },
}

const failing: AgentTool = {
  name: 'failing',
  input_schema: { type: 'object', properties: {} },
  run: () => {
    throw new Error('the disk is full')
  },
}

/** What the books say, in dollars. */
async function billed(): Promise<number> {
  await simulator.idle()
  return Number(auditBills(simulator.log).total) / 1e9
}

/** The conversation is one that the API takes: it can be gone on with. */
async function expectToGoOn(agent: AgentSession): Promise<void> {
  const { reason, text } = await agent.run('[[sim:say Here I am.]]', { maxTurns: 3 }).result
  expect({ reason, text }).toEqual({ reason: { kind: 'done' }, text: 'Here I am.' })
}

test('an agent works with its tools until it is done, and every event is told in order', async () => {
  const agent = session()
  const events: AgentEvent[] = []
  const run = agent.run(
    'What time is it? [[sim:think 20]] [[sim:tool clock {"zone":"Rome"}]] [[sim:next]] [[sim:say It is late.]]',
  )
  for await (const event of run) events.push(event)
  const { reason, text, turns, costUsd, message } = await run.result
  expect({ reason, text, turns }).toEqual({ reason: { kind: 'done' }, text: 'It is late.', turns: 2 })
  expect(message?.stop_reason).toBe('end_turn')
  expect(costUsd).toBe(await billed())
  expect(agent.spent).toBe(costUsd)
  const kinds = events.map(({ kind }) => kind)
  expect(kinds.filter((kind, at) => kind !== kinds[at - 1])).toEqual([
    ...['turn', 'thinking', 'message', 'tool-call', 'tool-result'],
    ...['turn', 'text', 'message', 'stop'],
  ])
  const spoken = events.map((event) => (event.kind === 'text' ? event.text : '')).join('')
  expect(spoken).toBe('It is late.')
  const paid = events.map((event) => (event.kind === 'message' ? event.costUsd : 0))
  expect(paid.reduce((sum, cost) => sum + cost)).toBeCloseTo(costUsd, 12)
})

test('thinking goes back to the API as it came', async () => {
  const agent = session()
  await agent.run('[[sim:think 30]] [[sim:tool clock]]').result
  const [, answer] = agent.messages
  expect(answer?.content).toMatchObject([
    { type: 'thinking', thinking: expect.stringMatching(/./), signature: expect.stringMatching(/./) },
    { type: 'tool_use', name: 'clock' },
  ])
})

test('calls of one answer are made side by side, and their results are in the order of the calls', async () => {
  const opened: string[] = []
  let release = (): void => {}
  const bothRun = new Promise<void>((resolve) => {
    release = resolve
  })
  const meeting: AgentTool = {
    name: 'meet',
    input_schema: { type: 'object', properties: {} },
    run: async ({ who }: { who: string }) => {
      opened.push(who)
      if (opened.length === 2) release()
      await bothRun
      return `${who} was there`
    },
  }
  const agent = session({ tools: [meeting] })
  const { reason } = await agent.run('[[sim:tool meet {"who":"Ann"}]] [[sim:tool meet {"who":"Bob"}]]').result
  expect(reason.kind).toBe('done')
  expect(agent.messages[2]?.content).toMatchObject([{ content: 'Ann was there' }, { content: 'Bob was there' }])
})

test('a tool that throws is no crash: the model is told', async () => {
  const agent = session()
  const { reason } = await agent.run('[[sim:tool failing {}]] [[sim:next]] [[sim:tool nothing {}]]').result
  expect(reason).toEqual({ kind: 'done' })
  expect(agent.messages[2]?.content).toMatchObject([{ is_error: true, content: 'Error: the disk is full' }])
  expect(agent.messages[4]?.content).toMatchObject([
    { is_error: true, content: expect.stringMatching(/no tool "nothing"/) },
  ])
})

test('a run stops before a call that its budget does not pay', async () => {
  const agent = session({ budgetUsd: 0.02, model: 'claude-opus-5-5' })
  const { reason, text } = await agent.run('Say hello.').result
  expect(reason).toMatchObject({ kind: 'budget', isCut: false })
  expect(reason.kind === 'budget' && reason.error).toBeInstanceOf(BudgetExceededError)
  expect(text).toBe('')
  expect(simulator.log).toEqual([])
  expect(agent.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Say hello.' }] }])
})

test('an answer that uses up the budget is ended, kept, and never overspends', async () => {
  const agent = session({ budgetUsd: 0.03, model: 'claude-opus-5-5' })
  const { reason, text } = await agent.run('[[sim:text 5000]] [[sim:every 1]]').result
  expect(reason).toMatchObject({ kind: 'budget', isCut: true })
  expect(text.length).toBeGreaterThan(500)
  expect(agent.spent).toBeLessThanOrEqual(0.03)
  expect(agent.spent).toBeGreaterThan(0.015)
  expect(agent.messages).toHaveLength(2)
  const again = await agent.run('And on.').result
  expect(again.reason).toMatchObject({ kind: 'budget', isCut: false })
})

test('an answer that says the same again and again ends the run as a loop, and the next message goes on', async () => {
  const agent = session({ model: 'claude-opus-5-5' })
  const { reason, text } = await agent.run(`[[sim:say ${'I will now write the document. '.repeat(400)}]]`).result
  expect(reason).toMatchObject({ kind: 'loop', match: null, error: { code: 'runguard_loop_detected' } })
  expect(reason.kind === 'loop' && reason.error.message).toMatch(/the answer said the same \d+ times in a row/)
  expect(text.length).toBeLessThan(10_000)
  expect((await agent.run('[[sim:say Here it is.]]').result).reason).toEqual({ kind: 'done' })
})

test('a run stops at its last turn, before tools are called whose results nobody would read', async () => {
  const agent = session({ loop: false })
  looks = 0
  const { reason, turns } = await agent.run('[[sim:loop clock {}]]', { maxTurns: 3 }).result
  expect({ reason, turns }).toEqual({ reason: { kind: 'turns', maxTurns: 3 }, turns: 3 })
  expect(looks).toBe(2)
  await expectToGoOn(agent)
})

test('an agent is told of its third round of the same calls with the same results, and stopped at the fourth', async () => {
  const agent = session()
  const notices: AgentEvent[] = []
  const onEvent = (event: AgentEvent): void => void (event.kind === 'loop-notice' && notices.push(event))
  const { reason, turns } = await agent.run('[[sim:loop failing {}]]', { onEvent }).result
  expect(reason).toMatchObject({ kind: 'loop', match: { repeats: 4, cycleLength: 1 } })
  expect(reason.kind === 'loop' && reason.error).toBeInstanceOf(LoopDetectedError)
  expect(turns).toBe(4)
  expect(notices).toHaveLength(1)
  expect(agent.messages[6]?.content).toMatchObject([
    { type: 'tool_result' },
    { text: expect.stringMatching(/3 times/) },
  ])
  await expectToGoOn(agent)
})

test('calls whose results change may go on a little longer', async () => {
  const words = { count: 0 }
  const poll: AgentTool = {
    name: 'poll',
    input_schema: { type: 'object', properties: {} },
    run: () => ['waiting', 'starting', 'copying', 'linking', 'cleaning', 'done'][words.count++],
  }
  const agent = session({ tools: [poll] })
  const { reason, turns } = await agent.run('[[sim:loop poll {}]]').result
  expect(reason).toMatchObject({ kind: 'loop', match: { repeats: 5 } })
  expect({ turns, polls: words.count }).toEqual({ turns: 5, polls: 4 })
  await expectToGoOn(agent)
})

test('a new prompt of the person starts the count anew', async () => {
  const agent = session()
  for (const words of ['One.', 'Two.', 'Three.']) {
    const { reason } = await agent.run(`${words} [[sim:tool-loop 2 failing {}]]`).result
    expect(reason.kind).toBe('done')
  }
})

test('an answer that does not fit is kept, and a tool call that it cuts off is never made', async () => {
  const agent = session({ maxTokens: 40 })
  looks = 0
  const { reason } = await agent.run('[[sim:tool clock {}]] [[sim:text 500]]').result
  expect(reason).toEqual({ kind: 'max_tokens', stopReason: 'max_tokens' })
  expect(looks).toBe(0)
  const [, answer, results] = agent.messages
  expect(answer?.content).toMatchObject([{ type: 'tool_use' }, { type: 'text' }])
  expect(results?.content).toMatchObject([{ type: 'tool_result', is_error: true }])
  await expectToGoOn(agent)
})

test('a run that is aborted keeps what was said before, and can be gone on with', async () => {
  const agent = session()
  const controller = new AbortController()
  const onEvent = (event: AgentEvent): void => {
    if (event.kind === 'tool-result') controller.abort('enough')
  }
  const { reason, turns } = await agent.run('[[sim:tool-loop 2 clock {}]]', { signal: controller.signal, onEvent })
    .result
  expect({ reason, turns }).toEqual({ reason: { kind: 'aborted', cause: 'enough' }, turns: 1 })
  expect(agent.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  await expectToGoOn(agent)
})

test('whoever leaves the events stops the run, in the middle of a stream, and pays for what was said', async () => {
  const agent = session()
  const run = agent.run('[[sim:text 2000]] [[sim:every 5]]')
  for await (const event of run) if (event.kind === 'text') break
  const { reason, message } = await run.result
  expect({ kind: reason.kind, message }).toEqual({ kind: 'aborted', message: null })
  expect(agent.spent).toBeGreaterThan(0)
  await simulator.idle()
  expect(simulator.log).toMatchObject([{ ending: 'aborted' }])
  expect(agent.messages).toHaveLength(1)
})

test('a tool that hangs is left when the run is aborted', async () => {
  const hang: AgentTool = {
    name: 'hang',
    input_schema: { type: 'object', properties: {} },
    run: () => new Promise(() => {}),
  }
  const agent = session({ tools: [hang] })
  const run = agent.run('[[sim:tool hang {}]]')
  for await (const event of run) if (event.kind === 'tool-call') break
  expect((await run.result).reason.kind).toBe('aborted')
  expect(agent.messages[2]?.content).toMatchObject([{ is_error: true }])
  await expectToGoOn(agent)
})

test('a refusal says what for, and the refused words are not sent again', async () => {
  const agent = session()
  const { reason, message } = await agent.run('[[sim:say No.]] [[sim:refuse]]').result
  expect(reason).toMatchObject({ kind: 'refused', category: 'general_harms' })
  expect(message?.stop_reason).toBe('refusal')
  expect(agent.messages).toEqual([])
  await expectToGoOn(agent)
})

test('a refusal in the middle of the work keeps the work', async () => {
  const agent = session()
  const { reason } = await agent.run('[[sim:tool clock {}]] [[sim:next]] [[sim:refuse]]').result
  expect(reason.kind).toBe('refused')
  expect(agent.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  await expectToGoOn(agent)
})

test('a failed call is the reason as it was thrown, and can be tried again', async () => {
  const agent = session()
  simulator.fault({ kind: 'status', status: 529 }, { times: 1 })
  const { reason } = await agent.run('Say hello.').result
  expect(reason.kind === 'error' && reason.error).toBeInstanceOf(Anthropic.APIError)
  const again = await agent.run(null).result
  expect(again).toMatchObject({ reason: { kind: 'done' }, text: 'You said: Say hello.' })
})

test('a stream that breaks off is an error, and its cost is on the session', async () => {
  const agent = session()
  simulator.fault({ kind: 'cut', afterBytes: 3_000 }, { times: 1 })
  const { reason } = await agent.run('[[sim:text 500]]').result
  expect(reason.kind).toBe('error')
  expect(agent.spent).toBeGreaterThanOrEqual(await billed())
  expect(agent.spent).toBeGreaterThan(0)
  expect((await agent.run(null).result).reason).toEqual({ kind: 'done' })
})

test('an answer that pauses is gone on with', async () => {
  let calls = 0
  await open(() => {
    calls += 1
    const stopReason = calls === 1 ? 'pause_turn' : 'end_turn'
    return { parts: [{ kind: 'text', text: `Part ${calls}.` }], stopReason }
  })
  const { reason, text, turns } = await session().run('Search.').result
  expect({ reason, text, turns }).toEqual({ reason: { kind: 'done' }, text: 'Part 2.', turns: 2 })
})

test('who has something else to say does not have to wait for an answer that paused', async () => {
  const agent = session()
  await agent.run('Search.').result
  const search = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
  const paused = [
    { role: 'user', content: 'Search.' },
    { role: 'assistant', content: [search] },
  ]
  const kept = { ...agent.toJSON(), history: paused }
  const resume = (): AgentSession => AgentSession.resume(kept, { client })
  expect((await resume().run(null).result).reason.kind).toBe('done')
  expect((await resume().run('Never mind.').result).reason.kind).toBe('done')
})

test('a listener already knows the run that it is told of', async () => {
  const agent = session()
  const run = agent.run('[[sim:text 500]] [[sim:every 1]]', { onEvent: () => run.abort('enough') })
  expect((await run.result).reason).toEqual({ kind: 'aborted', cause: 'enough' })
})

test('a listener that throws, or rejects, does not end the run', async () => {
  const fail = (): never => {
    throw new Error('my own fault')
  }
  for (const onEvent of [fail, async () => fail()]) {
    expect((await session().run('Hello.', { onEvent }).result).reason.kind).toBe('done')
  }
})

test('events can be read afterwards, and more than once', async () => {
  const run = session().run('[[sim:say Hi.]]')
  await run.result
  const read = async (): Promise<string[]> => {
    const kinds: string[] = []
    for await (const { kind } of run) kinds.push(kind)
    return kinds
  }
  expect(await read()).toEqual(['turn', 'text', 'message', 'stop'])
  expect(await read()).toEqual(await read())
})
