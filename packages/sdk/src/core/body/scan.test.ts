import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedBodyError } from './cursor.js'
import { scanCall } from './scan.js'

const bytesOf = (text: string): Uint8Array => Buffer.from(text)
const scanned = (value: unknown) => {
  const body = bytesOf(JSON.stringify(value))
  return { view: scanCall(body), body }
}
const scan = (value: unknown) => scanned(value).view

const noFallback = { maxTokens: null, isFast: null, thinking: null }
const compaction = (value: unknown) => ({ type: 'compact_20260112', trigger: { type: 'input_tokens', value } })

describe('what a scan sees of a Messages body', () => {
  it('says where the parameters stand that the cache depends on', () => {
    const text =
      '{"thinking":{"type":"disabled"},"tool_choice":null,"cache_control": null,"messages":[],"thinking" : {"type":"x"}}'
    const { stated } = scanCall(bytesOf(text))
    expect(stated.map(({ key, start, end }) => [key, text.slice(start, end)])).toEqual([
      ['thinking', '{"type":"disabled"}'],
      ['cache_control', 'null'],
      ['thinking', '{"type":"x"}'],
    ])
  })

  it('reads the parameters that decisions need', () => {
    const view = scan({
      model: 'claude-opus-5-5',
      max_tokens: 1024,
      stream: true,
      thinking: { type: 'enabled', budget_tokens: 2048 },
      tool_choice: { type: 'tool', name: 'x' },
      speed: 'fast',
      inference_geo: 'us',
      metadata: { user_id: 'u-1' },
      cache_control: { type: 'ephemeral', ttl: '1h' },
      thread: { type: 'continue', id: 't' },
      messages: [],
    })
    expect(view).toMatchObject({
      model: 'claude-opus-5-5',
      maxTokens: 1024,
      stream: true,
      thinking: { type: 'enabled', budgetTokens: 2048 },
      toolChoice: 'tool',
      speed: 'fast',
      inferenceGeo: 'us',
      userId: 'u-1',
      marker: '1h',
      hasUnseenPrompt: true,
    })
  })

  it.each([
    ['one', [{ model: 'a' }], [{ model: 'a', maxTokens: null, isFast: null, thinking: null }]],
    [
      'one with everything',
      [{ model: 'a', max_tokens: 7, speed: null, thinking: { type: 'enabled', budget_tokens: 5 } }],
      [{ model: 'a', maxTokens: 7, isFast: false, thinking: { type: 'enabled', budgetTokens: 5 } }],
    ],
    ['what is none', [null, { max_tokens: '7' }], [null, null].map(() => ({ ...noFallback, model: '' }))],
    ['none', null, []],
    ["the API's own", 'default', 'default'],
    ['anything else', 7, 'default'],
  ])('reads fallbacks: %s', (_, fallbacks, read) => {
    expect(scan({ fallbacks, messages: [] }).fallbacks).toEqual(read)
  })

  it.each([
    ['an edit', { context_management: { edits: [{ type: 'clear_x' }, compaction(50_000)] } }, 50_000],
    ['an edit without a trigger', { context_management: { edits: [{ type: 'compact_20260112' }] } }, 150_000],
    ['an edit whose trigger is no number', { context_management: { edits: [compaction('soon')] } }, 0],
    ['other edits', { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }, null],
    ['no edits', { context_management: 7 }, null],
    ['a demand', { compaction: { type: 'summarize' } }, 0],
    ['both', { compaction: { type: 'summarize' }, context_management: { edits: [compaction(50_000)] } }, 0],
  ])('reads from when on the prompt is summed up: %s', (_, request, tokens) => {
    expect(scan({ ...request, messages: [] }).compactsFrom).toBe(tokens)
  })

  it('puts blocks in prefix order, wherever they stand in the body', () => {
    const { view, body } = scanned({
      messages: [
        { role: 'user', content: 'hi' },
        { content: [{ type: 'tool_use', id: '1', name: 'a', input: {} }], role: 'assistant' },
      ],
      system: [{ text: 's', cache_control: { type: 'ephemeral' }, type: 'text' }],
      tools: [
        { name: 'a', input_schema: {} },
        { type: 'bash_20250124', name: 'bash' },
      ],
    })
    const seen = view.blocks.map(({ part, kind, role, message, marker }) => [part, kind, role, message, marker])
    expect(seen).toEqual([
      ['tools', 'custom', null, -1, null],
      ['tools', 'bash_20250124', null, -1, null],
      ['system', 'text', null, -1, '5m'],
      ['messages', 'text', 'user', 0, null],
      ['messages', 'tool_use', 'assistant', 1, null],
    ])
    expect(view.blocks.map((block) => block.json(body))).toEqual([
      { name: 'a', input_schema: {} },
      { type: 'bash_20250124', name: 'bash' },
      { text: 's', cache_control: { type: 'ephemeral' }, type: 'text' },
      'hi',
      { type: 'tool_use', id: '1', name: 'a', input: {} },
    ])
  })

  it('is not fooled by a key that hides behind escapes, nor by a key that comes twice', () => {
    expect(scanCall(bytesOf('{"mod\\u0065l":"claude-opus-5-5"}')).model).toBe('claude-opus-5-5')
    expect(scanCall(bytesOf('{"model":"a","model":"b"}')).model).toBe('b')
    expect(scanCall(bytesOf('{"stream":true,"str\\u0065am":false}')).stream).toBe(false)
  })

  it('is not fooled by strings that look like structure', () => {
    const text = '"}],"model":"claude-haiku-5-5","x":[{"\\'
    const { view, body } = scanned({
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      model: 'claude-opus-5-5',
    })
    expect(view.model).toBe('claude-opus-5-5')
    expect(view.blocks[0]?.json(body)).toEqual({ type: 'text', text })
  })

  it('takes fields of the wrong type for missing ones', () => {
    const view = scan({
      model: 5,
      max_tokens: '9',
      stream: 'yes',
      metadata: [],
      messages: 'x',
      system: 7,
      tools: null,
      thinking: 1,
    })
    expect(view).toMatchObject({
      model: null,
      maxTokens: null,
      stream: false,
      userId: null,
      thinking: null,
      blocks: [],
    })
  })

  it('survives nesting that would exhaust the stack of a recursive reader', () => {
    const deep = `{"model":"m","x":${'['.repeat(500_000)}${']'.repeat(500_000)}}`
    expect(scanCall(bytesOf(deep)).model).toBe('m')
  })

  it.each([
    '',
    ' ',
    'null',
    '[]',
    '"x"',
    '{',
    '{"model"',
    '{"model":',
    '{"model":"claude',
    '{"model":"a",}',
    '{"a":1}x',
    '{a:1}',
    '{"a":}',
    '{"messages":[{"role":"user"}',
    '{"messages":[,]}',
    '{"a" 1}',
    '{"a":"\\"}',
  ])('refuses %j and says where it stopped', (text) => {
    expect(() => scanCall(bytesOf(text))).toThrow(MalformedBodyError)
    expect(() => scanCall(bytesOf(text))).toThrow(/not valid JSON: .* at byte \d+\./)
  })
})

