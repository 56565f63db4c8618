import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSubmitted } from './batch-item.js'
import { scanItems } from './batch-scan.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The items of a body that comes in pieces of such sizes, over and over. */
function itemsOf(body: string, sizes: readonly number[] = [body.length * 4 + 1]): string[] {
  const bytes = encoder.encode(body)
  const items: string[] = []
  const scan = scanItems((item) => items.push(decoder.decode(item)))
  for (let [at, turn] = [0, 0]; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    scan.feed(bytes.subarray(at, at + size))
    at += size
  }
  scan.end()
  return items
}

describe('the items of a batch', () => {
  it('are found whatever stands in them and around them, and however the body is cut', () => {
    const item = fc.record({ custom_id: fc.string(), params: fc.record({ model: fc.string(), more: fc.jsonValue() }) })
    const others = fc.dictionary(fc.string(), fc.jsonValue()).map(({ requests: _, ...rest }) => rest)
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(
        others,
        fc.array(item),
        others,
        sizes,
        fc.constantFrom(0, 2),
        (before, requests, after, cuts, indent) => {
          const body = JSON.stringify({ ...before, requests, ...after }, null, indent)
          expect(itemsOf(body, cuts).map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(requests)))
        },
      ),
    )
  })

  it.each([
    ['behind an escaped key', '{"\\u0072equests":[{"a":1}]}', ['{"a":1}']],
    ['in the second of two lists', '{"requests":[{"a":1}],"requests":[{"b":"]}"}]}', ['{"a":1}', '{"b":"]}"}']],
    ['not in a list of another name', '{"others":[{"requests":[{"a":1}]}],"requests":[]}', []],
    ['not in an object of that name', '{"requests":{"requests":[{"a":1}]}}', []],
    ['beside what is no object', '{"requests":[1,"{",[{"x":1}],null,{"a":"\\"}"}]}', ['{"a":"\\"}"}']],
    ['in a body between spaces', ' \n{ "requests" : [ {} , {} ] }\n', ['{}', '{}']],
  ])('are found %s', (_, body, items) => {
    expect(itemsOf(body)).toEqual(items)
    expect(itemsOf(body, [1])).toEqual(items)
  })

  it.each(['', '   ', '[]', '"{}"', '1', '\ufeff{}', '{', '{"requests":[{"a":1}', '{"a":"', '{}}'])(
    'are not looked for in %j',
    (body) => {
      expect(() => itemsOf(body)).toThrow(/not valid JSON/)
    },
  )

  it('do not fill the memory with names and depths that never end', () => {
    expect(itemsOf(`{"${'x'.repeat(200_000)}":${'['.repeat(50_000)}${']'.repeat(50_000)},"requests":[{}]}`)).toEqual([
      '{}',
    ])
  })
})

describe('an item', () => {
  it('shows its params as a call', () => {
    const params = { model: 'claude-opus-5-5', max_tokens: 5, messages: [{ role: 'user', content: 'grüße' }] }
    const { customId, view, body } = readSubmitted(encoder.encode(JSON.stringify({ params, custom_id: 'a-1' })))
    expect(customId).toBe('a-1')
    expect(view).toMatchObject({ model: 'claude-opus-5-5', maxTokens: 5, bytes: body.length })
    expect(JSON.parse(decoder.decode(body))).toEqual(params)
  })

  it.each(['{}', '{"custom_id":"a"}', '{"params":[]}', '{"params":5}'])('is not %s', (item) => {
    expect(() => readSubmitted(encoder.encode(item))).toThrow(/not valid JSON/)
  })
})
