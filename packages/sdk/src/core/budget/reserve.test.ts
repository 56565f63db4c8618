import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lastClampFloor } from '../body/clamp.js'
import { scanCall } from '../body/scan.js'
import { costOf } from '../cost/cost.js'
import { maxUsd, type NanoUsd, nanoUsd, parseUsd } from '../cost/money.js'
import { loadPriceBook, withOverrides } from '../cost/price.js'
import { priceList } from '../cost/price-list.js'
import type { Usage } from '../cost/usage.js'
import { fitLastReserve, fitReserve, planReserve, type ReserveFacts, type Room } from './reserve.js'

const book = loadPriceBook(priceList)
const AT = Date.UTC(2026, 10, 26)

function facts(request: object, overrides: Partial<ReserveFacts> = {}): ReserveFacts {
  const body = {
    model: 'claude-opus-5-5',
    max_tokens: 128_000,
    messages: [{ role: 'user', content: 'hi' }],
    ...request,
  }
  const view = scanCall(new TextEncoder().encode(JSON.stringify(body)))
  const own = { view, book, unknownModel: 'dearest' as const, atMs: AT, isCuttable: true }
  const usual = { inputBound: 1_000, expectedOutput: 1_000, shortOutput: 50, maxOutput: 128_000, usualGeo: null }
  return { ...own, ...usual, ...overrides }
}
const room = (shared: string | null, own: string | null = null): Room => ({
  shared: shared === null ? null : parseUsd(shared),
  own: own === null ? null : parseUsd(own),
})
const marker = (ttl: '5m' | '1h') => ({ cache_control: { type: 'ephemeral', ttl } })

describe('what a stream holds', () => {
  it('is its prompt and what such calls usually answer, not what max_tokens allows', () => {
    // Opus 5.5: $4 in, $20 out per million.
    expect(planReserve(facts({}))).toMatchObject({
      wanted: parseUsd('0.024'),
      least: parseUsd('0.00912'),
      worst: parseUsd('2.564'),
      isBounded: true,
    })
  })

  it('is never more than what max_tokens allows', () => {
    const { wanted, worst } = planReserve(facts({ max_tokens: 100 }, { expectedOutput: 5_000 }))
    expect([wanted, worst]).toEqual([parseUsd('0.006'), parseUsd('0.006')])
  })

  it.each([
    ['the markers are writes for five minutes', marker('5m'), 5],
    ['one of the markers is a write for an hour', marker('1h'), 8],
    ['the region costs more', { inference_geo: 'us' }, 4.4],
    ['the speed costs more', { speed: 'fast' }, 8],
  ])('is dearer where %s', (_, request, dollarsPerMillion) => {
    expect(planReserve(facts({ max_tokens: 0, ...request })).worst).toBe(Math.round(dollarsPerMillion * 1e6))
  })

  it('counts the region that calls without one are served in', () => {
    expect(planReserve(facts({ max_tokens: 0 }, { usualGeo: 'us' })).worst).toBe(4_400_000)
    expect(planReserve(facts({ max_tokens: 0, inference_geo: 'global' }, { usualGeo: 'us' })).worst).toBe(4_000_000)
  })

  it('takes the long-prompt price as soon as the prompt may be that long', () => {
    const worst = (inputBound: number) =>
      planReserve(facts({ model: 'claude-haiku-5-5', max_tokens: 1_000 }, { inputBound })).worst
    expect(worst(100_000)).toBe(10_500_000)
    expect(worst(100_001)).toBe(52_500_500)
  })

  it('is the dearest of the cards that may apply, if a fast call may be served at standard speed', () => {
    const rates = (input: number) => ({ input, write5m: input, write1h: input, read: input, output: input })
    const own = { model: 'own', base: rates(1), long: { abovePromptTokens: 500, card: rates(9) }, fast: rates(3) }
    const request = { model: 'own', speed: 'fast', max_tokens: 0 }
    expect(planReserve(facts(request, { book: withOverrides(book, [own]) })).worst).toBe(9_000_000)
  })

  it('knows that server tools have no bound that the request shows', () => {
    expect(planReserve(facts({ tools: [{ type: 'web_search_20260209', name: 'web_search' }] })).isBounded).toBe(false)
    expect(planReserve(facts({ tools: [{ type: 'bash_20250124', name: 'bash' }] })).isBounded).toBe(true)
  })
})

describe('when money gets short', () => {
  it('"hi" with max_tokens 128000 never takes the whole budget', () => {
    expect(fitReserve(planReserve(facts({})), room('0.16'))).toEqual({
      kind: 'hold',
      amount: parseUsd('0.02'),
      maxTokens: null,
    })
    const plain = fitReserve(planReserve(facts({}, { isCuttable: false })), room('4'))
    expect(plain).toEqual({ kind: 'hold', amount: parseUsd('0.5'), maxTokens: 24_800 })
  })

  it('a call that cannot be cut takes more than its share rather than being cut short', () => {
    const fit = fitReserve(planReserve(facts({}, { isCuttable: false })), room('0.06'))
    expect(fit).toEqual({ kind: 'hold', amount: parseUsd('0.024'), maxTokens: 1_000 })
  })

  it('a cap of its own is all for the call', () => {
    expect(fitReserve(planReserve(facts({}, { isCuttable: false })), room('100', '0.104'))).toEqual({
      kind: 'hold',
      amount: parseUsd('0.104'),
      maxTokens: 5_000,
    })
  })

  it('a call waits as long as more than a short answer may come back, and hears what it needs', () => {
    const reserve = planReserve(facts({}))
    expect(fitReserve(reserve, room('0.00912'))).toMatchObject({ kind: 'hold', amount: parseUsd('0.00912') })
    expect(fitReserve(reserve, room('0.009119999'))).toEqual({ kind: 'refuse', needed: parseUsd('0.00912') })
    expect(fitReserve(reserve, { ...room(null), shared: nanoUsd(-5) })).toMatchObject({ kind: 'refuse' })
  })

  it('without a budget nothing is lowered', () => {
    expect(fitReserve(planReserve(facts({}, { isCuttable: false })), room(null))).toMatchObject({
      maxTokens: null,
      amount: parseUsd('2.564'),
    })
  })

  it('a request that only warms the cache holds its prompt or is refused', () => {
    const reserve = planReserve(facts({ max_tokens: 0 }, { isCuttable: false }))
    expect(fitReserve(reserve, room('0.004'))).toEqual({ kind: 'hold', amount: parseUsd('0.004'), maxTokens: null })
    expect(fitReserve(reserve, room('0.003'))).toMatchObject({ kind: 'refuse' })
  })
})

