/** Who places markers: the usual rules, and RunGuard. */

import {
  cacheRates,
  findPrice,
  type IndexedPrompt,
  minimumTokens,
  noteReturns,
  type PlanFacts,
  type PrefixCall,
  PrefixIndex,
  type PriceBook,
  planCache,
  ReturnBook,
} from '@runguard/sdk/core'
import type { Rates } from './optimum.js'
import type { Billed, StreamRequest, Ttl } from './streams.js'
import type { Markers } from './witness.js'

/** Places the markers of one request after the other. A new one for each replay: it may remember. */
export interface Policy {
  readonly name: string
  place(request: StreamRequest): Markers
  /** What it expects to be billed for the request just placed; null if it does not say. */
  expected(): Billed | null
  /** What was billed in the end. */
  learn(billed: Billed): void
}

/** All contenders, freshly made. */
export function openPolicies(book: PriceBook, read: number | null): readonly Policy[] {
  return [
    simple('no cache', () => []),
    simple('front 5m', (request) => [[frontOf(request), '5m']]),
    simple('every turn 5m', (request) => [[tailOf(request), '5m']]),
    simple('every turn 1h', (request) => [[tailOf(request), '1h']]),
    simple('front and turn 5m', (request) => [
      [frontOf(request), '5m'],
      [tailOf(request), '5m'],
    ]),
    simple('front 1h, turn 5m', (request) => [
      [frontOf(request), '1h'],
      [tailOf(request), '5m'],
    ]),
    planned(book, read),
  ]
}

/** The rates of a model in pico-dollars per token; `read` replaces its read price by so much of its input price. */
export function ratesFor(book: PriceBook, model: string, read: number | null, promptTokens = 0): Rates {
  const price = findPrice(book, model, Date.UTC(2026, 10, 1))
  if (price === null) throw new Error(`there is no price for ${model}`)
  const rates = cacheRates(price, promptTokens)
  return read === null ? rates : { ...rates, read: rates.input * read }
}

function simple(name: string, choose: (request: StreamRequest) => readonly (readonly [number, Ttl])[]): Policy {
  return {
    name,
    place: (request) => new Map(choose(request).filter(([at]) => at !== -1)),
    expected: () => null,
    learn: () => undefined,
  }
}

function frontOf({ blocks }: StreamRequest): number {
  return blocks.findLastIndex(({ part }) => part !== 'messages')
}

function tailOf({ blocks }: StreamRequest): number {
  return blocks.findLastIndex(({ canMark }) => canMark)
}

interface Sent {
  readonly call: PrefixCall
  readonly firstByteMs: number
  billed: Billed | null
}

function planned(book: PriceBook, read: number | null): Policy {
  const index = new PrefixIndex(2_000_000)
  const returns = new ReturnBook()
  let open: readonly Sent[] = []
  let expected: Billed | null = null
  return {
    name: 'RunGuard',
    place(request) {
      for (const { call, firstByteMs, billed } of open) {
        if (firstByteMs <= request.atMs) index.publish(call, billed ?? call.reading)
      }
      open = open.filter(({ firstByteMs }) => firstByteMs > request.atMs)
      const facts = factsOf(request, index, returns, { book, read })
      const { marks, planned: reading, story } = planCache(facts)
      noteReturns(facts, story)
      const markers = new Map(marks.map(({ block, ttl }) => [block, ttl]))
      const prompt: IndexedPrompt = {
        ...facts.prompt,
        blocks: facts.prompt.blocks.map((block, at) => ({ ...block, marker: markers.get(at) ?? null })),
      }
      open = [...open, { call: index.begin(prompt, request.atMs), firstByteMs: request.firstByteMs, billed: null }]
      expected = reading
      return markers
    },
    expected: () => expected,
    learn: (billed) => {
      const last = open.at(-1)
      if (last !== undefined) last.billed = billed
    },
  }
}

function factsOf(
  request: StreamRequest,
  index: PrefixIndex,
  returns: ReturnBook,
  { book, read }: { readonly book: PriceBook; readonly read: number | null },
): PlanFacts {
  const { blocks, model, atMs } = request
  return {
    prompt: {
      space: model,
      minimumTokens: minimumTokens(book, model),
      blocks: blocks.map(({ prefix, endTokens, position, part, canMark }) => {
        return { key: prefix, endTokens, position, part, canMark, marker: null }
      }),
    },
    markerCount: 0,
    rates: ratesFor(book, model, read, blocks.at(-1)?.endTokens),
    index,
    returns,
    presence: null,
    nowMs: atMs,
  }
}
