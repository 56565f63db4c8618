/** What was kept from being spent without anybody knowing what it would have cost: refused and shortened calls. Pure. */

import { findPrice, type PriceBook } from '@runguard/sdk/core'
import type { TrafficCount, TrafficNumbers } from '@runguard/sdk/store'
import type { ApiOverview, ApiSaving } from '../api/overview.js'

type Counts = readonly TrafficCount[]

/** Refused calls by reason, the most frequent first. Their answers were never written, so that only prompts are priced. */
export function refusalsOf(counts: Counts, book: PriceBook, at: number): ApiOverview['refusals'] {
  const byCode = new Map<string, { calls: number; promptTokens: number; promptNano: number | null }>()
  for (const { names, calls, tokens } of counts) {
    const [code = '', model = ''] = names
    const pico = findPrice(book, model, at)?.base.input
    const before = byCode.get(code) ?? { calls: 0, promptTokens: 0, promptNano: 0 }
    const isUnknown = (pico === undefined && tokens > 0) || before.promptNano === null
    byCode.set(code, {
      calls: before.calls + calls,
      promptTokens: before.promptTokens + tokens,
      promptNano: isUnknown ? null : (before.promptNano ?? 0) + Math.round((tokens * (pico ?? 0)) / 1_000),
    })
  }
  return [...byCode].map(([code, sums]) => ({ code, ...sums })).sort((a, b) => b.calls - a.calls)
}

/** Steps of ladders that make a call smaller by what nobody knows; the other steps show what they did elsewhere. */
const SHORTENING: ReadonlySet<string> = new Set(['lower-effort', 'tighter-max-tokens'])

/** How often budgets that ran low asked for less effort or a shorter answer. */
export function shortenedOf(counts: Counts): ApiOverview['shortened'] {
  const byKind = new Map<string, number>()
  for (const { names, calls } of counts) {
    const [, kind = ''] = names
    if (SHORTENING.has(kind)) byKind.set(kind, (byKind.get(kind) ?? 0) + calls)
  }
  return [...byKind].map(([kind, calls]) => ({ kind, calls })).sort((a, b) => b.calls - a.calls)
}

/**
 * What each lever saved, the best first. What a cheaper tier saved because a budget ran low is degradation and not routing.
 *
 * @param routes the counts of routes in the period of the numbers
 */
export function savingsOf(numbers: TrafficNumbers, routes: Counts): ApiSaving[] {
  const degraded = sumDegraded(routes)
  const routing = {
    savedNano: numbers.routeSavedNano - degraded.savedNano,
    calls: Math.max(0, numbers.routedCalls - degraded.calls),
  }
  const levers: ApiSaving[] = [
    { lever: 'caching', savedNano: numbers.cacheSavedNano, calls: numbers.cachedCalls, isEstimated: false },
    { lever: 'routing', ...routing, isEstimated: true },
    { lever: 'batching', savedNano: numbers.batchSavedNano, calls: numbers.batchedCalls, isEstimated: false },
    ...(degraded.calls === 0 ? [] : [{ lever: 'degradation', ...degraded, isEstimated: true }]),
  ]
  return levers.sort((a, b) => b.savedNano - a.savedNano)
}

function sumDegraded(routes: Counts): { readonly savedNano: number; readonly calls: number } {
  const taken = routes.filter(({ names: [asked, model, reason, applied] }) => {
    return reason === 'budget' && applied === 'applied' && asked !== model
  })
  return {
    savedNano: taken.reduce((sum, { nano }) => sum + nano, 0),
    calls: taken.reduce((sum, { calls }) => sum + calls, 0),
  }
}
