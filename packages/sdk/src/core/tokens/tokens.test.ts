import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanCall } from '../body/scan.js'
import { findModel, loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import { freshRatio, learnRatio, type TokenRatio } from './token-ratio.js'
import { countedBound, estimateInput, estimateOutputTokens, tokenFacts } from './tokens.js'

const book = loadPriceBook(priceList)
const opus = tokenFacts(findModel(book, 'claude-opus-5'))
const window = opus.contextWindow

function estimate(request: object, ratio: TokenRatio = freshRatio, facts = opus) {
  const body = new TextEncoder().encode(JSON.stringify({ model: 'claude-opus-5', max_tokens: 10, ...request }))
  return { ...estimateInput(scanCall(body), body, facts, ratio), bytes: body.length }
}

const say = (...content: readonly object[]) => ({ messages: [{ role: 'user', content }] })
const result = (content: unknown) => ({ type: 'tool_result', tool_use_id: 'toolu_1', content })
const tool = { name: 'read', description: 'Reads a file.', input_schema: { type: 'object' } }
/** A picture of 1,000 by 1,000 pixels, as far as anybody reads it, with a long rest. */
const png = Buffer.from('89504e470d0a1a0a0000000d49484452000003e8000003e8080600000000', 'hex').toString('base64')
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png + 'A'.repeat(90_000) } }

