import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setEffort } from './effort-edit.js'
import { scanCall } from './scan.js'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const lowered = (text: string): string => new TextDecoder().decode(setEffort(bytesOf(text), 'low'))

describe('the effort of a request', () => {
  it.each([
    ['{"model":"x","output_config":{"effort":"high"}}', 'high', '{"model":"x","output_config":{"effort":"low"}}'],
    ['{ "output_config" : { } }', null, '{ "output_config" : {"effort":"low" } }'],
    ['{"output_config":{"format":{"effort":1}}}', null, '{"output_config":{"effort":"low","format":{"effort":1}}}'],
    ['{"output_config":null,"a":1}', null, '{"output_config":{"effort":"low"},"a":1}'],
    [' {"a":{"output_config":1}}', null, ' {"output_config":{"effort":"low"},"a":{"output_config":1}}'],
    ['{}', null, '{"output_config":{"effort":"low"}}'],
    [
      '{"output_config":{"effort":"max"},"output_config":{"effort":3}}',
      null,
      '{"output_config":{"effort":"max"},"output_config":{"effort":"low"}}',
    ],
  ])('is read and set in %s', (text, effort, after) => {
    expect(scanCall(bytesOf(text)).effort).toBe(effort)
    expect(lowered(text)).toBe(after)
  })

  it('is all that changes of what a JSON reader sees', () => {
    // As JSON writes it: there is no -0.
    const written = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)))
    const body = fc.dictionary(fc.constantFrom('model', 'messages', 'output_config', 'a'), written)
    fc.assert(
      fc.property(body, fc.constantFrom(undefined, '\t'), (value, space) => {
        const { output_config: config } = value
        const kept = typeof config === 'object' && config !== null && !Array.isArray(config) ? config : {}
        const after: unknown = JSON.parse(lowered(JSON.stringify(value, null, space)))
        expect(after).toEqual({ ...value, output_config: { ...kept, effort: 'low' } })
      }),
    )
  })
})