const anyBlock = fc.oneof(
  fc.record({ type: fc.constant('text'), text: fc.string({ unit: 'grapheme' }) }),
  fc.record({ type: fc.constant('tool_result'), tool_use_id: fc.string(), content: fc.jsonValue() }),
  fc.record({ type: fc.string(), source: fc.jsonValue(), cache_control: fc.constant({ type: 'ephemeral' }) }),
)
const anyContent = fc.oneof(fc.string({ unit: 'binary' }), fc.array(anyBlock, { maxLength: 4 }))
const anyBody = fc.record(
  {
    model: fc.string({ unit: 'grapheme', maxLength: 30 }),
    max_tokens: fc.nat(),
    stream: fc.boolean(),
    system: anyContent,
    messages: fc.array(fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content: anyContent })),
    tools: fc.array(fc.record({ name: fc.string(), input_schema: fc.jsonValue() })),
    future_parameter: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const anyIndent = fc.constantFrom(0, 1, '\t', '   ')

describe('a scan against the parser', () => {
  it('sees the same parameters and the same blocks in every body', () => {
    fc.assert(
      fc.property(anyBody, anyIndent, (body, indent) => {
        const bytes = bytesOf(JSON.stringify(body, null, indent))
        const view = scanCall(bytes)
        const contentOf = (content: unknown): unknown[] => (Array.isArray(content) ? content : [content])
        const expected = [
          ...(body.tools ?? []),
          ...(body.system === undefined ? [] : contentOf(body.system)),
          ...(body.messages ?? []).flatMap((message) => contentOf(message.content)),
        ]
        // The parser's copy decides: a lone surrogate becomes U+FFFD on its way through UTF-8 for both.
        const throughUtf8: unknown = JSON.parse(Buffer.from(JSON.stringify(expected)).toString())
        expect(view.blocks.map((block) => block.json(bytes))).toEqual(throughUtf8)
        expect(view.maxTokens).toBe(body.max_tokens ?? null)
        expect(view.stream).toBe(body.stream ?? false)
        expect(view.blocks.map((block) => block.role)).toEqual([
          ...(body.tools ?? []).map(() => null),
          ...(body.system === undefined ? [] : contentOf(body.system).map(() => null)),
          ...(body.messages ?? []).flatMap((message) => contentOf(message.content).map(() => message.role)),
        ])
      }),
    )
  })

  it('never accepts a body that is cut short, and never fails in another way', () => {
    fc.assert(
      fc.property(anyBody, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (body, share) => {
        const whole = bytesOf(JSON.stringify(body))
        expect(() => scanCall(whole.subarray(0, Math.floor(share * whole.length)))).toThrow(MalformedBodyError)
      }),
    )
  })

  it('answers any bytes with a view or with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          scanCall(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedBodyError)
        }
      }),
    )
  })
})
