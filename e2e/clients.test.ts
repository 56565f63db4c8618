/** Every client at every door: what it tells its user is right, and the books behind the door are exact. */

import { expect, test } from 'vitest'
import { anthropic, previousAnthropic, threadedAnthropic } from './clients/anthropic.js'
import { roundsOf, type ToldTokens } from './clients/client.js'
import { entrances, entrancesOf } from './clients/table.js'
import { expectBooksToAgree, type Served, tokensOf } from './stage/books.js'
import { openStage } from './stage/stage.js'

function servedTokens(calls: readonly Served[]): ToldTokens {
  const tokens = calls.map(({ entry }) => tokensOf(entry))
  const sum = (of: (each: (typeof tokens)[number]) => number): number => tokens.reduce((all, each) => all + of(each), 0)
  const read = sum((each) => each.read)
  const written = sum((each) => each.write5m + each.write1h)
  return { prompt: sum((each) => each.input) + read + written, read, written, output: sum((each) => each.output) }
}

/** A fault as a person's words can ask the simulator for it. */
function faultOf(fault: object): string {
  return `Now this. [[sim:fault ${JSON.stringify({ kind: 'status', ...fault })}]]`
}

const soon = { headers: { 'retry-after-ms': '20' } }

for (const { name, kind, door } of entrances) {
  test(`${name}: a question and its answer`, async () => {
    const stage = await openStage({ door })
    const told = await kind.open(stage).say('Hello. [[sim:say good morning to you]]')
    const calls = await expectBooksToAgree(stage)
    expect(told).toEqual({ text: 'good morning to you', tokens: servedTokens(calls) })
    expect(calls).toHaveLength(1)
    expect(calls[0]?.record.client).toMatch(kind.userAgent)
  })

  test(`${name}: a streamed answer`, async () => {
    const stage = await openStage({ door })
    const told = await kind.open(stage).stream('Hello. [[sim:text 200]] [[sim:every 1]]')
    const calls = await expectBooksToAgree(stage)
    expect(Buffer.byteLength(told.text)).toBe(600)
    const served = servedTokens(calls)
    expect(told.tokens).toEqual({ ...served, output: served.output + kind.surplusOutput })
    expect(calls[0]?.record).toMatchObject({ isStream: true, client: expect.stringMatching(kind.userAgent) })
  })

  test(`${name}: four rounds of a tool`, async () => {
    const stage = await openStage({ door })
    const told = await kind.open(stage).work(`Go. ${roundsOf(kind, 4)} [[sim:say found it]]`)
    const calls = await expectBooksToAgree(stage)
    expect(calls.map(({ entry }) => entry.stopReason)).toEqual([...Array(4).fill('tool_use'), 'end_turn'])
    expect(told).toEqual({ text: 'found it', tokens: servedTokens(calls) })
  })

  for (const ttl of ['5m', '1h'] as const) {
    test(`${name}: a prompt that is cached for ${ttl}`, async () => {
      const stage = await openStage({ door })
      const client = kind.open(stage)
      const first = await client.sayCached('What is it about?', ttl)
      const second = await client.sayCached('And what else?', ttl)
      const calls = await expectBooksToAgree(stage)
      const written = calls[0] && tokensOf(calls[0].entry)[ttl === '1h' ? 'write1h' : 'write5m']
      expect(written).toBeGreaterThan(512)
      expect(first.tokens).toEqual(servedTokens(calls.slice(0, 1)))
      expect(second.tokens).toEqual(servedTokens(calls.slice(1)))
      expect(second.tokens.read).toBeGreaterThan(512)
    })
  }

  test(`${name}: one 429, then the answer`, async () => {
    const stage = await openStage({ door })
    stage.simulator.fault({ kind: 'status', status: 429, headers: { 'retry-after-ms': '20', 'retry-after': '1' } })
    const told = await kind.open(stage).say('Hello. [[sim:say here I am]]')
    const calls = await expectBooksToAgree(stage)
    expect(calls.map(({ record }) => [record.status, record.errorCode])).toEqual([
      [429, 'rate_limit_error'],
      [200, null],
    ])
    expect(told).toEqual({ text: 'here I am', tokens: servedTokens(calls) })
  })

  test(`${name}: an overloaded API is asked three times and costs nothing`, async () => {
    const stage = await openStage({ door })
    const failure = await kind.open(stage).fail(faultOf({ status: 529, ...soon }))
    const calls = await expectBooksToAgree(stage)
    expect(calls.map(({ record }) => record.errorCode)).toEqual(Array(kind.attempts).fill('overloaded_error'))
    expect(failure.status).toBe(529)
  })

  test(`${name}: a 402 is asked once, and its message is shown`, async () => {
    const stage = await openStage({ door })
    const message = 'The budget of this month is spent.'
    const headers = { 'x-should-retry': 'false' }
    const failure = await kind.open(stage).fail(faultOf({ status: 402, type: 'billing_error', message, headers }))
    const calls = await expectBooksToAgree(stage)
    expect(calls.map(({ record }) => [record.status, record.errorCode])).toEqual([[402, 'billing_error']])
    expect(failure).toMatchObject({ status: 402, message: expect.stringContaining(message) })
  })

  test(`${name}: a stream that its user leaves is charged, never below what was streamed`, async () => {
    const stage = await openStage({ door })
    const text = await kind.open(stage).leave('Tell me all. [[sim:text 4000]] [[sim:every 20]]')
    const calls = await expectBooksToAgree(stage)
    expect(calls.map(({ record }) => record.ending)).toEqual([{ kind: 'at-least', reason: 'caller-aborted' }])
    const [part] = calls[0]?.record.usage?.parts ?? []
    expect(text.length).toBeGreaterThanOrEqual(60)
    // The simulator counts three bytes of text as a token.
    expect(part?.output).toBeGreaterThanOrEqual(Math.ceil(Buffer.byteLength(text) / 3))
    expect(part?.output).toBeLessThan(4000)
  })
}

