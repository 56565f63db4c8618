import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sseReader } from './sse.js'

interface Seen {
  name: string
  data: string | null
  dataBytes: number
}

function readAll(chunks: readonly Uint8Array[], wants: (name: string) => boolean = () => true): Seen[] {
  const seen: Seen[] = []
  const reader = sseReader({ wants, event: (name, data, dataBytes) => seen.push({ name, data, dataBytes }) })
  for (const chunk of chunks) reader.feed(chunk)
  return seen
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

describe('reading server-sent events', () => {
  it('gives name and data of each event', () => {
    const stream = 'event: message_start\ndata: {"a":1}\n\nevent: ping\ndata: {}\n\n'
    expect(readAll([bytesOf(stream)])).toEqual([
      { name: 'message_start', data: '{"a":1}', dataBytes: 7 },
      { name: 'ping', data: '{}', dataBytes: 2 },
    ])
  })

  it('reads CRLF, data without a space, several data lines, comments and events without a name', () => {
    const stream = ': hello\r\ndata:{"a":\r\ndata: 1}\r\nid: 7\r\n\r\nretry: 5\n\n'
    expect(readAll([bytesOf(stream)])).toEqual([{ name: '', data: '{"a":\n1}', dataBytes: 7 }])
  })

  it('measures events that nobody wants without decoding them', () => {
    const stream = 'event: content_block_delta\ndata: {"text":"äöü"}\n\n'
    expect(readAll([bytesOf(stream)], () => false)).toEqual([
      { name: 'content_block_delta', data: null, dataBytes: 17 },
    ])
  })

  it('reports nothing of an event that never ended', () => {
    expect(readAll([bytesOf('event: message_stop\ndata: {"type":"message_stop"}\n')])).toEqual([])
  })

  it('counts a line without end instead of keeping it, and goes on behind it', () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x')
    const chunks = [bytesOf('data: '), ...Array.from({ length: 20 }, () => megabyte), bytesOf('\n\ndata: ok\n\n')]
    const seen = readAll(chunks)
    expect(seen.map(({ data }) => data)).toEqual([null, 'ok'])
    expect(seen[0]?.dataBytes).toBeGreaterThan(20 * 1024 * 1024)
  })

  it("sees what the field's own parser sees, wherever the chunks are cut", () => {
    const anyEvent = fc.record({
      name: fc.constantFrom('message_start', 'content_block_delta', 'ping'),
      data: fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify({ text })),
      eol: fc.constantFrom('\n', '\r\n'),
    })
    const anyCuts = fc.array(fc.nat(), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(anyEvent), anyCuts, (events, cuts) => {
        const text = events.map(({ name, data, eol }) => `event: ${name}${eol}data: ${data}${eol}${eol}`).join('')
        const whole = bytesOf(text)
        const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort((a, b) => a - b)
        const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end))
        const expected: unknown[] = []
        const parser = createParser({ onEvent: ({ event, data }) => expected.push([event, data]) })
        parser.feed(text)
        expect(readAll(chunks).map(({ name, data }) => [name, data])).toEqual(expected)
      }),
    )
  })
})
