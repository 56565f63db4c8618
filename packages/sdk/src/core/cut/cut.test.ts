import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sampleStreams } from '../../testing/streams.js'
import type { Usage } from '../cost/usage.js'
import { streamGate } from './cut.js'
import { frameReader } from './cut-frames.js'

const REASON = 'RunGuard ended this answer: the budget for session:s-1 ($1.00 per session) is used up.'
const part = {
  kind: 'message',
  model: 'claude-sonnet-5-5',
  input: 42,
  write5m: 200,
  write1h: 1000,
  read: 8000,
  output: 33,
}
const usage: Usage = { parts: [part], webSearches: 1, speed: 'standard', geo: 'global', tier: 'standard' }
const notice = { reason: REASON, usage }

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const event = (name: string, data: object): string =>
  `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
const block = (index: number, content_block: object, ...deltas: readonly object[]): string =>
  event('content_block_start', { index, content_block }) +
  deltas.map((delta) => event('content_block_delta', { index, delta })).join('') +
  event('content_block_stop', { index })
const text = (index: number, ...texts: readonly string[]) =>
  block(index, { type: 'text', text: '' }, ...texts.map((each) => ({ type: 'text_delta', text: each })))
const json = (...parts: readonly string[]) => parts.map((partial_json) => ({ type: 'input_json_delta', partial_json }))
const thinking = (index: number, ...words: readonly string[]) =>
  block(
    index,
    { type: 'thinking', thinking: '', signature: '' },
    ...words.map((word) => ({ type: 'thinking_delta', thinking: word })),
    { type: 'signature_delta', signature: 'c2lnbmF0dXJl' },
  )
const redacted = (index: number) => block(index, { type: 'redacted_thinking', data: 'c2VhbGVk' })
const tool = (index: number) =>
  block(index, { type: 'tool_use', id: `toolu_${index}`, name: 'rm', input: {} }, ...json('{"path":"/h', 'ome"}'))
const call = (index: number, kind: string) =>
  block(index, { type: kind, id: `srv_${index}`, name: 'web_search', input: {} }, ...json('{"query":"sk', 'y"}'))
const result = (index: number, kind: string, callIndex: number) =>
  block(index, { type: kind, tool_use_id: `srv_${callIndex}`, content: [] })
const unknown = (index: number) => block(index, { type: 'future_block' }, { type: 'future_delta', data: 'x' })

const [startFrame = ''] = (sampleStreams.text ?? '').split(/(?<=\n\n)/)
const end = (stop_reason: string) =>
  event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 70 } }) +
  event('message_stop', {})

const streams: Readonly<Record<string, string>> = {
  ...sampleStreams,
  'thinking that is not shown': startFrame + thinking(0) + text(1, 'Blue.') + end('end_turn'),
  'sealed thinking': startFrame + redacted(0) + thinking(1, 'Hm. ', 'Yes.') + text(2, 'Blue.') + end('end_turn'),
  'thinking between tools':
    startFrame + thinking(0, 'First.') + tool(1) + thinking(2, 'Then.') + tool(3) + end('tool_use'),
  'text after a tool': startFrame + text(0, 'Look:') + tool(1) + text(2, 'Done.') + end('tool_use'),
  'two searches at once':
    startFrame +
    text(0, 'Searching.') +
    call(1, 'server_tool_use') +
    call(2, 'server_tool_use') +
    result(3, 'web_search_tool_result', 1) +
    thinking(4, 'Good.') +
    result(5, 'web_search_tool_result', 2) +
    text(6, 'Found.') +
    end('end_turn'),
  'a paused turn':
    startFrame +
    call(0, 'mcp_tool_use') +
    result(1, 'mcp_tool_result', 0) +
    call(2, 'server_tool_use') +
    end('pause_turn'),
  'a text that begins blank': startFrame + text(0, '', ' \n', 'Blue.') + text(1, 'Green.') + end('end_turn'),
  'an unknown block between texts': startFrame + text(0, 'a') + unknown(1) + text(2, 'b') + end('end_turn'),
}

interface Block {
  readonly type: string
  readonly text?: string
  readonly signature?: string
  readonly id?: string
  readonly tool_use_id?: string
}

/** The message as the official client puts it together. */
async function accumulate(stream: Uint8Array) {
  const headers = { 'content-type': 'text/event-stream' }
  const fetch = async () => new Response(stream.slice(), { status: 200, headers })
  const client = new Anthropic({
    apiKey: 'sk-ant-test',
    baseURL: 'http://127.0.0.1:9',
    fetch,
    maxRetries: 0,
    logLevel: 'off',
  })
  const request = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hi' }] }
  return client.messages.stream(request).finalMessage()
}

/** What the API would refuse of an assistant's message that is sent back and followed by words of the person. */
function faultsOf(content: readonly Block[]): string[] {
  const answered = new Set(content.map(({ tool_use_id }) => tool_use_id))
  return content.flatMap((each): string[] => {
    if (each.type === 'text' && each.text?.trim() === '') return ['a blank text']
    if (each.type === 'thinking' && !each.signature) return ['thinking without a signature']
    if (each.type === 'tool_use') return ['a tool call that nobody answers']
    if (each.type.endsWith('_tool_use') && !answered.has(each.id)) return ['a server tool without its result']
    return []
  })
}

/** Feeds the first events, then cuts. */
function cutAfter(frames: readonly Uint8Array[], count: number) {
  const gate = streamGate()
  const passed = frames.slice(0, count).map((frame) => gate.feed(frame))
  const { isCuttable } = gate
  const rest = gate.cut(notice)
  return { isCuttable, rest, shown: Buffer.concat([...passed, rest]), gate }
}
const framesOf = (stream: string): Uint8Array[] =>
  frameReader()
    .feed(bytesOf(stream))
    .map(({ bytes }) => bytes)

describe('a stream cut after any event', () => {
  it.each(Object.keys(streams))('of shape "%s" is a complete message that can be sent back', async (shape) => {
    const frames = framesOf(streams[shape] ?? '')
    let cuts = 0
    for (let count = 0; count <= frames.length; count++) {
      const { isCuttable, rest, shown, gate } = cutAfter(frames, count)
      expect(rest.length > 0).toBe(isCuttable)
      if (!isCuttable) continue
      cuts += 1
      const message = await accumulate(shown)
      const content = message.content as readonly Block[]
      expect(message.stop_reason).toBe('end_turn')
      expect(content.at(-1)).toMatchObject({ type: 'text', text: expect.stringContaining(REASON) })
      expect(faultsOf(content)).toEqual([])
      expect(message.usage).toMatchObject({ input_tokens: 42, output_tokens: 33, cache_creation_input_tokens: 1200 })
      expect([gate.feed(bytesOf('event: ping\n\n')).length, gate.open().length, gate.cut(notice).length]).toEqual([
        0, 0, 0,
      ])
    }
    expect(cuts).toBeGreaterThan(1)
  })

  it('keeps all the text that was shown, and says why in a text of its own', async () => {
    const frames = framesOf(startFrame + text(0, 'Blue, ', 'because'))
    const { content } = await accumulate(cutAfter(frames, 4).shown)
    expect(content).toMatchObject([{ text: 'Blue, because' }, { text: REASON }])
  })

  it('says why in the open text where that has no word yet: blank texts cannot be sent back', async () => {
    const { content } = await accumulate(cutAfter(framesOf(startFrame + text(0, ' \n', 'x')), 3).shown)
    expect(content).toMatchObject([{ text: ` \n${REASON}` }])
  })

  it('drops a whole tool call beside one that is not, rather than have one of two run', async () => {
    const frames = framesOf(startFrame + thinking(0, 'Hm.') + text(1, 'Look:') + tool(2) + tool(3))
    const { content } = await accumulate(cutAfter(frames, frames.length).shown)
    expect(content.map(({ type }) => type)).toEqual(['thinking', 'text', 'text'])
  })
})

describe('a stream that is not cut', () => {
  const withoutPings = (stream: string): string => stream.replaceAll(/event: ping\r?\ndata: .*\r?\n\r?\n/g, '')
  const shapes = fc.constantFrom(...Object.values(streams))
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 })

  it('passes to the byte, however it is cut into chunks, but for pings', () => {
    fc.assert(
      fc.property(shapes, sizes, fc.nat(3_000), (stream, chunkSizes, openAt) => {
        const gate = streamGate()
        const whole = bytesOf(stream)
        const passed: Uint8Array[] = []
        for (let at = 0, n = 0; at < whole.length; n++) {
          const size = chunkSizes[n % chunkSizes.length] ?? 1
          if (openAt >= at && openAt < at + size) passed.push(gate.open())
          passed.push(gate.feed(whole.subarray(at, at + size)))
          at += size
        }
        passed.push(gate.open())
        expect(withoutPings(textOf(Buffer.concat(passed)))).toBe(withoutPings(stream))
      }),
      { numRuns: 300 },
    )
  })

  it('shows text at once, thinking when it is signed, and tool calls when the message is whole', () => {
    const gate = streamGate()
    const feed = (events: string) => withoutPings(textOf(gate.feed(bytesOf(events))))
    expect(feed(startFrame)).toBe(startFrame)
    const thought = thinking(0, 'Hm.')
    const lastEvent = thought.lastIndexOf('event:')
    expect(feed(thought.slice(0, lastEvent))).toBe('')
    expect([gate.blockKind, gate.heldBytes]).toEqual(['thinking', lastEvent])
    expect(feed(thought.slice(lastEvent))).toBe(thought)
    expect(feed(text(1, 'Look:').slice(0, 200))).not.toBe('')
    feed(text(1, 'Look:').slice(200))
    expect(feed(tool(2))).toBe('')
    expect(feed(end('tool_use'))).toBe(tool(2) + end('tool_use'))
    expect([gate.isCuttable, gate.heldBytes, gate.blockKind]).toEqual([false, 0, null])
  })

  it('shows that it lives while something is held back', () => {
    const gate = streamGate()
    gate.feed(bytesOf(startFrame))
    expect(textOf(gate.feed(bytesOf(thinking(0, 'Hm.').slice(0, 400))))).toBe('event: ping\ndata: {"type":"ping"}\n\n')
  })
})

describe('whatever comes from upstream', () => {
  const blocks = fc.array(fc.constantFrom(text, thinking, redacted, tool, unknown, call, result), {
    minLength: 1,
    maxLength: 6,
  })

  it('a cut at any byte leaves whole events and a message without faults', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, fc.double({ min: 0, max: 1, noNaN: true }), async (kinds, share) => {
        const written = kinds.map((kind, index) => {
          if (kind === text) return text(index, 'a', 'b')
          if (kind === call) return call(index, 'server_tool_use')
          return kind === result ? result(index, 'web_search_tool_result', index - 1) : (kind as typeof tool)(index)
        })
        const whole = bytesOf(startFrame + written.join(''))
        const gate = streamGate()
        const passed = gate.feed(
          whole.subarray(0, startFrame.length + Math.floor(share * (whole.length - startFrame.length))),
        )
        const message = await accumulate(Buffer.concat([passed, gate.cut(notice)]))
        expect(faultsOf(message.content as readonly Block[])).toEqual([])
        expect(message.content.at(-1)).toMatchObject({ type: 'text' })
      }),
      { numRuns: 150 },
    )
  })

  it('nothing in it breaks the gate', () => {
    const junk = fc.array(
      fc.oneof(
        fc.string(),
        fc.constantFrom(
          'event: content_block_start\ndata: null\n\n',
          'event: content_block_stop\n\n',
          'data: [1]\n\n',
          '\n\n\n',
          startFrame,
        ),
        fc.constantFrom(
          'event: content_block_start\ndata: {"index":{},"content_block":7}\n\n',
          'data: {"type":"message_delta"}\n\n',
        ),
      ),
    )
    fc.assert(
      fc.property(junk, (pieces) => {
        const gate = streamGate()
        const passed = pieces.map((piece) => textOf(gate.feed(bytesOf(piece))))
        expect(withoutOurPings(passed.join('') + textOf(gate.open()))).toBe(withoutOurPings(pieces.join('')))
      }),
    )
  })
  const withoutOurPings = (stream: string): string => stream.replaceAll('event: ping\ndata: {"type":"ping"}\n\n', '')
})
