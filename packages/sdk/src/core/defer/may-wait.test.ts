import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { defaultDeferPolicy } from './defer-plan.js'
import { whyAtOnce, whyNoBatch } from './may-wait.js'

const MINUTE_MS = 60_000
const why = (body: object, withinMs = 60 * MINUTE_MS) => {
  const request = { model: 'claude-haiku-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'x' }], ...body }
  const view = scanCall(new TextEncoder().encode(JSON.stringify(request)))
  return whyNoBatch(view, { withinMs, policy: defaultDeferPolicy })
}

describe('a call that may wait', () => {
  it.each([
    [{}, null],
    [{ tools: [{ name: 'look_up', input_schema: { type: 'object' } }], thinking: { type: 'adaptive' } }, null],
    [{ stream: true }, 'nobody would be there to read the stream'],
    [{ speed: 'fast' }, 'no batch is fast'],
    [{ max_tokens: 0 }, 'no batch takes such a request'],
    [{ max_tokens: '100' }, 'no batch takes such a request'],
    [{ thread: { type: 'create' } }, 'it goes on from what the API keeps'],
    [{ container: 'container_1' }, 'it goes on from what the API keeps'],
    [{ fallbacks: [{ model: 'claude-sonnet-5-5' }] }, 'it names fallbacks'],
  ])('goes into a batch, unless that could not answer it: %j', (body, reason) => {
    expect(why(body)).toBe(reason)
  })

  it('goes at once where there is no time for a batch', () => {
    expect(why({}, 30 * MINUTE_MS)).toBe('it may not wait long enough for a batch')
    expect(why({}, 30 * MINUTE_MS + 1)).toBe(null)
  })

  it('says so, in a time that can be read, and where nobody waits for it', () => {
    expect(whyAtOnce(undefined)).toBe('nobody said that it may wait')
    expect(whyAtOnce('soon')).toBe('how long it may wait cannot be read')
    expect(whyAtOnce('6h')).toBe('whoever sent it waits for its answer')
  })
})
