/** Plays recorded traffic through every contender, each with a cache of its own. */

import { minimumTokens, type PriceBook } from '@runguard/sdk/core'
import { lowerBound, type Rates } from './optimum.js'
import { openPolicies } from './policies.js'
import type { Policy } from './policy.js'
import { ratesFor } from './rates.js'
import { Simulated } from './simulated.js'
import type { Billed, StreamRequest } from './streams.js'
import { Witness } from './witness.js'

/** What one contender paid for input. */
export interface Score {
  readonly name: string
  readonly usd: number
  /** Less than without a cache; negative: more. */
  readonly savedUsd: number
  /** In units of the lower bound. */
  readonly ofOptimum: number
  /** Requests whose bill it foretold wrongly; null if it foretells none. */
  readonly wronglyForetold: number | null
  /** Requests of its own that keep prefixes alive; their cost is in the dollars. */
  readonly pings: number
  /** Mean time to place markers, in microseconds. */
  readonly micros: number
}

/** All scores on the same requests. */
export interface Result {
  readonly title: string
  readonly requests: number
  readonly optimumUsd: number
  readonly scores: readonly Score[]
}

const PICO_PER_USD = 1e12

/** Plays the requests, which come in the order of their times. */
export function replay(
  title: string,
  requests: readonly StreamRequest[],
  book: PriceBook,
  read: number | null,
): Result {
  const ratesOf = (model: string): Rates => ratesFor(book, model, read)
  const minimumOf = (model: string): number => minimumTokens(book, model)
  const optimum = lowerBound(requests, ratesOf, minimumOf)
  const uncached = sumOver(
    requests,
    (request) => (request.blocks.at(-1)?.endTokens ?? 0) * ratesOf(request.model).input,
  )
  const score = (name: string, pico: number, rest: Pick<Score, 'wronglyForetold' | 'pings' | 'micros'>): Score => ({
    name,
    usd: pico / PICO_PER_USD,
    savedUsd: (uncached - pico) / PICO_PER_USD,
    ofOptimum: pico / optimum,
    ...rest,
  })
  const scores = openPolicies(book, read).map((policy) => {
    const { pico, ...rest } = playPolicy(policy, requests, ratesOf, minimumOf)
    return score(policy.name, pico, rest)
  })
  if (requests.every(({ billed }) => billed !== null)) {
    const pico = sumOver(requests, ({ billed, model }) => (billed === null ? 0 : costOf(billed, ratesOf(model))))
    scores.push(score('as billed: the client', pico, { wronglyForetold: null, pings: 0, micros: 0 }))
  }
  return { title, requests: requests.length, optimumUsd: optimum / PICO_PER_USD, scores }
}

function playPolicy(
  policy: Policy,
  requests: readonly StreamRequest[],
  ratesOf: (model: string) => Rates,
  minimumOf: (model: string) => number,
): { readonly pico: number } & Pick<Score, 'wronglyForetold' | 'pings' | 'micros'> {
  const witness = new Witness()
  const simulated = policy.isForetelling ? new Simulated() : null
  let pico = 0
  let pings = 0
  let wrong = 0
  let spentMs = 0
  for (const request of requests) {
    for (const ping of policy.ping(request.atMs)) {
      const billed = witness.play(ping.request, ping.markers, minimumOf(ping.request.model))
      simulated?.play(ping.request, ping.markers, minimumOf(ping.request.model))
      pico += costOf(billed, ratesOf(ping.request.model))
      pings += 1
    }
    const start = performance.now()
    const markers = policy.place(request)
    spentMs += performance.now() - start
    const billed = witness.play(request, markers, minimumOf(request.model))
    const played = simulated?.play(request, markers, minimumOf(request.model)) ?? billed
    pico += costOf(billed, ratesOf(request.model))
    policy.learn(billed)
    const expected = policy.expected()
    if (expected === null) continue
    // Nobody could know of a front that was warm by itself.
    const isRight = isSameBill(expected, billed) && isSameBill(expected, played)
    if (request.warmBlock === -1 && !isRight) wrong += 1
  }
  return {
    pico,
    wronglyForetold: policy.isForetelling ? wrong : null,
    pings,
    micros: (spentMs * 1_000) / Math.max(1, requests.length),
  }
}

function isSameBill(left: Billed, right: Billed): boolean {
  return (['input', 'read', 'write5m', 'write1h'] as const).every((item) => left[item] === right[item])
}

function costOf({ input, read, write5m, write1h }: Billed, rates: Rates): number {
  return input * rates.input + read * rates.read + write5m * rates.write5m + write1h * rates.write1h
}

function sumOver(requests: readonly StreamRequest[], picoOf: (request: StreamRequest) => number): number {
  return requests.reduce((sum, request) => sum + picoOf(request), 0)
}
