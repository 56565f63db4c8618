/** Plays recorded traffic through every contender, each with a cache of its own. */

import { minimumTokens, type PriceBook } from '@runguard/sdk/core'
import { explainLosses, type Losses, type Paid, yardstickOf } from './losses.js'
import { lowerBound, placesOf, type Rates } from './optimum.js'
import { openPolicies } from './policies.js'
import type { Ping, Policy } from './policy.js'
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
  /** Where it loses against the optimum; null if that was not asked, or is not known. */
  readonly losses: Losses | null
}

/** All scores on the same requests. */
export interface Result {
  readonly title: string
  readonly requests: number
  readonly optimumUsd: number
  readonly scores: readonly Score[]
}

const PICO_PER_USD = 1e12

/** How it is played. */
export interface ReplayOptions {
  /** Replaces the read price by so much of the input price; null: as listed. */
  readonly read: number | null
  /** Whether to say where RunGuard loses against the optimum. */
  readonly explains: boolean
}

/** Plays the requests, which come in the order of their times. */
export function replay(
  title: string,
  requests: readonly StreamRequest[],
  book: PriceBook,
  { read, explains }: ReplayOptions,
): Result {
  const ratesOf = (model: string): Rates => ratesFor(book, model, read)
  const minimumOf = (model: string): number => minimumTokens(book, model)
  const places = placesOf(requests, ratesOf, minimumOf)
  const optimum = lowerBound(places)
  const yardstick = explains ? yardstickOf(places) : null
  const uncached = sumOver(
    requests,
    (request) => (request.blocks.at(-1)?.endTokens ?? 0) * ratesOf(request.model).input,
  )
  const score = (name: string, pico: number, rest: Played): Score => ({
    name,
    usd: pico / PICO_PER_USD,
    savedUsd: (uncached - pico) / PICO_PER_USD,
    ofOptimum: pico / optimum,
    ...rest,
  })
  const scores = openPolicies(book, read).map((policy) => {
    const { paid, ...rest } = playPolicy(policy, requests, ratesOf, minimumOf)
    const losses = yardstick === null || !policy.isForetelling ? null : explainLosses(yardstick, paid, optimum)
    return score(policy.name, paid.pico, { ...rest, losses })
  })
  if (requests.every(({ billed }) => billed !== null)) {
    const pico = sumOver(requests, ({ billed, model }) => (billed === null ? 0 : costOf(billed, ratesOf(model))))
    scores.push(score('as billed: the client', pico, { wronglyForetold: null, pings: 0, micros: 0, losses: null }))
  }
  return { title, requests: requests.length, optimumUsd: optimum / PICO_PER_USD, scores }
}

type Played = Pick<Score, 'wronglyForetold' | 'pings' | 'micros' | 'losses'>

function playPolicy(
  policy: Policy,
  requests: readonly StreamRequest[],
  ratesOf: (model: string) => Rates,
  minimumOf: (model: string) => number,
): { readonly paid: Paid } & Omit<Played, 'losses'> {
  const play = openCaches(policy, minimumOf)
  const bills: Billed[] = []
  let pico = 0
  let pingPico = 0
  let pings = 0
  let wrong = 0
  let spentMs = 0
  for (const request of requests) {
    for (const ping of policy.ping(request.atMs)) {
      pingPico += costOf(play(ping).billed, ratesOf(ping.request.model))
      pings += 1
    }
    const start = performance.now()
    const markers = policy.place(request)
    spentMs += performance.now() - start
    const { billed, played } = play({ request, markers })
    pico += costOf(billed, ratesOf(request.model))
    bills.push(billed)
    policy.learn(billed)
    const expected = policy.expected()
    if (expected === null) continue
    // Nobody could know of a front that was warm by itself.
    const isRight = isSameBill(expected, billed) && isSameBill(expected, played)
    if (request.warmBlock === -1 && !isRight) wrong += 1
  }
  return {
    paid: { pico: pico + pingPico, bills, pingPico },
    wronglyForetold: policy.isForetelling ? wrong : null,
    pings,
    micros: (spentMs * 1_000) / Math.max(1, requests.length),
  }
}

/** The caches of a contender: the witness, and the simulator's beside it for one that foretells its bills. */
function openCaches({ isForetelling }: Policy, minimumOf: (model: string) => number) {
  const witness = new Witness()
  const simulated = isForetelling ? new Simulated() : null
  return ({ request, markers }: Ping): { readonly billed: Billed; readonly played: Billed } => {
    const minimum = minimumOf(request.model)
    const billed = witness.play(request, markers, minimum)
    return { billed, played: simulated?.play(request, markers, minimum) ?? billed }
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
