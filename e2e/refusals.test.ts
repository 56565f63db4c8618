/** Calls that their budget cannot pay: one request, nothing spent, and the user reads why and what to do. */

import { expect, test } from 'vitest'
import type { Failure } from './clients/client.js'
import { entrances } from './clients/table.js'
import { budgetOf, dollars } from './stage/budgets.js'
import type { Door, Place } from './stage/place.js'
import { type Exchange, openRecorder } from './stage/recorder.js'
import { openStage, type Stage } from './stage/stage.js'

/** A stage, and the place from which a client uses it. */
interface Watched {
  readonly stage: Stage
  readonly place: Place
  /** What the client sent to the gateway and got from it; null where no wire lies between them. */
  readonly exchanges: ReadonlyMap<string, Exchange> | null
}

/** A stage whose budget is generous. */
async function openWatched(door: Door): Promise<Watched> {
  const stage = await openStage({ door, budgets: [budgetOf(dollars(100))], waitForMoneyMs: 50 })
  if (door === 'in-process') return { stage, place: stage, exchanges: null }
  const { url, exchanges } = await openRecorder(stage.url)
  return { stage, place: { ...stage, url }, exchanges }
}

/** Expects one answer that was refused, among so many, with these headers; an absent one is undefined. */
function expectRefusal(exchanges: Watched['exchanges'], answers: number, expected: Record<string, unknown>): void {
  if (exchanges === null) return
  expect(exchanges.size).toBe(answers)
  const refused = [...exchanges.values()].filter(({ status }) => status !== 200)
  expect(refused.map(({ status }) => status)).toEqual([402])
  const headers = new Map(refused[0]?.answer.headers.map(([name, value]) => [name.toLowerCase(), value]))
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, headers.get(name)]))).toEqual(expected)
}

/** Every refused call of the books; none of them may have gone further. */
async function refusedCalls(stage: Stage): Promise<readonly (string | null)[]> {
  const refused = (await stage.records()).filter(({ ending }) => ending.reason === 'refused')
  expect(refused.map(({ upstreamId, cost }) => [upstreamId, cost.nano])).toEqual(refused.map(() => [null, 0]))
  return refused.map(({ errorCode }) => errorCode)
}

/** The error that a conversation ends in. */
async function rejectionOf(promise: Promise<unknown>): Promise<Pick<Failure, 'message'>> {
  return promise.then(
    () => Promise.reject(new Error('The call did not fail.')),
    (error: Error) => error,
  )
}

for (const { name, kind, door } of entrances) {
  for (const window of ['month', 'lifetime'] as const) {
    test(`${name}: a spent budget refuses with one request, and says when it resets (${window})`, async () => {
      const { stage, place, exchanges } = await openWatched(door)
      stage.setBudgets([budgetOf(dollars(100), window)])
      const client = kind.open(place)
      await client.say('Hello. [[sim:text 30000]]')
      const [spent] = await stage.records()
      stage.setBudgets([budgetOf(spent?.cost.nano ?? 0, window)])

      const { status, message, error } = await client.fail('And now?')
      expect(status).toBe(402)
      expect(message).toMatch(/The RunGuard budget for everything .* has \$0\.00 left, \$\d+\.\d+ are spent/)
      expect(message).toMatch(window === 'month' ? /It resets at 1 \w+ \d{4}/ : /It does not reset; raise the limit/)
      expect(error).toBe(kind.refusal[door])
      expect(await refusedCalls(stage)).toEqual(['runguard_budget_exceeded'])
      expect(stage.simulator.log).toHaveLength(1)
      const waiting = window === 'month' ? expect.stringMatching(/^[1-9]\d*$/) : undefined
      expectRefusal(exchanges, 2, { 'x-should-retry': 'false', 'retry-after': waiting })
    })
  }

  test(`${name}: a streamed answer that is refused is asked for once, and the conversation goes on later`, async () => {
    const { stage, place } = await openWatched(door)
    const talk = kind.open(place).talk()
    await talk.say('Hello.')
    const [spent] = await stage.records()
    stage.setBudgets([budgetOf(spent?.cost.nano ?? 0)])
    const { message } = await rejectionOf(talk.say('And now?'))
    expect(message).toMatch(/RunGuard budget for everything/)
    expect(await refusedCalls(stage)).toEqual(['runguard_budget_exceeded'])
    expect(stage.simulator.log).toHaveLength(1)

    stage.setBudgets([budgetOf(dollars(100))])
    expect(await talk.say('And now? [[sim:say here I am]]')).toBe('here I am')
    expect(stage.simulator.log.map(({ status }) => status)).toEqual([200, 200])
  })

  test(`${name}: a budget that running calls hold refuses with one request, and says so`, async () => {
    const { stage, place, exchanges } = await openWatched(door)
    const running = new AbortController()
    const isOver = holdMuch(stage, running.signal)
    await expect.poll(async () => (await stage.ledger.balances({}))[0]?.held).toBeGreaterThan(0)
    const [held] = await stage.ledger.balances({})
    stage.setBudgets([budgetOf(held?.held ?? 0)])

    const { status, message } = await kind.open(place).fail('And now?')
    expect(status).toBe(402)
    expect(message).toMatch(/has \$0\.00 left while running calls hold \$\d.*Try again when running calls have ended/)
    expect(await refusedCalls(stage)).toEqual(['runguard_budget_exceeded'])
    expectRefusal(exchanges, 1, { 'x-should-retry': 'false', 'retry-after': '10' })
    running.abort()
    await isOver
  })
}

/** Calls with a long prompt; no answer comes until the caller leaves. */
async function holdMuch({ url, fetch }: Stage, signal: AbortSignal): Promise<void> {
  const content = `${'A long prompt. '.repeat(30_000)} [[sim:fault hang]]`
  const body = JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, messages: [{ role: 'user', content }] })
  const headers = { 'x-api-key': 'sk-ant-test-0000', 'anthropic-version': '2023-06-01' }
  await fetch(`${url}/v1/messages`, { method: 'POST', headers, body, signal }).catch(() => {})
}
