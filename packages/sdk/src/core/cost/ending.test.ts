import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { type EndFacts, expectUsage, settleEnding } from './ending.js'
import { noServerResults } from './server-tools.js'
import type { Usage } from './usage.js'
import { readUsage } from './usage-reading.js'

const expected: Usage = {
  parts: [{ kind: 'message', model: 'claude-opus-5-5', input: 500, write5m: 0, write1h: 0, read: 0, output: 0 }],
  webSearches: 0,
  speed: 'standard',
  geo: null,
  tier: 'standard',
}
const reading = readUsage({ input_tokens: 10, output_tokens: 3 }, { model: 'claude-opus-5-5' })

const base: EndFacts = {
  end: 'complete',
  isSent: true,
  endpoint: 'messages',
  status: 200,
  reading,
  isFinal: true,
  contentBytes: 0,
  serverResults: noServerResults,
  guardedOutput: 0,
  hasErrorEvent: false,
  expected,
}
const settle = (facts: Partial<EndFacts>) => settleEnding({ ...base, ...facts })
const outputOf = (usage: Usage | null) => usage?.parts[0]?.output

describe('how a call ended', () => {
  it.each<[string, Partial<EndFacts>, string, string]>([
    ['a whole answer with usage', {}, 'exact', 'complete'],
    ['a caller who leaves after the last event', { end: 'caller-aborted' }, 'exact', 'complete'],
    ['a connection that dies after the last event', { end: 'upstream-failed' }, 'exact', 'complete'],
    [
      'a request that never went out',
      { end: 'upstream-failed', isSent: false, status: null },
      'not-billed',
      'never-sent',
    ],
    [
      'a caller who leaves before it',
      { end: 'caller-aborted', isSent: false, status: null },
      'not-billed',
      'caller-aborted',
    ],
    ['an error answer', { status: 529, reading: null }, 'not-billed', 'error-status'],
    ['an error answer that breaks off', { status: 500, end: 'upstream-failed' }, 'not-billed', 'error-status'],
    ['a redirect', { status: 302, reading: null }, 'not-billed', 'error-status'],
    ['token counting', { endpoint: 'count-tokens' }, 'not-billed', 'free-endpoint'],
    ['an upload', { endpoint: 'other' }, 'unmetered', 'unmetered-endpoint'],
    ['an error event after 200', { hasErrorEvent: true, isFinal: false }, 'at-least', 'upstream-error-event'],
    ['a stream that dies', { end: 'upstream-failed', isFinal: false }, 'at-least', 'upstream-failed'],
    ['a caller who leaves in the middle', { end: 'caller-aborted', isFinal: false }, 'at-least', 'caller-aborted'],
    ['a gateway that has to stop', { end: 'gateway-stopped', isFinal: false }, 'at-least', 'gateway-stopped'],
    ['a stream that ends without its last event', { isFinal: false }, 'at-least', 'stream-incomplete'],
    ['an answer without usage', { reading: null }, 'at-least', 'usage-missing'],
    ['no answer at all', { end: 'upstream-failed', status: null, reading: null }, 'at-least', 'upstream-failed'],
  ])('%s', (_, facts, kind, reason) => {
    expect(settle(facts).ending).toEqual({ kind, reason })
  })

  it('charges nothing for what is not billed', () => {
    expect(settle({ status: 429 }).usage).toBeNull()
    expect(settle({ isSent: false }).usage).toBeNull()
    expect(settle({ endpoint: 'batches' }).usage).toBeNull()
  })

  it('never charges less output than was streamed, nor less than was reported', () => {
    const broken = { end: 'caller-aborted', isFinal: false } as const
    expect(outputOf(settle({ ...broken, contentBytes: 400 }).usage)).toBeGreaterThanOrEqual(100)
    expect(outputOf(settle({ ...broken, contentBytes: 1 }).usage)).toBe(3)
  })

  it('charges the expected input where the answer never said it', () => {
    const { usage } = settle({ end: 'upstream-failed', status: null, reading: null, isFinal: false })
    expect(usage).toEqual(expected)
  })

  it('flags a usage that cannot be right instead of trusting it', () => {
    const suspect = readUsage({ input_tokens: -5, output_tokens: 3 }, { model: 'm' })
    expect(settle({ reading: suspect }).ending).toEqual({ kind: 'at-least', reason: 'usage-suspect' })
  })
})

describe('what is expected of a call', () => {
  const expectOf = (body: unknown) => expectUsage(scanCall(Buffer.from(JSON.stringify(body))), 100).parts[0]

  it('is plain input without markers, and the dearest write that the markers allow', () => {
    const text = (ttl?: string) => ({
      type: 'text',
      text: 'x',
      cache_control: { type: 'ephemeral', ...(ttl && { ttl }) },
    })
    expect(expectOf({ model: 'm' })).toMatchObject({ model: 'm', input: 100, write5m: 0, write1h: 0 })
    expect(expectOf({ system: [text()] })).toMatchObject({ input: 0, write5m: 100, write1h: 0 })
    expect(expectOf({ system: [text('1h'), text()] })).toMatchObject({ input: 0, write5m: 0, write1h: 100 })
    expect(expectOf({ cache_control: { type: 'ephemeral' } })).toMatchObject({ write5m: 100 })
  })
})
