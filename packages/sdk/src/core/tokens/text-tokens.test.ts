import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { estimateTextTokens, findTextKind } from './text-tokens.js'

const licence = readFileSync(new URL('../../../../../LICENSE', import.meta.url), 'utf8')
const source = readFileSync(new URL('../cost/price.ts', import.meta.url), 'utf8')
const records = Array.from({ length: 200 }, (_, index) => ({
  id: index * 7_919,
  at: [index, -1.5],
  ok: index % 2 === 0,
  tag: `t${index}`,
}))
const digits = Array.from({ length: 200 }, (_, index) => ((index * 2_654_435_761) % 2 ** 32).toString(16)).join('')
const japanese = '大量の文章を読むとき、数を数えるのはとても難しいことです。'.repeat(40)

const bytesOf = (text: string) => new TextEncoder().encode(JSON.stringify(text))

function charactersPerToken(text: string, tokenizer: 'old' | 'new'): number {
  const body = bytesOf(text)
  return text.length / estimateTextTokens(body, { start: 0, end: body.length }, tokenizer)
}

describe('text is told apart by its bytes', () => {
  test.each([
    ['prose', licence],
    ['code', source],
    ['json', JSON.stringify(records)],
    ['ids', digits],
  ])('%s', (kind, text) => {
    const body = bytesOf(text)
    expect(findTextKind(body, { start: 0, end: body.length })).toBe(kind)
  })
})

describe('characters per token stay within a tenth of the published figures', () => {
  test.each([
    ['prose', licence, 'new', 3],
    ['code', source, 'new', 2.6],
    ['dense JSON', JSON.stringify(records), 'new', 2],
    ['Japanese', japanese, 'new', 0.9],
    ['prose', licence, 'old', 3.9],
    ['code', source, 'old', 3.4],
    ['dense JSON', JSON.stringify(records), 'old', 2.6],
    ['Japanese', japanese, 'old', 0.9],
  ] as const)('%s, %#', (_kind, text, tokenizer, published) => {
    const measured = charactersPerToken(text, tokenizer)
    expect(measured).toBeGreaterThan(published * 0.9)
    expect(measured).toBeLessThan(published * 1.1)
  })

  test('a mix of English and Japanese lies between the two', () => {
    const mixed = charactersPerToken((licence.slice(0, 40) + japanese.slice(0, 40)).repeat(50), 'new')
    expect(mixed).toBeGreaterThan(1)
    expect(mixed).toBeLessThan(2.5)
  })
})

test('no text has no tokens, and a byte has some', () => {
  const body = bytesOf('a')
  expect(estimateTextTokens(body, { start: 0, end: 0 }, 'new')).toBe(0)
  expect(estimateTextTokens(body, { start: 1, end: 2 }, 'new')).toBeGreaterThan(0)
})
