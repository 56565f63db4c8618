import fc from 'fast-check'
import { expect, it } from 'vitest'
import { savingOf } from '../cache/cache-check.js'
import { costOf } from '../cost/cost.js'
import { loadPriceBook } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import type { Usage } from '../cost/usage.js'
import { routeSaving } from './route-cost.js'

const book = loadPriceBook(priceList)
const atMs = Date.parse('2026-11-27T12:00:00Z')
const models = ['claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-opus-5-5', 'claude-fable-5-1', 'claude-sonnet-4-6']
const tokens = fc.integer({ min: 0, max: 150_000 })
const counts = fc.record({ input: tokens, write5m: tokens, write1h: tokens, read: tokens, output: fc.nat(8_000) })
const usageOf = (model: string, part: object): Usage => {
  const parts = [{ kind: 'message', model, input: 0, write5m: 0, write1h: 0, read: 0, output: 0, ...part }]
  return { parts, webSearches: 0, geo: null, speed: 'standard', tier: 'standard' }
}
const costOn = (model: string, part: object): number => costOf(usageOf(model, part), book, atMs, 'dearest').nano

it('what route and cache saved adds up to what the call saved, where all markers are ours', () => {
  fc.assert(
    fc.property(fc.constantFrom(...models), fc.constantFrom(...models), counts, tokens, (asked, served, part, lost) => {
      fc.pre(/-4-/.test(asked) === /-4-/.test(served))
      const usage = usageOf(served, part)
      const prompt = part.input + part.write5m + part.write1h + part.read
      const asSent = { input: prompt, write5m: 0, write1h: 0, read: 0 }
      const { addedNano } = savingOf({ usage, book, atMs, policy: 'dearest', asSent })
      fc.pre(addedNano !== 0)
      const cache = { ownMarkers: 0, addedNano }
      const route = routeSaving(usage, { asked, lostTokens: lost, cache }, book, atMs)
      const whole = costOn(asked, { ...asSent, output: part.output }) - costOn(served, part)
      // Each side is rounded once to whole nano-dollars.
      expect(Math.abs(route + addedNano - whole)).toBeLessThanOrEqual(3)
    }),
  )
})

it('a call that was not moved has saved nothing by its route, whatever its cache did', () => {
  fc.assert(
    fc.property(fc.constantFrom(...models), counts, (model, part) => {
      const usage = usageOf(model, part)
      const prompt = part.input + part.write5m + part.write1h + part.read
      const asSent = { input: prompt, write5m: 0, write1h: 0, read: 0 }
      const { addedNano } = savingOf({ usage, book, atMs, policy: 'dearest', asSent })
      for (const cache of [null, { ownMarkers: 0, addedNano }, { ownMarkers: 2, addedNano: 0 }]) {
        const saved = routeSaving(usage, { asked: model, lostTokens: 0, cache }, book, atMs)
        expect(Math.abs(saved)).toBeLessThanOrEqual(3)
      }
    }),
  )
})

it('the cache of the asked model, warm by the markers of the caller, is what a route gives up', () => {
  const usage = usageOf('claude-sonnet-5-5', { write5m: 80_000, output: 100 })
  const facts = { asked: 'claude-opus-5-5', cache: { ownMarkers: 1, addedNano: 0 } }
  expect(routeSaving(usage, { ...facts, lostTokens: 0 }, book, atMs)).toBeGreaterThan(0)
  expect(routeSaving(usage, { ...facts, lostTokens: 80_000 }, book, atMs)).toBeLessThan(0)
})