describe('the last try before a call is refused', () => {
  it('is like any other where the money is there', () => {
    const reserve = planReserve(facts({}))
    expect(fitLastReserve(reserve, room('1'))).toEqual(fitReserve(reserve, room('1')))
  })

  it.each([true, false])('sends it with the max_tokens that all the rest pays (a stream: %s)', (isCuttable) => {
    const reserve = planReserve(facts({}, { isCuttable }))
    expect(fitLastReserve(reserve, room('0.006'))).toEqual({ kind: 'hold', amount: parseUsd('0.006'), maxTokens: 100 })
  })

  it('is given up where not even the shortest answer that is usual could be paid', () => {
    const reserve = planReserve(facts({}))
    expect(fitLastReserve(reserve, room('0.005'))).toMatchObject({ kind: 'hold', maxTokens: 50 })
    expect(fitLastReserve(reserve, room('0.004999999'))).toEqual({ kind: 'refuse', needed: parseUsd('0.005') })
  })

  it.each([
    ['a thinking budget', { thinking: { type: 'enabled', budget_tokens: 2_000 } }, 2_050],
    ['an answer of a given structure', { output_config: { format: {} } }, 200],
    ['a forced tool', { tool_choice: { type: 'any' } }, 200],
  ])('leaves room for %s', (_, request, tokens) => {
    const { last } = planReserve(facts(request, { isCuttable: false }))
    expect(last).toBe(4_000_000 + tokens * 20_000)
  })

  it('does not clamp a stream that no max_tokens bounds', () => {
    const { last, least } = planReserve(facts({ tools: [{ type: 'web_search_20260209', name: 'web_search' }] }))
    expect(last).toBe(least)
  })
})

describe('what is held for a call that cannot be cut', () => {
  const tokens = fc.integer({ min: 0, max: 1_000_000 })
  const requests = fc.record({
    model: fc.constantFrom(...book.models.map(({ id }) => id), 'claude-unheard-of', '__proto__'),
    max_tokens: fc.oneof(fc.nat(2_000), fc.nat(200_000), fc.constantFrom(0, 1e99, -3, 9e15)),
    speed: fc.constantFrom('fast', 'standard', 'warp'),
    inference_geo: fc.constantFrom('us', 'global', 'mars'),
    cache_control: fc.constantFrom(null, marker('5m').cache_control, marker('1h').cache_control),
    thinking: fc.constantFrom({ type: 'adaptive' }, { type: 'enabled', budget_tokens: 1_500 }),
  })
  const shares = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))

  it('pays whatever it may be billed, under the max_tokens that it is sent with', () => {
    fc.assert(
      fc.property(
        requests,
        tokens,
        tokens,
        fc.nat(4e9),
        shares,
        fc.boolean(),
        (request, inputBound, expectedOutput, left, [first, second], isServedFast) => {
          const given = facts(request, { inputBound, expectedOutput, isCuttable: false })
          const reserve = planReserve(given)
          const { last, least, enough, wanted, worst } = reserve
          const rising = [last, least, enough, wanted, worst]
          expect(rising).toEqual([...rising].sort((a, b) => a - b))
          const fit = fitLastReserve(reserve, { ...room(null), shared: nanoUsd(left) })
          if (fit.kind === 'refuse') {
            expect(fit.needed).toBeGreaterThan(left)
            return
          }
          expect(fit.amount).toBeLessThanOrEqual(left)
          const maxTokens = fit.maxTokens ?? reserve.maxTokens
          expect(maxTokens).toBeGreaterThanOrEqual(lastClampFloor(given.view, reserve.maxTokens, 50))
          expect(maxTokens).toBeLessThanOrEqual(reserve.maxTokens)
          const read = Math.floor(inputBound * first)
          const written = Math.floor((inputBound - read) * second)
          const ttl = given.view.marker
          const part = {
            kind: 'message',
            model: request.model,
            input: inputBound - (ttl === null ? 0 : read + written),
            read: ttl === null ? 0 : read,
            write5m: ttl === '5m' ? written : 0,
            write1h: ttl === '1h' ? written : 0,
            output: maxTokens,
          }
          const speed = request.speed === 'fast' && isServedFast ? 'fast' : 'standard'
          const usage: Usage = { parts: [part], webSearches: 0, speed, geo: request.inference_geo, tier: 'standard' }
          expect(costOf(usage, book, AT, 'dearest').nano).toBeLessThanOrEqual(fit.amount)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is found without a crash for the largest numbers', () => {
    const { worst } = planReserve(
      facts({ max_tokens: Number.MAX_SAFE_INTEGER }, { inputBound: 1_000_000, expectedOutput: 1e300 }),
    )
    expect(worst).toBeLessThan(maxUsd satisfies NanoUsd)
  })
})
