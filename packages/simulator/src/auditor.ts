import type { LogEntry } from './log.js'
import { type Card, type PricePeriod, pricesOf } from './prices.js'
import type { Iteration, TokenCounts, Usage } from './usage.js'

/** What everything in a log costs, in whole nano-dollars. */
export interface Audit {
  /** By `request-id`, in the order of the log; only billed requests. */
  readonly byRequest: ReadonlyMap<string, bigint>
  /** By the model that answered. Runs on other models inside a request count for the model that answered. */
  readonly byModel: ReadonlyMap<string, bigint>
  readonly total: bigint
}

/** All sums are kept in twentieths of a nano-dollar: fine enough for a batch (1/2) with a region (11/10). */
export const unitsPerNano = 20n
/** What a web search costs, in nano-dollars. */
export const searchFeeNano = 10_000_000n

/**
 * Computes every bill of a log from its usage and the auditor's own price list.
 * Each request is rounded up to whole nano-dollars once. Throws when a billed entry names a model without a price.
 */
export function auditBills(log: readonly LogEntry[]): Audit {
  const byRequest = new Map<string, bigint>()
  const byModel = new Map<string, bigint>()
  let total = 0n
  for (const entry of log) {
    if (!entry.isBilled || entry.usage === null || entry.model === null) continue
    const nano = costOfUsage(entry.usage, entry.model, entry.atMs)
    byRequest.set(entry.id, nano)
    byModel.set(entry.model, (byModel.get(entry.model) ?? 0n) + nano)
    total += nano
  }
  return { byRequest, byModel, total }
}

/** One request with what it costs, in whole nano-dollars; 0 if it is not billed. */
export interface Bill {
  /** The `request-id`. */
  readonly id: string
  /** The path that was asked for. */
  readonly label: string
  readonly nano: bigint
}

/** Every request of a log with its bill. Throws as {@link auditBills} does. */
export function billEach(log: readonly LogEntry[]): Bill[] {
  const { byRequest } = auditBills(log)
  return log.map(({ id, path }) => ({ id, label: path, nano: byRequest.get(id) ?? 0n }))
}

/** The cost of one answer in nano-dollars, rounded up. */
export function costOfUsage(usage: Usage, model: string, atMs: number): bigint {
  const tokens = runsOf(usage, model).reduce(
    (sum, run) => sum + costOfRun(run.counts, pricesOf(run.model, atMs), usage),
    0n,
  )
  const searches = BigInt(usage.server_tool_use?.web_search_requests ?? 0) * searchFeeNano * unitsPerNano
  const units = tokens + searches
  return (units + unitsPerNano - 1n) / unitsPerNano
}

/** One billed run of a request. */
export interface BilledRun {
  readonly counts: TokenCounts
  readonly model: string
}

/** The runs that are billed. Where they are listed they are the bill, each at its own model; the counters on top show only the last one. */
export function runsOf(usage: Usage, model: string): BilledRun[] {
  const { iterations } = usage
  if (iterations === undefined || iterations.length === 0) return [{ counts: usage, model }]
  const requested = iterations.find(({ type }) => type === 'message')?.model ?? model
  return iterations
    .filter((run, index) => !isRefusedForFree(run, iterations[index + 1]))
    .map((run) => ({ counts: run, model: run.model ?? requested }))
}

/** An attempt that was refused before it said anything, and was followed by another model. */
function isRefusedForFree(run: Iteration, next: Iteration | undefined): boolean {
  return run.type === 'message' && run.output_tokens === 0 && next?.type === 'fallback_message'
}

/** One run in twentieths of a nano-dollar. */
function costOfRun(counts: TokenCounts, period: PricePeriod, usage: Usage): bigint {
  return itemsOfRun(counts, period, usage).reduce((sum, { units }) => sum + units, 0n)
}

/** What a run costs by what was paid for, as the cost report names it, in twentieths of a nano-dollar. */
export function itemsOfRun(counts: TokenCounts, period: PricePeriod, usage: Usage) {
  const card = cardOf(counts, period, usage.speed)
  const regional = usage.inference_geo === 'us' ? 11n : 10n
  const share = usage.service_tier === 'batch' ? regional : regional * 2n
  const split = counts.cache_creation
  return [
    { tokenType: 'uncached_input_tokens', units: BigInt(counts.input_tokens) * card.input * share },
    {
      tokenType: 'cache_creation.ephemeral_5m_input_tokens',
      units: BigInt(split.ephemeral_5m_input_tokens) * card.write5m * share,
    },
    {
      tokenType: 'cache_creation.ephemeral_1h_input_tokens',
      units: BigInt(split.ephemeral_1h_input_tokens) * card.write1h * share,
    },
    { tokenType: 'cache_read_input_tokens', units: BigInt(counts.cache_read_input_tokens) * card.read * share },
    { tokenType: 'output_tokens', units: BigInt(counts.output_tokens) * card.output * share },
  ]
}

function cardOf(counts: TokenCounts, period: PricePeriod, speed: Usage['speed']): Card {
  if (speed === 'fast') {
    if (period.fast === undefined) throw new Error('The auditor has no fast price for a model that ran fast.')
    return period.fast
  }
  const promptTokens = counts.input_tokens + counts.cache_creation_input_tokens + counts.cache_read_input_tokens
  return period.long !== undefined && promptTokens > period.long.aboveTokens ? period.long.card : period.card
}
