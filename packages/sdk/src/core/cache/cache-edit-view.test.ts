import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanCall } from '../body/scan.js'
import { markBody, markCall } from './cache-edit.js'

const encode = (value: unknown, indent?: number | string) =>
  new TextEncoder().encode(JSON.stringify(value, null, indent))
const parse = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes))

describe('the view of a marked body', () => {
  it('is the one that reading the body again would give', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 })
    const block = fc.oneof(
      fc.record({ type: fc.constant('text'), text }),
      fc.record({ type: fc.constant('tool_use'), id: text, input: fc.jsonValue({ maxDepth: 1 }) }),
      fc.record({ cache_control: fc.constant(null), type: fc.constant('text'), text }),
    )
    const content = fc.oneof(text, fc.array(block, { maxLength: 3 }))
    const request = fc.record({
      model: text,
      max_tokens: fc.nat(),
      cache_control: fc.constantFrom(undefined, null),
      system: content,
      messages: fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content }), { maxLength: 4 }),
      tools: fc.array(fc.record({ name: text }), { maxLength: 2 }),
      stream: fc.boolean(),
    })
    const picks = fc.array(fc.nat(), { maxLength: 4 })
    const space = fc.constantFrom(undefined, 1, '\t')
    fc.assert(
      fc.property(request, space, picks, fc.constantFrom('5m', '1h'), (value, indent, chosen, ttl) => {
        const body = encode(value, indent)
        const view = scanCall(body)
        fc.pre(view.blocks.length > 0)
        const indices = [...new Set(chosen.map((pick) => pick % view.blocks.length))]
        const marked = markCall(
          body,
          view,
          indices.map((index) => ({ index, ttl })),
        )
        const again = scanCall(marked.body)
        const shown = ({ blocks, ...rest }: typeof view, of: Uint8Array) => ({
          ...rest,
          blocks: blocks.map((each) => ({
            kind: each.kind,
            role: each.role,
            part: each.part,
            message: each.message,
            marker: each.marker,
            range: [each.start, each.end],
            json: each.json(of),
          })),
        })
        expect(shown(marked.view, marked.body)).toEqual(shown(again, marked.body))
      }),
    )
  })

  it.each([
    ['a request without a marker', { max_tokens: 5, messages: [{ role: 'user', content: 'x' }] }],
    ['one whose marker is null', { cache_control: null, messages: [{ role: 'user', content: 'x' }], stream: true }],
  ])('has the automatic marker where the last string must stay a string: %s', (_, value) => {
    const body = encode(value)
    const view = scanCall(body)
    const marked = markCall(body, view, [{ index: 0, ttl: '1h' }], { keepsStrings: true })
    expect(parse(marked.body)).toEqual({ ...value, cache_control: { type: 'ephemeral', ttl: '1h' } })
    const { marker, maxTokensRange, blocks } = scanCall(marked.body)
    expect(marked.view).toMatchObject({ marker, maxTokensRange })
    expect(marked.view.blocks[0]).toMatchObject({ start: blocks[0]?.start, end: blocks[0]?.end, marker: null })
  })

  it('is refused where another string would have to become a block', () => {
    const body = encode({ system: 'x', messages: [{ role: 'user', content: 'y' }] })
    const mark = () => markBody(body, scanCall(body), [{ index: 0, ttl: '5m' }], { keepsStrings: true })
    expect(mark).toThrow(RangeError)
  })
})
