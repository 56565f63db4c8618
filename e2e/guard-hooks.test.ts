/** The Agent SDK with our hooks, through the gateway: loops and money are stopped within the agent. */

import {
  type HookCallbackMatcher,
  type HookEvent,
  type Options,
  query,
  type SDKMessage,
} from '@anthropic-ai/claude-agent-sdk'
import { type GuardHookOptions, gatewayEnvironment, guardHooks, type SpendingSource } from '@runguard/sdk'
import { expect, test } from 'vitest'
import { claudeEnvironment } from './clients/claude-code.js'
import { model } from './clients/client.js'
import { openStage, type Stage } from './stage/stage.js'

/** What the program sees of a run: the results of tools as the model reads them, and how it ended. */
interface Seen {
  readonly toolResults: readonly string[]
  readonly end: SDKMessage & { readonly type: 'result' }
}

async function run(stage: Stage, words: string, source: SpendingSource, options: GuardHookOptions = {}): Promise<Seen> {
  // The type says that the hooks fit.
  const hooks: Partial<Record<HookEvent, HookCallbackMatcher[]>> = { ...guardHooks(source, options) }
  const env = gatewayEnvironment({ url: stage.url, session: 'nightly', environment: claudeEnvironment(stage) })
  const settings: Options = {
    model,
    cwd: stage.home,
    env,
    settingSources: [],
    allowedTools: ['Bash'],
    maxTurns: 20,
    hooks,
  }
  const toolResults: string[] = []
  let end: Seen['end'] | null = null
  for await (const message of query({ prompt: words, options: settings })) {
    if (message.type === 'user') toolResults.push(...resultsIn(message.message.content))
    if (message.type === 'result') end = message
  }
  if (end === null) throw new Error('The agent ended without a result.')
  return { toolResults, end }
}

function resultsIn(content: unknown): string[] {
  const blocks = Array.isArray(content) ? (content as { type?: string; content?: unknown }[]) : []
  return blocks.filter(({ type }) => type === 'tool_result').map((block) => JSON.stringify(block.content))
}

const looping = '[[sim:loop Bash {"command":"echo 42"}]]'

test('an agent that loops is told, then denied, then stopped', async () => {
  const stage = await openStage()
  const { toolResults, end } = await run(stage, looping, { spentUsd: 0 })
  expect(toolResults.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => '"42"'))
  expect(toolResults[3]).toMatch(/RunGuard: this call is not made. It would be the same 4 times in a row \(Bash\)/)
  expect(end).toMatchObject({ subtype: 'success', terminal_reason: 'hook_stopped' })
  expect(stage.simulator.log).toHaveLength(5)
})

test('an agent whose money is used up is denied its next call and stopped at the one after it', async () => {
  const stage = await openStage()
  const spentUsd = async (): Promise<number> => {
    const records = await stage.records()
    return records.reduce((sum, { cost }) => sum + cost.nano, 0) / 1e9
  }
  const { toolResults, end } = await run(stage, looping, { spentUsd: 0 }, { budgetUsd: 0.0001, spentUsd, loop: false })
  expect(toolResults[0]).toMatch(/RunGuard: The budget of \$0\.0001 is used up/)
  expect(end).toMatchObject({ terminal_reason: 'hook_stopped' })
  expect(stage.simulator.log).toHaveLength(2)
})

test('an agent that does its work is left alone, and its calls are on the account that the environment names', async () => {
  const stage = await openStage()
  const { toolResults, end } = await run(stage, '[[sim:tool-loop 2 Bash {"command":"echo 42"}]]', {
    spent: 0,
    budget: 1,
  })
  expect(toolResults).toEqual(['"42"', '"42"'])
  expect(end).toMatchObject({ subtype: 'success', result: 'Done.' })
  const records = await stage.records()
  expect(records.map(({ scope }) => scope.session)).toEqual(['nightly', 'nightly', 'nightly'])
})
