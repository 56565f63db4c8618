import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import type { ToolUseBlock } from '@anthropic-ai/sdk/resources/messages'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { manualRuntime } from '../../testing/manual-runtime.js'
import { type AgentTool, type RunnableTool, runTool, type ToolLimits, toolDefinition } from './agent-tool.js'

const runtime = manualRuntime()

function limits(more: Partial<ToolLimits> = {}): ToolLimits {
  return { signal: new AbortController().signal, timeoutMs: null, runtime, ...more }
}

function callTo(name: string, input: unknown = {}): ToolUseBlock {
  return { type: 'tool_use', id: 'toolu_1', name, input, caller: { type: 'direct' } }
}

function tool(run: RunnableTool['run']): AgentTool {
  return { name: 't', run }
}

const weather = betaZodTool({
  name: 'weather',
  description: 'The weather of a city.',
  inputSchema: z.object({ city: z.string() }),
  run: ({ city }) => `Rain in ${city}.`,
})

const stock = betaTool({
  name: 'stock',
  description: 'How many are left.',
  inputSchema: { type: 'object', properties: { of: { type: 'string' } } },
  run: ({ of }) => `7 ${of}`,
})

test("tools of the official client's helpers are tools, definition and all", async () => {
  const tools: readonly AgentTool[] = [weather, stock]
  expect(await runTool(tools, callTo('weather', { city: 'Rome' }), limits())).toMatchObject({
    content: 'Rain in Rome.',
  })
  expect(await runTool(tools, callTo('stock', { of: 'pens' }), limits())).toMatchObject({ content: '7 pens' })
  expect(toolDefinition(weather)).toMatchObject({ name: 'weather', input_schema: { required: ['city'] } })
  expect(JSON.parse(JSON.stringify(toolDefinition(weather)))).toEqual(toolDefinition(weather))
})

test('an input that the tool cannot take is told to the model, and the tool is not run', async () => {
  const result = await runTool([weather], callTo('weather', { town: 'Rome' }), limits())
  expect(result).toMatchObject({ tool_use_id: 'toolu_1', is_error: true, content: expect.stringMatching(/city/) })
})

test.each([
  ['a text', 'a text'],
  [[{ type: 'text', text: 'a block' }], [{ type: 'text', text: 'a block' }]],
  [undefined, undefined],
  [{ rows: 3 }, '{"rows":3}'],
  [[1, 2], '[1,2]'],
  [null, 'null'],
  [12n, 'Error: Do not know how to serialize a BigInt'],
])('what a tool answers becomes content: %o', async (output, content) => {
  expect((await runTool([tool(() => output)], callTo('t'), limits())).content).toEqual(content)
})

test.each([
  ['an error', new Error('broken'), 'Error: broken'],
  ['anything else', 'broken', 'Error: broken'],
  ['what has no words', Object.create(null), 'Error: the tool failed.'],
  ['content that JSON cannot hold', { content: [1n] }, 'Error: the tool failed.'],
  ['an error with content of its own', Object.assign(new Error('x'), { content: 'See the log.' }), 'See the log.'],
])('a tool may throw %s', async (_, thrown, content) => {
  const failing = tool(() => {
    throw thrown
  })
  expect(await runTool([failing], callTo('t'), limits())).toEqual({
    ...{ type: 'tool_result', tool_use_id: 'toolu_1', content, is_error: true },
  })
})

test('a tool that nobody has, or nobody runs, is an error that names the ones there are', async () => {
  const told: AgentTool = { name: 'told_only', input_schema: { type: 'object' } }
  const tools: AgentTool[] = [tool(() => 'x'), told, { type: 'web_search_20260318', name: 'web_search' }]
  const unknown = await runTool(tools, callTo('constructor'), limits())
  expect(unknown).toMatchObject({
    is_error: true,
    content: 'Error: there is no tool "constructor" here. The tools are t.',
  })
  expect(await runTool(tools, callTo('told_only'), limits())).toMatchObject({ is_error: true })
  expect(await runTool([], callTo('x'), limits())).toMatchObject({ content: expect.stringMatching(/no tools to call/) })
})

test('a tool that takes too long is left, and told by its signal', async () => {
  let seen: AbortSignal | null = null
  const slow = tool((_, { signal }) => {
    seen = signal
    return new Promise(() => {})
  })
  const result = runTool([slow], callTo('t'), limits({ timeoutMs: 5_000 }))
  runtime.advance(4_999)
  expect(seen).toMatchObject({ aborted: false })
  runtime.advance(1)
  expect(await result).toMatchObject({ is_error: true, content: 'Error: the tool did not answer within 5000 ms' })
  expect(seen).toMatchObject({ aborted: true })
})

test('a tool that is quick enough is not disturbed when its time would be up', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): number => unhandled.push(reason)
  process.on('unhandledRejection', note)
  expect(await runTool([tool(() => 'quick')], callTo('t'), limits({ timeoutMs: 10 }))).toMatchObject({
    content: 'quick',
  })
  runtime.advance(10)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('once a tool has answered nobody waits for its time to be up, and its signal stays as it is', async () => {
  const own = manualRuntime()
  let seen: AbortSignal | null = null
  const quick = tool((_, { signal }) => {
    seen = signal
    return own.pending()
  })
  expect(await runTool([quick], callTo('t'), limits({ runtime: own, timeoutMs: 60_000 }))).toMatchObject({
    content: '1',
  })
  expect(own.pending()).toBe(0)
  own.advance(60_000)
  expect(seen).toMatchObject({ aborted: false })
})

test('an aborted run starts no tool', async () => {
  const controller = new AbortController()
  controller.abort()
  let runs = 0
  const counted = tool(() => {
    runs += 1
  })
  expect(await runTool([counted], callTo('t'), limits({ signal: controller.signal }))).toMatchObject({ is_error: true })
  expect(runs).toBe(0)
})

test('a call within a toolset is answered within it', async () => {
  const call = { ...callTo('t'), toolset_name: 'desk' }
  expect(await runTool([tool(() => 'x')], call, limits())).toMatchObject({ toolset_name: 'desk' })
})

test('rows that have a type, and a list without any, are data and no content blocks', async () => {
  for (const rows of [[{ type: 'user', name: 'Ada' }], []]) {
    expect(await runTool([tool(() => rows)], callTo('t'), limits())).toMatchObject({ content: JSON.stringify(rows) })
  }
})

test('a tool that changes its input does not change what the model said', async () => {
  const call = callTo('t', { city: 'Rome' })
  const careless = tool((input: { city: string }, { toolUse }) => {
    input.city = 'Paris'
    toolUse.id = 'other'
  })
  expect(await runTool([careless], call, limits())).toMatchObject({ tool_use_id: 'toolu_1' })
  expect(call).toEqual(callTo('t', { city: 'Rome' }))
})
