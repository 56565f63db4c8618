import { request as httpRequest } from 'node:http'
import { createBrotliCompress, createGzip, constants as zlib } from 'node:zlib'
import { type Budget, readConfig } from '@runguard/sdk/core'
import { describe, expect, it } from 'vitest'
import { type House, httpUpstream, post, startHouse, streamBody } from './harness.js'

function budget(limit: string): Budget {
  const reading = readConfig({ budgets: [{ scope: 'everything', window: 'month', limit }] })
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  return reading.config.budgets[0] as Budget
}

const event = (name: string, data: object): string =>
  `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
/** Four letters, others for each number: an answer that says the same again and again would be ended for that. */
const wordOf = (n: number): string =>
  [17_576, 676, 26, 1].map((place) => String.fromCharCode(97 + (Math.floor(n / place) % 26))).join('')
const wordsFrom = (n: number): string => Array.from({ length: 20 }, (_, index) => `${wordOf(n + index)} `).join('')

/** A message of so many deltas of a hundred bytes, 25 tokens each. */
function messageEvents(deltas: number): string[] {
  const usage = { input_tokens: 20, output_tokens: 1 }
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-5-5', content: [], usage }
  const delta = (text: string) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
  return [
    event('message_start', { message }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...Array.from({ length: deltas }, (_, index) => delta(wordsFrom(20 * index))),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: deltas * 25 } }),
    event('message_stop', {}),
  ]
}

interface Encoded {
  readonly coding: 'gzip' | 'br'
  readonly deltas: number
  /** Where the upstream breaks off, as a number of events. */
  readonly breaksAfter?: number
}

/** An upstream that encodes although it was asked not to, and flushes every event. */
function encodingUpstream({ coding, deltas, breaksAfter }: Encoded): Promise<string> {
  return httpUpstream((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': coding })
    const encoder =
      coding === 'gzip'
        ? createGzip({ flush: zlib.Z_SYNC_FLUSH })
        : createBrotliCompress({ flush: zlib.BROTLI_OPERATION_FLUSH })
    encoder.pipe(response)
    const events = messageEvents(deltas)
    let at = 0
    const next = (): void => {
      if (response.destroyed) return
      if (at === breaksAfter) response.end(Buffer.from('no gzip at all, and then some'))
      else if (at === events.length) encoder.end()
      else encoder.write(events[at++] as string, () => setImmediate(next))
    }
    next()
  })
}

const streamed = streamBody.replace('"max_tokens":100', '"max_tokens":32000')
const send = async ({ gateway }: House): Promise<{ encoding: string | null; text: string }> => {
  const answer = await post(gateway.url, streamed, { 'anthropic-version': '2023-06-01', 'accept-encoding': 'identity' })
  return { encoding: answer.headers.get('content-encoding'), text: await answer.text() }
}

describe('a stream that comes encoded although that was not asked for', () => {
  it.each(['gzip', 'br'] as const)('in %s is cut where its budget ends, and arrives decoded', async (coding) => {
    const upstream = await encodingUpstream({ coding, deltas: 2_000 })
    const house = await startHouse(upstream, { budgets: [budget('$0.03')] })
    const { encoding, text } = await send(house)
    expect(encoding).toBeNull()
    expect(text).toMatch(/RunGuard ended this answer here/)
    expect(text.trimEnd()).toMatch(/data: \{"type":"message_stop"\}$/)
    const [record] = await house.records(1)
    expect(record).toMatchObject({ ending: { kind: 'at-least', reason: 'budget-cut' } })
    expect(record?.cost.nano).toBeLessThanOrEqual(30_000_000)
  })

  it('is passed on whole where the money is there', async () => {
    const upstream = await encodingUpstream({ coding: 'gzip', deltas: 100 })
    const house = await startHouse(upstream, { budgets: [budget('$20')] })
    const { text } = await send(house)
    expect(text).toBe(messageEvents(100).join(''))
    const [record] = await house.records(1)
    expect(record).toMatchObject({ ending: { kind: 'exact' }, usage: { parts: [{ output: 2_500 }] } })
  })

  it('stays as it is where no budget may have to end it', async () => {
    const house = await startHouse(await encodingUpstream({ coding: 'gzip', deltas: 3 }))
    const encoding = await new Promise<string | undefined>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'x-api-key': 'sk-ant-test' }
      const sent = httpRequest(`${house.gateway.url}/v1/messages`, { method: 'POST', headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.headers['content-encoding']))
      })
      sent.on('error', reject).end(streamed)
    })
    expect(encoding).toBe('gzip')
  })

  it('breaks off for the caller where it cannot be decoded any further', async () => {
    const upstream = await encodingUpstream({ coding: 'gzip', deltas: 100, breaksAfter: 20 })
    const house = await startHouse(upstream, { budgets: [budget('$20')] })
    await expect(send(house)).rejects.toThrow()
    const [record] = await house.records(1)
    expect(record).toMatchObject({ ending: { kind: 'at-least', reason: 'upstream-failed' } })
  })
})
