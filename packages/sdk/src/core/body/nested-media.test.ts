import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findModel, loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { freshRatio } from '../tokens/token-ratio.js'
import { estimateInput, tokenFacts } from '../tokens/tokens.js'
import { findNestedMedia } from './nested-media.js'
import { scanCall } from './scan.js'

const facts = tokenFacts(findModel(loadPriceBook(priceList), 'claude-sonnet-5-5'))
/** 660 kB. */
const TEXT = 'some words '.repeat(60_000)
const ONE_PIXEL = png(1, 1)
const LARGE = png(2_500, 2_500)

/** The bound of a request with such a block, written as it is: what `JSON.stringify` would never write is valid too. */
function boundOf(block: string): number {
  const json = `{"model":"claude-sonnet-5-5","max_tokens":100,"messages":[{"role":"user","content":[${block}]}]}`
  const body = new TextEncoder().encode(json)
  return estimateInput(scanCall(body), body, facts, freshRatio).startBound
}

function png(width: number, height: number): string {
  const head = Buffer.alloc(33)
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(head)
  head.writeUInt32BE(width, 16)
  head.writeUInt32BE(height, 20)
  return head.toString('base64')
}

const picture = (data: string): string => `{"type":"base64","media_type":"image/png",${data}}`
const data = (value: string): string => `"data":"${value}"`
const resultOf = (inner: string): string => `{"type":"tool_result","tool_use_id":"t","content":[${inner}]}`

describe('a picture', () => {
  it('whose data is given twice is bounded by the last', () => {
    const twice = picture(`${data(ONE_PIXEL)},${data(LARGE)}`)
    expect(boundOf(`{"type":"image","source":${twice}}`)).toBeGreaterThan(4_000)
  })

  it('whose source is given twice is bounded by the last', () => {
    const sources = [ONE_PIXEL, LARGE].map((value) => `"source":${picture(data(value))}`)
    expect(boundOf(`{"type":"image",${sources.join(',')}}`)).toBeGreaterThan(4_000)
  })

  it('in a tool result counts although its type hides behind an escape', () => {
    const inner = '{"type":"imag\\u0065","source":{"type":"url","url":"https://example.com/a.png"}}'
    expect(boundOf(resultOf(inner))).toBeGreaterThan(4_000)
  })
})

describe('a document', () => {
  it.each(['imagery', 'image'])('with the title %j is bounded by its text', (title) => {
    const source = `{"type":"text","media_type":"text/plain",${data(TEXT)}}`
    expect(boundOf(`{"type":"document","title":"${title}","source":${source}}`)).toBeGreaterThan(TEXT.length)
  })

  it('whose source is given twice is bounded by the last', () => {
    const shown = '"source":{"type":"text","media_type":"text/plain","data":"x"}'
    const unseen = '"source":{"type":"url","url":"https://example.com/600-pages.pdf"}'
    expect(boundOf(`{"type":"document",${shown},${unseen}}`)).toBe(facts.contextWindow)
  })

  it('whose type hides behind an escape is bounded by the context window', () => {
    const source = '{"type":"\\u0075rl","url":"https://example.com/a.pdf"}'
    const block = `{"type":"document","title":"x","source":${source},"citations":{"type":"text"}}`
    expect(boundOf(block)).toBe(facts.contextWindow)
    const inner = '{"type":"documen\\u0074","source":{"type":"url","url":"https://example.com/a.pdf"}}'
    expect(boundOf(resultOf(inner))).toBe(facts.contextWindow)
  })
})

describe('a block that is told to be flat in passing', () => {
  const inner = fc.constantFrom('"text"', '[]', '{}', '1', 'null', '[{"type":"image"}]', '{"type":"document"}')
  const key = fc.constantFrom('"content"', '"source"', '"c\\u006fntent"', '"other"', '"type"')
  const space = fc.constantFrom('', ' ', '\n\t')
  const member = fc
    .tuple(space, key, space, space, inner)
    .map(([a, name, b, c, value]) => `${a}${name}${b}:${c}${value}`)

  it('holds neither pictures nor documents, whatever its members are and however they are written', () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), (members) => {
        const json = `{"messages":[{"role":"user","content":[{${members.join(',')}}]}]}`
        const body = new TextEncoder().encode(json)
        const [block] = scanCall(body).blocks
        fc.pre(block?.isFlat === true)
        expect(findNestedMedia(body, block?.start ?? 0)).toEqual({ images: [], hasDocument: false })
      }),
    )
  })

  it.each([
    ['a text', '{"type":"tool_result","content":"a text"}', true],
    ['nothing', '{"type":"tool_result"}', true],
    ['a list', '{"type":"tool_result","content":[]}', false],
    ['a list that a text replaces', '{"type":"tool_result","content":[],"content":"a text"}', false],
  ])('is told where its content is %s', (_, block, isFlat) => {
    const body = new TextEncoder().encode(`{"messages":[{"role":"user","content":[${block}]}]}`)
    expect(scanCall(body).blocks[0]?.isFlat).toBe(isFlat)
  })
})
