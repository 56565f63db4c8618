/** Calls that their budget cannot pay: one request, nothing spent, and the user reads why and what to do. */

import { expect, test } from 'vitest'
import { agentSdk } from './clients/agent-sdk.js'
import { aiSdk } from './clients/ai-sdk.js'
import { anthropic, previousAnthropic } from './clients/anthropic.js'
import { claudeCode } from './clients/claude-code.js'
import type { Failure } from './clients/client.js'
import { langchain } from './clients/langchain.js'
import { budgetOf, dollars } from './stage/budgets.js'
import { type Exchange, openRecorder } from './stage/recorder.js'
import { openStage, type Place, type Stage } from './stage/stage.js'

const clients = [anthropic, previousAnthropic, aiSdk, langchain, claudeCode, agentSdk]

/** A stage whose budget is generous, and the place from which a client is seen to call it. */
async function openWatched(): Promise<{ stage: Stage; place: Place; exchanges: ReadonlyMap<string, Exchange> }> {
  const stage = await openStage({ budgets: [budgetOf(dollars(100))], waitForMoneyMs: 50 })
  const { url, exchanges } = await openRecorder(stage.url)
  return { stage, place: { url, home: stage.home }, exchanges }
}

/** The headers of the one answer that was refused. */
function refusalIn(exchanges: ReadonlyMap<string, Exchange>): ReadonlyMap<string, string> {
  const refused = [...exchanges.values()].filter(({ status }) => status !== 200)
  expect(refused.map(({ status }) => status)).toEqual([402])
  return new Map(refused[0]?.answer.headers.map(([name, value]) => [name.toLowerCase(), value]))
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

for (const kind of clients) {
  for (const window of ['month', 'lifetime'] as const) {
    test(`${kind.name}: a spent budget refuses with one request, and says when it resets (${window})`, async () => {
      const { stage, place, exchanges } = await openWatched()
      stage.setBudgets([budgetOf(dollars(100), window)])
      const client = kind.open(place)
      await client.say('Hello. [[sim:text 30000]]')
      const [spent] = await stage.records()
      stage.setBudgets([budgetOf(spent?.cost.nano ?? 0, window)])

      const { status, message } = await client.fail('And now?')
      expect(status).toBe(402)
      expect(message).toMatch(/The RunGuard budget for everything .* has \$0\.00 left, \$\d+\.\d+ are spent/)
      expect(message).toMatch(window === 'month' ? /It resets at 1 \w+ \d{4}/ : /It does not reset; raise the limit/)
      expect(await refusedCalls(stage)).toEqual(['runguard_budget_exceeded'])
      expect(exchanges.size).toBe(2)
      expect(stage.simulator.log).toHaveLength(1)
      const headers = refusalIn(exchanges)
      expect(headers.get('x-should-retry')).toBe('false')
      const untilReset = Number(headers.get('retry-after'))
      if (window === 'month') expect(untilReset).toBeGreaterThan(0)
      else expect(headers.has('retry-after')).toBe(false)
    })
  }

  test(`${kind.name}: a streamed answer that is refused is asked for once, and the conversation goes on later`, async () => {
    const { stage, place } = await openWatched()
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

  test(`${kind.name}: a budget that running calls hold refuses with one request, and says so`, async () => {
    const { stage, place, exchanges } = await openWatched()
    const running = new AbortController()
    const isOver = holdMuch(stage, running.signal)
    await expect.poll(async () => (await stage.ledger.balances({}))[0]?.held).toBeGreaterThan(0)
    const [held] = await stage.ledger.balances({})
    stage.setBudgets([budgetOf(held?.held ?? 0)])

    const { status, message } = await kind.open(place).fail('And now?')
    expect(status).toBe(402)
    expect(message).toMatch(/has \$0\.00 left while running calls hold \$\d.*Try again when running calls have ended/)
    expect(await refusedCalls(stage)).toEqual(['runguard_budget_exceeded'])
    expect(exchanges.size).toBe(1)
    const headers = refusalIn(exchanges)
    expect([headers.get('x-should-retry'), headers.get('retry-after')]).toEqual(['false', '10'])
    running.abort()
    await isOver
  })
}

/** Calls with a long prompt; no answer comes until the caller leaves. */
async function holdMuch({ url }: Stage, signal: AbortSignal): Promise<void> {
  const content = `${'A long prompt. '.repeat(30_000)} [[sim:fault hang]]`
  const body = JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, messages: [{ role: 'user', content }] })
  const headers = { 'x-api-key': 'sk-ant-test-0000', 'anthropic-version': '2023-06-01' }
  await fetch(`${url}/v1/messages`, { method: 'POST', headers, body, signal }).catch(() => {})
}
