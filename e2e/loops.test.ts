/** Agents that go in a loop: stopped within five rounds, with words for their user, and on their way again when that one writes. */

import Anthropic from '@anthropic-ai/sdk'
import { AgentSession, errorFromApiError } from '@runguard/sdk'
import { expect, test } from 'vitest'
import { threadedAnthropic } from './clients/anthropic.js'
import { type ClaudeResult, runClaude } from './clients/claude-code.js'
import { dummyKey } from './clients/client.js'
import { embeddedClients, entrances, entrancesOf } from './clients/table.js'
import type { Place } from './stage/place.js'
import { openStage, type Stage } from './stage/stage.js'

const WORDS =
  /RunGuard stopped this agent, because \w+ was called 4 times in a row with the same input\. It has cost \$0\.\d+ so far\. Send a new message to go on/

/** The answers that the model gave, and what became of the calls that were not sent. */
async function countCalls({ simulator, records }: Stage) {
  const answered = simulator.log.filter(({ path, status }) => path === '/v1/messages' && status === 200)
  const refused = (await records()).filter(({ ending }) => ending.reason === 'refused')
  return { answered: answered.length, refused: refused.map(({ errorCode, loop }) => [errorCode, loop?.action]) }
}

const STOPPED_ONCE = { answered: 4, refused: [['runguard_loop_detected', 'stop']] }

async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => Promise.reject(new Error('Nobody stopped the agent.')),
    (error: Error) => error,
  )
}

for (const { name, kind, door } of [...entrances, ...entrancesOf([threadedAnthropic])]) {
  test(`${name}: a loop is stopped with one request, and the next message goes through`, async () => {
    const stage = await openStage({ door })
    const talk = kind.open(stage).talk()
    const { name: tool, input } = kind.orderOf('again', '')
    const error = await rejectionOf(talk.say(`Go on. [[sim:looping ${tool} ${JSON.stringify(input)}]]`))
    expect(error.message).toMatch(WORDS)
    expect(await countCalls(stage)).toEqual(STOPPED_ONCE)
    if (embeddedClients.includes(kind)) expect(errorFromApiError(error)?.code).toBe('runguard_loop_detected')
    expect(await talk.say('Enough of that. [[sim:say Here I am.]]')).toContain('Here I am.')
    expect(await countCalls(stage)).toMatchObject({ answered: 5 })
  })
}

const again = 'Bash {"command":"echo up to date"}'
const withShell = ['--allowedTools', 'Bash']

async function run(place: Place, words: string, flags: readonly string[] = []): Promise<ClaudeResult> {
  const result = await runClaude(place, { words, flags: [...withShell, ...flags] })
  if (result === null) throw new Error('Claude Code was interrupted.')
  return result
}

test('Claude Code ends with the message, and a session that goes on is watched anew', async () => {
  const stage = await openStage()
  const stopped = await run(stage, `Go. [[sim:looping ${again}]]`)
  expect([stopped.is_error, stopped.api_error_status]).toEqual([true, 402])
  expect(stopped.result).toMatch(WORDS)
  expect(stopped.result).toContain(`runguard session resume ${stopped.session_id}`)
  expect(await countCalls(stage)).toEqual(STOPPED_ONCE)

  const resumed = await run(stage, 'Another way. [[sim:say I will.]]', ['--continue'])
  expect([resumed.result, resumed.session_id]).toEqual(['I will.', stopped.session_id])
  const relapsed = await run(stage, `Once more. [[sim:looping ${again}]]`, ['--continue'])
  expect(relapsed.result).toMatch(WORDS)
  const { answered, refused } = await countCalls(stage)
  expect([answered, refused.length]).toEqual([9, 2])
})

test('a subagent of Claude Code is stopped by itself, and the agent that sent it goes on', async () => {
  const stage = await openStage()
  const order = { description: 'look', prompt: `Look. [[sim:looping ${again}]]`, subagent_type: 'general-purpose' }
  const call = `Agent ${JSON.stringify({ ...order, run_in_background: false })}`
  const flags = ['--allowedTools', 'Agent', 'Bash']
  const result = await run(stage, `Go. [[sim:tool ${call}]] [[sim:next]] [[sim:say I go on without.]]`, flags)
  expect(result).toMatchObject({ is_error: false, result: 'I go on without.' })
  const refused = (await stage.records()).filter(({ ending }) => ending.reason === 'refused')
  expect(refused.map(({ loop, scope }) => [loop?.rounds, scope.agent])).toEqual([[4, expect.any(String)]])
})

for (const door of ['gateway', 'in-process'] as const) {
  test(`an AgentSession without a watch of its own is stopped, ${door}, and goes on`, async () => {
    const stage = await openStage({ door })
    const client = stage.wrap(new Anthropic({ baseURL: stage.url, apiKey: dummyKey }))
    const clock = { name: 'clock', input_schema: { type: 'object' }, run: () => "It is five o'clock." }
    const session = new AgentSession({ client, tools: [clock], loop: false })
    const { reason } = await session.run('Go. [[sim:looping clock {}]]').result
    expect(reason).toMatchObject({ kind: 'loop', match: { repeats: 4, cycle: ['clock'] } })
    expect(await countCalls(stage)).toEqual(STOPPED_ONCE)
    expect((await session.run('Enough. [[sim:say Here I am.]]').result).text).toBe('Here I am.')
  })
}
