/** What a conversation costs if it is to be served by a cheaper model from its middle on, by who decides when. */

import {
  chooseRoute,
  costOf,
  defaultRoutePolicy,
  estimateSuccess,
  type PriceBook,
  type RouteParts,
  scanCall,
} from '@runguard/sdk/core'
import type { TalkRequest } from './talks.js'

/** From which model to which. */
export interface Pair {
  readonly from: string
  readonly to: string
}

/** What one way of switching came to, over all conversations. */
export interface SwitchResult extends Pair {
  readonly talks: number
  /** Dollars if nothing is switched. */
  readonly stayUsd: number
  readonly naive: Outcome
  readonly guarded: Outcome
}

/** Against staying. */
export interface Outcome {
  readonly usd: number
  readonly switched: number
  /** Conversations that became dearer. */
  readonly losers: number
  /** What they lost together, in dollars; and the largest loss, as a share of what that conversation cost. */
  readonly lostUsd: number
  readonly worstLoss: number
}

const LIFETIME_MS = 300_000
/** Shorter conversations have no middle. */
const LEAST_REQUESTS = 4
/** What the router is told of answers: as short as the shortest. */
const SHORT_ANSWER = 32

type Decide = (at: number, model: string, warmTokens: number) => string

/** Judged by a cache of its own: what a request shares with the model's last one is read for five minutes. */
export function compareSwitching(
  talks: readonly (readonly TalkRequest[])[],
  pair: Pair,
  book: PriceBook,
  atMs: number,
): SwitchResult {
  const long = talks.filter(({ length }) => length >= LEAST_REQUESTS)
  const stay = long.map((talk) => play(talk, pair, book, atMs, () => pair.from))
  const naive = long.map((talk) => play(talk, pair, book, atMs, (at) => (at >= talk.length / 2 ? pair.to : pair.from)))
  const guarded = long.map((talk) => play(talk, pair, book, atMs, guardedRule(talk, pair, book, atMs)))
  const total = stay.reduce((sum, { usd }) => sum + usd, 0)
  return { ...pair, talks: long.length, stayUsd: total, naive: judge(naive, stay), guarded: judge(guarded, stay) }
}

/** The budget is low from the middle on; every request is routed as the engine would. */
function guardedRule(talk: readonly TalkRequest[], { from, to }: Pair, book: PriceBook, atMs: number): Decide {
  const policy = { ...defaultRoutePolicy, tiers: new Map([['cheaper', to]]) }
  const parts: RouteParts = { policy, book, successOf: () => estimateSuccess([], atMs) }
  const view = markedView(from)
  return (at, model, warmTokens) => {
    const request = talk[at]
    if (request === undefined) return model
    const route = chooseRoute(
      {
        view,
        effort: null,
        betas: [],
        task: null,
        guess: null,
        tags: [],
        promptTokens: request.promptTokens,
        outputTokens: SHORT_ANSWER,
        isStart: at === 0,
        conversation: at === 0 ? null : { model, warmTokens },
        pressure: at >= talk.length / 2 ? 'cheaper' : null,
        atMs,
      },
      parts,
    )
    return route?.model ?? model
  }
}

/** A request with a marker: its prompt is written to the cache. */
function markedView(model: string) {
  const content = [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }]
  return scanCall(
    new TextEncoder().encode(JSON.stringify({ model, max_tokens: 8_000, messages: [{ role: 'user', content }] })),
  )
}

interface Played {
  readonly usd: number
  readonly hasSwitched: boolean
}

function play(talk: readonly TalkRequest[], { from, to }: Pair, book: PriceBook, atMs: number, decide: Decide): Played {
  const factor = isOld(from) && !isOld(to) ? 1.3 : 1
  const shared = new Map<string, { readonly atMs: number; tokens: number }>()
  let model = from
  let usd = 0
  let hasSwitched = false
  talk.forEach((request, at) => {
    for (const entry of shared.values()) entry.tokens = Math.min(entry.tokens, request.keptTokens)
    const known = shared.get(model)
    // What the router knows is what the last call left in the cache, not what this one shares with it.
    const before = talk[at - 1]
    const isWarm = known !== undefined && before !== undefined && request.atMs - known.atMs <= LIFETIME_MS
    const scaleOf = (name: string): number => (name === to ? factor : 1)
    const next = decide(at, model, isWarm ? Math.round(before.promptTokens * scaleOf(model)) : 0)
    hasSwitched ||= next !== from
    model = next
    const entry = shared.get(model)
    const read = entry !== undefined && request.atMs - entry.atMs <= LIFETIME_MS ? entry.tokens : 0
    usd += bill(model, { prompt: request.promptTokens, read, output: request.outputTokens }, scaleOf(model), book, atMs)
    shared.set(model, { atMs: request.atMs, tokens: request.promptTokens })
  })
  return { usd, hasSwitched }
}

function bill(
  model: string,
  tokens: { readonly prompt: number; readonly read: number; readonly output: number },
  factor: number,
  book: PriceBook,
  atMs: number,
): number {
  const [read, prompt, output] = [tokens.read, tokens.prompt, tokens.output].map((count) => Math.round(count * factor))
  const part = {
    kind: 'message',
    model,
    input: 0,
    write1h: 0,
    read: read ?? 0,
    write5m: (prompt ?? 0) - (read ?? 0),
    output: output ?? 0,
  }
  const usage = { parts: [part], webSearches: 0, geo: null, speed: 'standard', tier: 'standard' } as const
  return costOf(usage, book, atMs, 'dearest').nano / 1e9
}

function isOld(model: string): boolean {
  return /-4-[0-6]/.test(model)
}

function judge(played: readonly Played[], stay: readonly Played[]): Outcome {
  const losses = played.map(({ usd }, at) => ({ lost: usd - (stay[at]?.usd ?? 0), of: stay[at]?.usd ?? 0 }))
  const losing = losses.filter(({ lost }) => lost > 1e-9)
  return {
    usd: played.reduce((sum, { usd }) => sum + usd, 0),
    switched: played.filter(({ hasSwitched }) => hasSwitched).length,
    losers: losing.length,
    lostUsd: losing.reduce((sum, { lost }) => sum + lost, 0),
    worstLoss: losing.reduce((worst, { lost, of }) => Math.max(worst, lost / of), 0),
  }
}
