import Anthropic from '@anthropic-ai/sdk'
import { type Runtime, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { type RunningSimulator, startSimulator } from '@runguard/simulator'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startControlHouse } from './control-house.js'
import { startHouse } from './harness.js'

const model = 'claude-sonnet-5-5'
/** Every sentence is another one: nobody takes this for a loop. */
const SPEECH = Array.from({ length: 4_000 }, (_, n) => `Item ${n} is ${(n * 7_919) % 9_973}. `).join('')
const REASON =
  /^RunGuard ended this answer here, because session "job" was stopped: held by .+, "too dear"\. It goes on/

async function openSimulator(): Promise<RunningSimulator> {
  const simulator = await startSimulator({
    script: (_request, { served }) =>
      served === 0
        ? { parts: [{ kind: 'text', text: SPEECH }], pacing: { betweenEventsMs: 2 } }
        : { parts: [{ kind: 'text', text: 'All is well.' }] },
  })
  onTestFinished(() => simulator.close())
  return simulator
}

/** Speaks to an agent of the session, and does something once it has begun to answer. */
async function speak(url: string, meanwhile: () => Promise<unknown>): Promise<Anthropic.Message> {
  const headers = { 'x-runguard-session': 'job' }
  const client = new Anthropic({ baseURL: url, apiKey: 'sk-ant-test', maxRetries: 2, defaultHeaders: headers })
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Tell me all.' }]
  const stream = client.messages.stream({ model, max_tokens: 32_000, messages })
  stream.once('text', () => void meanwhile())
  return stream.finalMessage()
}

/** A minute of it is a second. */
function hurried(): Runtime {
  const real = systemRuntime()
  return {
    ...real,
    tick: () => real.tick() * 60,
    schedule: (delayMs, task) => real.schedule(delayMs / 60, task),
  }
}

describe('a session that an operator holds while its agent speaks', () => {
  it('is silent at once, with a whole message that says why; its next call is refused until it is released', async () => {
    const simulator = await openSimulator()
    const house = await startControlHouse({ upstream: simulator.url })
    const message = await speak(house.url, () =>
      house.ask('breakers/session%3Ajob/hold', { method: 'POST', json: { note: 'too dear' } }),
    )
    expect(message.stop_reason).toBe('end_turn')
    expect(message.content).toMatchObject([{ type: 'text' }, { type: 'text', text: expect.stringMatching(REASON) }])
    await simulator.idle()
    expect(simulator.log).toMatchObject([{ ending: 'aborted' }])
    expect(simulator.log[0]?.streamedCharacters).toBeLessThan(SPEECH.length / 2)
    // The caller has the end of the message before the record of it is written.
    await expect
      .poll(async () => (await house.ask('calls')).body.items)
      .toMatchObject([
        {
          ending: { kind: 'at-least', reason: 'breaker-cut' },
          tokens: { output: message.usage.output_tokens },
          refusal: { isEnforced: true, by: { kind: 'breaker', breaker: 'session:job', state: 'held' } },
        },
      ])
    await expect(speak(house.url, async () => {})).rejects.toMatchObject({ status: 402 })
    await house.ask('breakers/session%3Ajob/reset', { method: 'POST' })
    expect((await speak(house.url, async () => {})).content).toMatchObject([{ text: 'All is well.' }])
  })

  it('is silent within seconds at another gateway on the store', async () => {
    const simulator = await openSimulator()
    const store = memoryStore()
    const told = await startControlHouse({ store })
    const other = await startHouse(simulator.url, { store, runtime: hurried() })
    const message = await speak(other.gateway.url, () =>
      told.ask('breakers/session%3Ajob/hold', { method: 'POST', json: { note: 'too dear' } }),
    )
    expect(message.content.at(-1)).toMatchObject({ text: expect.stringMatching(REASON) })
    const [record] = await other.records(1)
    expect(record).toMatchObject({ ending: { reason: 'breaker-cut' }, cost: { isEstimated: true } })
    expect(record?.cost.nano).toBeGreaterThan(0)
  })
})
