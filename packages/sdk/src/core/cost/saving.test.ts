import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf } from './cost.js'
import { loadPriceBook } from './price.js'
import { priceList } from './price-list.js'
import { cacheSaving } from './saving.js'
import type { TokenCounts, Usage } from './usage.js'

const book = loadPriceBook(priceList)
const day = Date.UTC(2026, 10, 20)
const none = { input: 0, read: 0, write5m: 0, write1h: 0, output: 0 }

function usageOf(counts: Partial<TokenCounts>, model = 'claude-opus-5-5'): Usage {
  const part = { kind: 'message', model, ...none, ...counts }
  return { parts: [part], webSearches: 0, speed: 'standard', geo: null, tier: 'standard' }
}

const netUsd = (usage: Usage) => Number(cacheSaving(usage, book, day, 'refuse').netPico) / 1e12

describe('what caching saved', () => {
  it('is what a hundred turns over 4,000 tokens saved: nine tenths and more', () => {
    const turns = [usageOf({ write5m: 4_000 }), ...Array.from({ length: 99 }, () => usageOf({ read: 4_000 }))]
    // Uncached: 100 × 4,000 × $4. Cached: 4,000 × $5 and 99 × 4,000 × $0.20, per million tokens.
    expect(turns.reduce((sum, usage) => sum + netUsd(usage), 0)).toBeCloseTo(1.6 - 0.02 - 0.0792, 9)
  })

  it('is negative for a prompt that was written and never read', () => {
    expect(netUsd(usageOf({ write5m: 1_000_000 }))).toBeCloseTo(-1, 9)
    expect(netUsd(usageOf({ write1h: 1_000_000 }))).toBeCloseTo(-4, 9)
  })

  it('is judged on the card of the whole prompt, where long ones are dearer', () => {
    // Above 100,000 tokens: input $0.50, read $0.05.
    expect(netUsd(usageOf({ read: 200_000 }, 'claude-haiku-5-5'))).toBeCloseTo(0.2 * 0.45, 9)
  })

  it('is the exact difference to the bill without a cache, whatever the call', () => {
    const count = fc.nat(300_000)
    const counts = fc.record({ input: count, read: count, write5m: count, write1h: count, output: count })
    const model = fc.constantFrom('claude-opus-5-5', 'claude-haiku-5-5', 'claude-fable-5-2')
    const usage = fc.record({
      parts: fc.array(fc.tuple(counts, model), { minLength: 1, maxLength: 3 }).map((parts) => {
        return parts.map(([each, name]) => ({ kind: 'message', model: name, ...each }))
      }),
      webSearches: fc.nat(3),
      speed: fc.constant('standard' as const),
      geo: fc.constantFrom(null, 'us'),
      tier: fc.constantFrom('standard' as const, 'batch' as const),
    })
    fc.assert(
      fc.property(usage, (each) => {
        const saving = cacheSaving(each, book, day, 'refuse')
        const parts = each.parts.map((part) => {
          return { ...part, ...none, output: part.output, input: part.input + part.read + part.write5m + part.write1h }
        })
        const uncached = costOf({ ...each, parts }, book, day, 'refuse')
        expect(saving.netPico).toBe(uncached.pico - costOf(each, book, day, 'refuse').pico)
        expect(saving.netPico).toBe(saving.readPico - saving.writePico)
        expect(saving.readPico >= 0n && saving.writePico >= 0n).toBe(true)
      }),
    )
  })
})
