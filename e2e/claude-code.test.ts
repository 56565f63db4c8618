/** What only Claude Code does: sessions, subagents, tags, its own bill, and the questions it asks on the side. */

import { expect, test } from 'vitest'
import { type ClaudeResult, type ClaudeRun, runClaude } from './clients/claude-code.js'
import { expectBooksToAgree, type Served } from './stage/books.js'
import type { Place } from './stage/place.js'
import { openStage } from './stage/stage.js'
import { openDeadEnd } from './stage/upstream.js'

async function runToEnd(place: Place, run: ClaudeRun): Promise<ClaudeResult> {
  const result = await runClaude(place, run)
  if (result?.is_error !== false) throw new Error(`Claude Code failed: ${result?.result}`)
  return result
}

function nanoOf(usd: number): number {
  return Math.round(usd * 1e9)
}

function recordedNano(calls: readonly Served[]): number {
  return calls.reduce((sum, { record }) => sum + record.cost.nano, 0)
}

test('one prompt is one call, and both bills are the same', async () => {
  const stage = await openStage()
  const result = await runToEnd(stage, { words: 'Hello. [[sim:text 50]]' })
  const calls = await expectBooksToAgree(stage)
  expect(calls).toHaveLength(1)
  expect(nanoOf(result.total_cost_usd)).toBe(recordedNano(calls))
  expect(recordedNano(calls)).toBeGreaterThan(0)
  expect(calls[0]?.record.scope.session).toBe(result.session_id)
})

test('a session that goes on over three runs keeps its name in the records', async () => {
  const stage = await openStage()
  const first = await runToEnd(stage, { words: 'First. [[sim:say one]]' })
  const second = await runToEnd(stage, { words: 'Second. [[sim:say two]]', flags: ['--continue'] })
  const third = await runToEnd(stage, { words: 'Third. [[sim:say three]]', flags: ['--resume', first.session_id] })
  const calls = await expectBooksToAgree(stage)
  expect([first, second, third].map(({ result }) => result)).toEqual(['one', 'two', 'three'])
  expect(calls.map(({ record }) => record.scope.session)).toEqual(Array(3).fill(first.session_id))
  expect(calls[2]?.entry.usage?.cache_read_input_tokens).toBeGreaterThan(10_000)
  // A run that goes on with a session counts what the session cost before.
  expect(nanoOf(third.total_cost_usd)).toBe(recordedNano(calls))
})

test('a subagent is a call of its own with its own name, in the session and in the bill of the run', async () => {
  const stage = await openStage()
  const order = { description: 'look', prompt: 'Look. [[sim:say I looked]]', subagent_type: 'general-purpose' }
  const call = `Agent ${JSON.stringify({ ...order, run_in_background: false })}`
  const words = `Go. [[sim:tool ${call}]] [[sim:next]] [[sim:say all done]]`
  const result = await runToEnd(stage, { words, flags: ['--allowedTools', 'Agent'] })
  const calls = await expectBooksToAgree(stage)
  const agents = calls.map(({ record }) => record.scope.agent)
  expect(result.result).toBe('all done')
  expect(agents).toEqual([null, expect.any(String), null])
  expect(calls.map(({ record }) => record.scope.session)).toEqual(Array(3).fill(result.session_id))
  expect(nanoOf(result.total_cost_usd)).toBe(recordedNano(calls))
})

test('a project in the base URL and tags in the environment arrive in the records, and go no further', async () => {
  const stage = await openStage()
  const headers = 'x-runguard-tag: nightly, blue\nx-runguard-task: extract'
  const place = { ...stage, url: `${stage.url}/p/team-a` }
  const result = await runToEnd(place, { words: 'Hello.', environment: { ANTHROPIC_CUSTOM_HEADERS: headers } })
  const calls = await expectBooksToAgree(stage)
  const scope = { project: 'team-a', tags: ['nightly', 'blue'], task: 'extract', session: result.session_id }
  expect(calls.map(({ record }) => record.scope)).toEqual([expect.objectContaining(scope)])
  expect(calls.map(({ entry }) => entry.path)).toEqual(['/v1/messages'])
})

test('a real command runs in the real shell between two calls', async () => {
  const stage = await openStage()
  const command = JSON.stringify({ command: 'echo written by the model > note.txt && wc -w < note.txt' })
  const words = `Go. [[sim:tool Bash ${command}]] [[sim:next]] [[sim:tool Read {"file_path":"${stage.home}/note.txt"}]]`
  const seen: string[] = []
  const onLine = (line: object): void => void seen.push(JSON.stringify(line))
  const result = await runToEnd(stage, { words, flags: ['--allowedTools', 'Bash', 'Read'], onLine })
  const calls = await expectBooksToAgree(stage)
  expect(seen.some((line) => line.includes('tool_result') && line.includes('written by the model'))).toBe(true)
  expect(calls.map(({ entry }) => entry.stopReason)).toEqual(['tool_use', 'tool_use', 'end_turn'])
  expect(nanoOf(result.total_cost_usd)).toBe(recordedNano(calls))
})

test('the many token counts of /context are free', async () => {
  const stage = await openStage()
  const result = await runToEnd(stage, { words: '/context' })
  const calls = await expectBooksToAgree(stage)
  expect(result.total_cost_usd).toBe(0)
  expect(calls.length).toBeGreaterThan(10)
  expect(new Set(calls.map(({ record }) => record.endpoint))).toEqual(new Set(['count-tokens']))
  expect(new Set(calls.map(({ record }) => record.ending.reason))).toEqual(new Set(['free-endpoint']))
})

test('the list of models that it asks a gateway for comes through', async () => {
  const stage = await openStage()
  const environment = { CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1' }
  await runToEnd(stage, { words: 'Hello.', environment })
  const calls = await expectBooksToAgree(stage)
  expect(calls.map(({ record }) => [record.endpoint, record.status])).toContainEqual(['models', 200])
})

test('it calls nobody but the gateway', async () => {
  const stage = await openStage()
  const proxy = await openDeadEnd()
  const environment = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }
  await runToEnd(stage, { words: 'Hello.', environment })
  expect(await expectBooksToAgree(stage)).toHaveLength(1)
  expect(proxy.wanted).toEqual([])
})
