import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../core/body/json-object.js'
import { type HeardAnswer, rememberAsked } from '../core/loop/asked-rounds.js'
import { openTap } from './answer-tap.js'

const json = { 'content-type': 'application/json' }
const stream = { 'content-type': 'text/event-stream; charset=utf-8' }
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function hear(body: Uint8Array, headers: Record<string, string>, step = body.length, status = 200): HeardAnswer | null {
  const tap = openTap()
  tap.head(status, headers)
  for (let at = 0; at < body.length; at += Math.max(1, step)) tap.feed(body.slice(at, at + Math.max(1, step)))
  return tap.read()
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

/** As the API sends it: blocks begin empty, and their texts and inputs come in pieces. */
function streamOf(id: string, content: readonly JsonObject[], piece: number): Uint8Array {
  const blocks = content.map((block, index) => {
    const isText = block.type === 'text'
    const whole = isText ? String(block.text) : JSON.stringify(block.input)
    const begun = isText ? { ...block, text: '' } : { ...block, input: {} }
    const deltas: string[] = []
    for (let at = 0; at < whole.length; at += piece) {
      const part = whole.slice(at, at + piece)
      const delta = isText ? { type: 'text_delta', text: part } : { type: 'input_json_delta', partial_json: part }
      deltas.push(event('content_block_delta', { index, delta }))
    }
    return `${event('content_block_start', { index, content_block: begun })}${deltas.join('')}`
  })
  const begin = event('message_start', { message: { id, type: 'message', content: [] } })
  return bytesOf(`${begin}${blocks.join('')}${event('message_stop', {})}`)
}

const block = fc.oneof(
  fc.record({ type: fc.constant('text'), text: fc.string({ unit: 'grapheme', maxLength: 20 }) }),
  fc.record({
    type: fc.constant('tool_use'),
    id: fc.string({ maxLength: 9 }),
    name: fc.constantFrom('look', '__proto__', ''),
    input: fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 })),
  }),
)
const answer = fc.array(block, { maxLength: 4 })

describe('an answer that is listened to', () => {
  it('is heard the same whole and streamed, however it is cut into pieces', () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 1, max: 50 }), (content, step) => {
        const told: unknown = JSON.parse(JSON.stringify({ message: 'msg_1', content }))
        expect(hear(bytesOf(JSON.stringify({ id: 'msg_1', content })), json, step)).toEqual(told)
        expect(hear(streamOf('msg_1', content, step), stream, step)).toEqual(told)
      }),
    )
  })

  it('is not remembered where it ends early', () => {
    fc.assert(
      fc.property(answer, fc.double({ min: 0, max: 1, noNaN: true }), (content, share) => {
        const whole = bytesOf(JSON.stringify({ id: 'msg_1', content }))
        expect(hear(whole.slice(0, Math.floor(share * (whole.length - 1))), json)).toBeNull()
        const streamed = streamOf('msg_1', content, 5)
        // The last line end ends the last event.
        expect(hear(streamed.slice(0, Math.floor(share * (streamed.length - 1))), stream)).toBeNull()
      }),
    )
  })

  it.each([
    ['is an error', { id: 'msg_1', content: [] }, 529],
    ['has no id', { content: [] }, 200],
    ['has an id that is none', { id: 7, content: [] }, 200],
    ['has no list of blocks', { id: 'msg_1', content: 'text' }, 200],
  ])('is not remembered where it %s', (_, body, status) => {
    expect(hear(bytesOf(JSON.stringify(body)), json, undefined, status)).toBeNull()
  })

  it('is not remembered where it is larger than any answer', () => {
    const text = 'x'.repeat(17 * 1024 * 1024)
    expect(hear(bytesOf(JSON.stringify({ id: 'msg_1', content: [{ type: 'text', text }] })), json, 1 << 16)).toBeNull()
    expect(hear(streamOf('msg_1', [{ type: 'text', text }], 1 << 20), stream, 1 << 16)).toBeNull()
  })

  it('is remembered in bounds, whatever it calls', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const call = (index: number) =>
      `{"type":"tool_use","id":"t${index}","name":"${'n'.repeat(999)}","input":{"a":${index ? 1 : deep}}}`
    const calls = Array.from({ length: 5_000 }, (_, index) => call(index)).join(',')
    const heard = hear(bytesOf(`{"id":"msg_1","content":[${calls}]}`), json)
    if (heard === null) throw new Error('it was whole')
    expect(JSON.stringify(rememberAsked(heard, {})).length).toBeLessThan(100_000)
  })
})