const shapes = {
  thinking: '[[sim:think 900]] [[sim:say so]]',
  'two web searches': '[[sim:search 2 700]]',
  'five parallel tool calls': '[[sim:parallel 5 look_up]]',
  'a conversation that was compacted first': '[[sim:compact 300]]',
  'a refusal': '[[sim:refuse]]',
  'a model that fell back on a cheaper one': '[[sim:fallback claude-sonnet-5-5]]',
  'a compressed body': '[[sim:fault gzip]] [[sim:text 300]]',
}

for (const { name, kind, door } of entrancesOf([anthropic, previousAnthropic])) {
  test.each(Object.entries(shapes))(`${name}: an answer with %s, plain and streamed`, async (_title, directives) => {
    const stage = await openStage({ door })
    const client = kind.open(stage)
    await client.say(`Hello. ${directives}`)
    await client.stream(`Hello. ${directives}`)
    const calls = await expectBooksToAgree(stage)
    expect(calls.map(({ record }) => record.isStream)).toEqual([false, true])
    expect(calls.every(({ entry }) => entry.isBilled)).toBe(true)
  })

  test(`${name}: counting tokens is free and gives the number that is billed later`, async () => {
    const stage = await openStage({ door })
    const client = kind.open(stage)
    const count = await client.countTokens?.('How long is this?')
    const told = await client.say('How long is this?')
    const [counted] = await expectBooksToAgree(stage)
    expect(count).toBe(told.tokens.prompt)
    expect(counted?.record).toMatchObject({
      endpoint: 'count-tokens',
      ending: { kind: 'not-billed', reason: 'free-endpoint' },
    })
  })

  test(`${name}: the list of models arrives and is free`, async () => {
    const stage = await openStage({ door })
    const models = await kind.open(stage).listModels?.()
    const [listed] = await expectBooksToAgree(stage)
    expect(models).toContain('claude-opus-5-5')
    expect(listed?.record).toMatchObject({
      endpoint: 'models',
      ending: { kind: 'not-billed', reason: 'free-endpoint' },
    })
  })
}

for (const { name, kind, door } of entrancesOf([threadedAnthropic])) {
  test(`${name}: a tool loop whose conversation the server keeps, and one where it does not`, async () => {
    const stage = await openStage({ door })
    const words = `Go. ${roundsOf(kind, 4)} [[sim:say found it]]`
    const refusalsOf = (calls: readonly Served[]) => {
      return calls.filter(({ record }) => record.errorCode === 'thread_unsupported_request').length
    }
    const told = await kind.open(stage).work(words)
    const kept = await expectBooksToAgree(stage)
    expect([told, refusalsOf(kept)]).toEqual([{ text: 'found it', tokens: servedTokens(kept) }, 0])
    // The refusal reaches the SDK untouched, code and all: that is how it knows to go on without.
    stage.simulator.fault({ kind: 'status', status: 400, errorCode: 'thread_unsupported_request' })
    expect((await kind.open(stage).work(words)).text).toBe('found it')
    expect(refusalsOf(await expectBooksToAgree(stage))).toBe(1)
  })
}
