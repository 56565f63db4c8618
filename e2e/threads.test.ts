/** Message threads: the API keeps the conversation, and each request shows no more than the results that are new. */

import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { expect, test } from 'vitest'
import { dummyKey } from './clients/client.js'
import { openRecorder } from './stage/recorder.js'
import { openStage, type Stage } from './stage/stage.js'

const model = 'claude-opus-5-5'
const doors = ['gateway', 'in-process'] as const
const ways = [false, true] as const

/** The tool runner of the SDK as it is by default: on a thread. */
function runnerOf(stage: Stage, words: string, stream: boolean) {
  const client = stage.wrap(new Anthropic({ baseURL: stage.url, apiKey: dummyKey }))
  const clock = betaTool({
    name: 'clock',
    description: 'Tells the time.',
    inputSchema: { type: 'object', properties: { zone: { type: 'string' } } },
    run: () => "It is five o'clock.",
  })
  const messages = [{ role: 'user' as const, content: words }]
  return client.beta.messages.toolRunner({
    model,
    max_tokens: 1_000,
    max_iterations: 10,
    tools: [clock],
    messages,
    stream,
  })
}

async function runToEnd(runner: ReturnType<typeof runnerOf>): Promise<Error | null> {
  try {
    for await (const answer of runner) if ('finalMessage' in answer) await answer.finalMessage()
    return null
  } catch (error) {
    return error as Error
  }
}

async function endingsOf(stage: Stage) {
  return (await stage.records()).map(({ status, ending, errorCode, loop, hold: _hold }) => {
    return [status, ending.reason, errorCode, loop?.action, loop?.rounds]
  })
}

for (const door of doors) {
  for (const isStreamed of ways) {
    const title = `${door}, ${isStreamed ? 'streamed' : 'whole'}`

    test(`an agent on a thread that goes in a loop is stopped within five rounds, ${title}`, async () => {
      const stage = await openStage({ door })
      const error = await runToEnd(runnerOf(stage, 'Go. [[sim:looping clock {"zone":"UTC"}]]', isStreamed))
      expect(error?.message).toMatch(/clock was called 4 times in a row with the same input/)
      const endings = await endingsOf(stage)
      expect(endings.map(([status]) => status)).toEqual([200, 200, 200, 200, null])
      expect(endings.at(-1)).toEqual([null, 'refused', 'runguard_loop_detected', 'stop', 4])
    })

    test(`an agent on a thread that does something else in each round is let be, ${title}`, async () => {
      const stage = await openStage({ door })
      const rounds = Array.from({ length: 8 }, (_, index) => `[[sim:tool clock {"zone":"Z${'abcdefgh'[index]}"}]]`)
      const runner = runnerOf(stage, `Go. ${rounds.join('[[sim:next]]')} [[sim:next]] [[sim:say done]]`, isStreamed)
      expect(await runToEnd(runner)).toBeNull()
      expect((await endingsOf(stage)).every(([status, , , loop]) => status === 200 && loop === undefined)).toBe(true)
    })
  }
}

test('the requests go out as they came: the thread is named, and the history is not sent', async () => {
  const stage = await openStage({ door: 'in-process' })
  const { url, exchanges } = await openRecorder(stage.simulator.url)
  await runToEnd(runnerOf({ ...stage, url }, 'Go. [[sim:tool-loop 2 clock {}]]', false))
  const sizes = [...exchanges.values()].map(({ request }) => request.bodyBytes)
  expect(sizes).toHaveLength(3)
  expect(sizes[2]).toBe(sizes[1])
  expect(sizes[1]).toBeLessThan(sizes[0] ?? 0)
})
