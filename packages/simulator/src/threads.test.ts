import Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { virtualClock } from './clock.js'
import { type RunningSimulator, startSimulator } from './server.js'
import { THREADS_BETA } from './threads.js'

const base = { model: 'claude-opus-5-5', max_tokens: 1_000, betas: [THREADS_BETA] }
const user = (content: string) => [{ role: 'user' as const, content }]
const tools = [{ name: 'look', input_schema: { type: 'object' as const } }]

const clock = virtualClock()
let simulator: RunningSimulator
let client: Anthropic

beforeEach(async () => {
  simulator = await startSimulator({ clock })
  client = clientOf('sk-ant-test')
})
afterEach(() => simulator.close())

function clientOf(apiKey: string): Anthropic {
  return new Anthropic({ apiKey, baseURL: simulator.url, maxRetries: 0 })
}

function create(words: string): Promise<Anthropic.Beta.BetaMessage> {
  return client.beta.messages.create({ ...base, messages: user(words), thread: { type: 'create' } })
}

function goOn(previous: string, words: string, more: object = {}, as = client): Promise<Anthropic.Beta.BetaMessage> {
  const thread = { type: 'continue', previous_message_id: previous } as const
  return as.beta.messages.create({ ...base, messages: user(words), thread, ...more })
}

const codeOf = async (call: Promise<unknown>): Promise<unknown> => {
  const error = await call.then(
    () => null,
    (reason: { status: number; error: { error: { details?: { error_code: string } } } }) => reason,
  )
  return error === null ? null : [error.status, error.error.error.details?.error_code ?? null]
}

describe('a thread', () => {
  it('is answered, and paid, as if the whole conversation had been sent', async () => {
    const first = await create('Hello.')
    const second = await goOn(first.id, 'And now?')
    const messages = [...user('Hello.'), { role: 'assistant' as const, content: first.content }, ...user('And now?')]
    const whole = await client.beta.messages.create({ ...base, messages })
    expect([second.content, second.usage]).toEqual([whole.content, whole.usage])
    expect(second.usage.input_tokens).toBeGreaterThan(first.usage.input_tokens)
  })

  it('keeps its tools, and knows the calls that results answer', async () => {
    const runner = client.beta.messages.toolRunner({
      ...base,
      messages: user('Go. [[sim:tool-loop 3 look {}]]'),
      tools: [{ type: 'custom', ...tools[0], run: () => 'seen', parse: (input: unknown) => input } as never],
    })
    expect((await runner.runUntilDone()).stop_reason).toBe('end_turn')
    expect(simulator.log.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  it('is gone on with once, from its newest answer', async () => {
    const first = await create('One.')
    const second = await goOn(first.id, 'Two.')
    expect(await codeOf(goOn(first.id, 'Two again.'))).toEqual([400, 'thread_already_continued'])
    expect(await codeOf(goOn(second.id, 'Three.'))).toBeNull()
  })

  it('is gone after five minutes, and is nobody else’s', async () => {
    const first = await create('One.')
    expect(await codeOf(goOn('msg_unknown', 'Two.'))).toEqual([404, 'thread_not_found'])
    expect(await codeOf(goOn(first.id, 'Two.', {}, clientOf('sk-ant-other')))).toEqual([404, 'thread_not_found'])
    await clock.advance(5 * 60_000)
    expect(await codeOf(goOn(first.id, 'Two.'))).toEqual([404, 'thread_not_found'])
  })

  it('can be asked again where the answer failed, and does not keep what the model declined', async () => {
    const first = await create('One.')
    simulator.fault({ kind: 'status', status: 529 })
    expect(await codeOf(goOn(first.id, 'Two.'))).toEqual([529, null])
    const declined = await goOn(first.id, 'Two. [[sim:refuse]]')
    expect(await codeOf(goOn(declined.id, 'Three.'))).toEqual([404, 'thread_not_found'])
  })

  it('is refused where the request repeats what it keeps, or asks for what does not go with it', async () => {
    const first = await create('One.')
    expect(await codeOf(goOn(first.id, 'Two.', { tools }))).toEqual([400, null])
    const edits = { context_management: { edits: [] } }
    expect(await codeOf(goOn(first.id, 'Two.', edits))).toEqual([400, 'thread_unsupported_request'])
    expect(await codeOf(goOn(first.id, 'Two.', { betas: [] }))).toEqual([400, null])
    expect(await codeOf(goOn(first.id, 'Two.'))).toBeNull()
  })
})
