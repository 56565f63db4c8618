import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { expect, test } from 'vitest'
import { checkPrices } from './price-check.js'

const book = loadPriceBook(priceList)
const asOfMs = Date.UTC(2026, 10, 22)
const DAY_MS = 86_400_000

function attentionTo(usedModels: readonly string[], nowMs: number): string[] {
  const findings = checkPrices({ book, asOfMs, nowMs, usedModels })
  return findings.filter(({ kind }) => kind === 'attention').map(({ text }) => text)
}

test('a fresh list and current models need no attention', () => {
  expect(attentionTo(['claude-opus-5-5', 'claude-haiku-5-5'], asOfMs + 4 * DAY_MS)).toEqual([])
})

test('an old list asks for an update', () => {
  expect(attentionTo([], asOfMs + 61 * DAY_MS)).toEqual([expect.stringContaining('61 days old: update RunGuard')])
})

test('a list from the future asks about the clock', () => {
  expect(attentionTo([], asOfMs - 30 * DAY_MS)).toEqual([expect.stringContaining('is the clock right?')])
})

test('a used model without a listed price is named, whatever its name', () => {
  expect(attentionTo(['claude-opus-9', 'claude-mythos-preview', '__proto__'], asOfMs)).toEqual([
    expect.stringMatching(/^claude-opus-9 is used and has no listed price/),
    expect.stringMatching(/^claude-mythos-preview is used and has no listed price/),
    expect.stringMatching(/^__proto__ is used and has no listed price/),
  ])
})

test('a model that goes away matters if it is used, and is a note if not', () => {
  const retiring = 'claude-sonnet-4-5-20250929'
  expect(attentionTo([retiring], asOfMs)).toEqual([`${retiring} is used and retires on 2026-11-30`])
  expect(attentionTo(['claude-opus-4-1'], asOfMs)).toEqual(['claude-opus-4-1 is used and was retired on 2026-08-05'])
  const notes = checkPrices({ book, asOfMs, nowMs: asOfMs, usedModels: [] })
  expect(notes).toContainEqual({ kind: 'note', text: `${retiring} retires on 2026-11-30 (not used lately)` })
})