describe('the bound', () => {
  test('of text is never below one token per byte, in any script', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { minLength: 1, maxLength: 5 }),
        (texts) => {
          const { bound, tokens } = estimate(say(...texts.map((text) => ({ type: 'text', text }))))
          expect(bound).toBeGreaterThanOrEqual(Buffer.byteLength(texts.join('')))
          expect(tokens).toBeLessThanOrEqual(bound)
        },
      ),
    )
  })

  test('does not move with what was learned', () => {
    const request = say({ type: 'text', text: 'a long walk '.repeat(50) })
    const doubled = estimate(request, { value: 2, answers: 5 })
    expect(doubled.bound).toBe(estimate(request).bound)
    expect(doubled.tokens).toBe(estimate(request).tokens * 2)
    expect(doubled.unscaled).toBe(estimate(request).unscaled)
  })

  test.each([
    ['a PDF', say({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0' } })],
    ['a document by address', say({ type: 'document', source: { type: 'url', url: 'https://a.test/b.pdf' } })],
    ['a stored file', say({ type: 'document', source: { type: 'file', file_id: 'file_1' } })],
    [
      'a document in a result',
      say(result([{ type: 'document', source: { type: 'url', url: 'https://a.test/b.pdf' } }])),
    ],
    ['a file for a container', say({ type: 'container_upload', file_id: 'file_1' })],
    ['a tool that the API runs', { ...say(), tools: [{ type: 'web_search_20260209', name: 'web_search' }] }],
    ['a kind nobody knows', say({ type: 'hologram', of: 'x' })],
    ['a container', { ...say(), container: 'container_1' }],
  ])('of %s is the context window, because the body does not show it', (_what, request) => {
    expect(estimate(request).bound).toBe(window)
    expect(estimate(request).tokens).toBeLessThan(window)
  })

  test.each([
    ['written out', { type: 'text', media_type: 'text/plain', data: 'A short text.' }],
    ['of blocks', { type: 'content', content: [{ type: 'text', text: 'A short text.' }] }],
  ])('of a document %s is that of its bytes', (_what, source) => {
    const { bound, bytes } = estimate(say({ type: 'document', source }))
    expect(bound).toBe(bytes)
  })

  test('never passes the context window', () => {
    const { bound, tokens } = estimate(say({ type: 'text', text: 'word '.repeat(300_000) }), { value: 2.5, answers: 9 })
    expect([bound, tokens]).toEqual([window, window])
  })
})

describe('pictures', () => {
  test('count by their size in pixels, not by their bytes', () => {
    const { tokens, bound } = estimate(say(image))
    expect(tokens).toBe(1_296 + 4)
    expect(bound).toBeLessThan(1_296 + 200)
  })

  test('count the same inside of tool results, between texts', () => {
    const text = { type: 'text', text: 'Here is what the screen looks like now.' }
    const { tokens, bound, bytes } = estimate(say(result([text, image, image, text])))
    expect(tokens).toBeGreaterThan(2 * 1_296)
    expect(tokens).toBeLessThan(2 * 1_296 + 250)
    expect(bound).toBe(bytes - 2 * image.source.data.length + 2 * 1_296)
  })

  test('that are elsewhere count as the largest there can be', () => {
    const byUrl = { type: 'image', source: { type: 'url', url: 'https://a.test/b.png' } }
    expect(estimate(say(byUrl)).tokens).toBe(4_784 + 4)
    expect(estimate(say(byUrl), freshRatio, { ...opus, tokenizer: 'old' }).tokens).toBe(1_568 + 4)
    expect(estimate(say(result([byUrl]))).bound).toBeGreaterThan(4_784)
    expect(estimate(say(result([byUrl, image]))).tokens).toBeGreaterThan(4_784 + 1_296)
  })

  test('that text only talks about are text', () => {
    const talk = JSON.stringify([byName('image'), byName('document')])
    const { bound, bytes } = estimate(say(result([{ type: 'text', text: talk }]), result(talk)))
    expect(bound).toBe(bytes)
  })

  const byName = (type: string) => ({ type, source: { type: 'url', url: 'https://a.test' } })
})

describe('thinking', () => {
  test('counts by its signature, which carries what is not shown', () => {
    const { tokens } = estimate(say({ type: 'thinking', thinking: '', signature: 'Ab1/'.repeat(1_000) }))
    expect(tokens).toBeGreaterThan(1_000)
    expect(tokens).toBeLessThan(1_050)
  })
})

describe('tools', () => {
  const of = (request: object) => estimate({ ...say({ type: 'text', text: 'hi' }), ...request })

  test('bring the hidden prompt of their model, larger if one is forced', () => {
    const plain = of({ tools: [tool] })
    const forced = of({ tools: [tool], tool_choice: { type: 'any' } })
    expect(plain.bound - plain.bytes).toBe(286)
    expect(forced.bound - forced.bytes).toBe(406)
    expect(of({}).bound).toBe(of({}).bytes)
  })

  test('of the API that run on our side have a known size', () => {
    const { bound, bytes } = of({ tools: [{ type: 'bash_20250124', name: 'bash' }] })
    expect(bound - bytes).toBe(286 + 325)
  })

  test('of a model whose prompt is not published count as the largest known', () => {
    expect(tokenFacts(findModel(book, 'claude-opus-5-5')).toolPrompt).toEqual({ auto: 675, forced: 804 })
    expect(tokenFacts(null)).toEqual({
      contextWindow: 1_000_000,
      tokenizer: 'new',
      toolPrompt: { auto: 675, forced: 804 },
    })
  })
})

describe('what is learned', () => {
  test('makes the estimate right, and follows when the text changes', () => {
    let ratio = learnRatio(freshRatio, 1_000, 1_300)
    expect(ratio.value).toBeCloseTo(1.3)
    for (let answer = 0; answer < 40; answer++) ratio = learnRatio(ratio, 1_000, 800)
    expect(ratio.value).toBeCloseTo(0.8, 1)
  })

  test('is never absurd', () => {
    const anyNumber = fc.oneof(fc.double(), fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY))
    fc.assert(
      fc.property(fc.array(fc.tuple(anyNumber, anyNumber)), (answers) => {
        const ratio = answers.reduce((state, [estimated, actual]) => learnRatio(state, estimated, actual), freshRatio)
        expect(ratio.value).toBeGreaterThanOrEqual(0.4)
        expect(ratio.value).toBeLessThanOrEqual(2.5)
      }),
    )
  })
})

describe('the output of a stream that broke off', () => {
  test('is never below the tokens that its text has', () => {
    for (const bytesPerToken of [3, 2.6, 2, 2.7]) {
      expect(estimateOutputTokens(Math.ceil(1_000 * bytesPerToken))).toBeGreaterThanOrEqual(1_000)
    }
  })

  test('is counted by its bytes', () => {
    expect(estimateOutputTokens(0)).toBe(0)
    expect(estimateOutputTokens(1)).toBe(1)
    expect(estimateOutputTokens(3_000)).toBe(1_500)
  })
})

describe('a prompt that the API has counted', () => {
  test('is bounded by its count with a margin, and never by more than its bytes', () => {
    expect(countedBound(1_000, 4_000)).toBe(1_018)
    expect(countedBound(3_999, 4_000)).toBe(4_000)
  })

  test.each([null, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'stays as it is where the count is %d',
    (counted) => {
      expect(countedBound(counted, 4_000)).toBe(4_000)
    },
  )
})
