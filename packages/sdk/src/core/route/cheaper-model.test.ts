import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallView } from '../body/call.js'
import { scanCall } from '../body/scan.js'
import { changeModel } from './cheaper-model.js'

const parse = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes))
const shown = ({ blocks, ...rest }: CallView, body: Uint8Array) => ({
  ...rest,
  blocks: blocks.map((block) => ({ ...block, json: block.json(body) })),
})

describe('a request with another model', () => {
  it('says the same otherwise, and is seen as reading it again would see it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 })
    const block = fc.oneof(
      fc.record({ type: fc.constant('text'), text, cache_control: fc.constantFrom(null, { type: 'ephemeral' }) }),
      fc.record({ type: fc.constant('tool_use'), id: text, input: fc.jsonValue({ maxDepth: 1 }) }),
    )
    const content = fc.oneof(text, fc.array(block, { maxLength: 3 }))
    const entries = {
      model: text,
      max_tokens: fc.nat(),
      system: content,
      messages: fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content }), { maxLength: 3 }),
      tools: fc.array(fc.record({ name: text }), { maxLength: 2 }),
      output_config: fc.record({ effort: fc.constantFrom('low', null, 3) }),
    }
    const order = fc.shuffledSubarray(Object.keys(entries), { minLength: Object.keys(entries).length })
    fc.assert(
      fc.property(fc.record(entries), order, fc.constantFrom(undefined, '\t'), text, (value, keys, space, model) => {
        const request = Object.fromEntries(keys.map((key) => [key, value[key as keyof typeof value]]))
        const body = new TextEncoder().encode(JSON.stringify(request, null, space))
        const changed = changeModel(body, scanCall(body), model)
        expect(parse(changed.body)).toEqual({ ...parse(body), model })
        expect(shown(changed.view, changed.body)).toEqual(shown(scanCall(changed.body), changed.body))
      }),
    )
  })

  it('is not made of one that names none', () => {
    const body = new TextEncoder().encode('{"messages":[]}')
    expect(() => changeModel(body, scanCall(body), 'x')).toThrow(new RangeError('the request names no model'))
  })
})
