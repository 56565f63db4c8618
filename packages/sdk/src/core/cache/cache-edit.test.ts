import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { type BlockMark, markBody } from './cache-edit.js'

const encoder = new TextEncoder()
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function mark(text: string, marks: readonly BlockMark[]): string {
  const body = encoder.encode(text)
  return decode(markBody(body, scanCall(body), marks))
}

describe('markers in a body', () => {
  it.each([
    [
      'a block',
      '{"system":[{"type":"text","text":"é" }]}',
      '{"system":[{"type":"text","text":"é" ,"cache_control":{"type":"ephemeral"}}]}',
    ],
    [
      'a bare string',
      '{"system" : "a\\"b"}',
      '{"system" : [{"type":"text","text":"a\\"b","cache_control":{"type":"ephemeral"}}]}',
    ],
    [
      'a marker that is null',
      '{"tools":[{"cache_control" : null, "name":"x"}]}',
      '{"tools":[{"cache_control" : {"type":"ephemeral"}, "name":"x"}]}',
    ],
    ['an empty object', '{"tools":[{ }]}', '{"tools":[{ "cache_control":{"type":"ephemeral"}}]}'],
  ])('go to %s, and no other byte moves', (_, before, after) => {
    expect(mark(before, [{ index: 0, ttl: '5m' }])).toBe(after)
  })

  it.each([
    ['a block that is not there', '{"messages":[]}', [{ index: 0, ttl: '5m' }]],
    [
      'a block that has one',
      '{"system":[{"type":"text","cache_control":{"type":"ephemeral"}}]}',
      [{ index: 0, ttl: '1h' }],
    ],
    ['a string in a list', '{"system":["x"]}', [{ index: 0, ttl: '1h' }]],
    ['a number', '{"system":[7]}', [{ index: 0, ttl: '1h' }]],
    [
      'one block twice',
      '{"system":"x"}',
      [
        { index: 0, ttl: '1h' },
        { index: 0, ttl: '5m' },
      ],
    ],
  ] as const)('are refused for %s', (_, body, marks) => {
    expect(() => mark(body, marks)).toThrow(RangeError)
  })

  it('are all that differs, whatever the body', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 })
    const block = fc.oneof(
      fc.record({ type: fc.constant('text'), text }),
      fc.record({ type: fc.constant('tool_use'), id: text, input: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 })) }),
      fc.record({ type: fc.constant('text'), text, cache_control: fc.constant(null) }),
    )
    const content = fc.oneof(text, fc.array(block, { maxLength: 4 }))
    const request = fc.record({
      messages: fc.array(fc.record({ content, role: fc.constant('user') }), { maxLength: 4 }),
      model: text,
      system: content,
      tools: fc.array(fc.record({ name: text, input_schema: fc.jsonValue({ maxDepth: 2 }) }), { maxLength: 3 }),
    })
    const space = fc.constantFrom(undefined, 1, '\t')
    fc.assert(
      fc.property(
        request,
        space,
        fc.array(fc.nat(), { maxLength: 4 }),
        fc.constantFrom('5m', '1h'),
        (value, indent, picks, ttl) => {
          const body = encoder.encode(JSON.stringify(value, null, indent))
          const view = scanCall(body)
          fc.pre(view.blocks.length > 0)
          const chosen = [...new Set(picks.map((pick) => pick % view.blocks.length))]
          const marked = markBody(
            body,
            view,
            chosen.map((index) => ({ index, ttl })),
          )
          const after = scanCall(marked)
          expect(after.blocks.map(({ marker }) => marker)).toEqual(
            view.blocks.map((_, index) => (chosen.includes(index) ? ttl : null)),
          )
          // As it is read back: JSON has no -0.
          expect(unmark(JSON.parse(decode(marked)))).toEqual(unmark(JSON.parse(decode(body))))
          expect(marked.length).toBeGreaterThanOrEqual(body.length)
        },
      ),
    )
  })
})

/** The request with every text as a list of blocks, and without the markers of its blocks. */
function unmark(request: Record<string, unknown>): unknown {
  const clean = (content: unknown): unknown =>
    (typeof content === 'string' ? [{ type: 'text', text: content }] : (content as object[])).map((block) => {
      const { cache_control: _, ...rest } = block as Record<string, unknown>
      return rest
    })
  const messages = request.messages as { content: unknown; role: string }[]
  return {
    ...request,
    messages: messages.map(({ content, role }) => ({ role, content: clean(content) })),
    system: clean(request.system),
    tools: clean(request.tools),
  }
}
