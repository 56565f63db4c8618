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
const unitsPerNano = 20n
const searchFeeNano = 10_000_000n

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

/** Where the runs are listed they are the bill, each at its own model; the counters on top show only the last one. */
function runsOf(usage: Usage, model: string): { counts: TokenCounts; model: string }[] {
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
  const card = cardOf(counts, period, usage.speed)
  const nano =
    BigInt(counts.input_tokens) * card.input +
    BigInt(counts.cache_creation.ephemeral_5m_input_tokens) * card.write5m +
    BigInt(counts.cache_creation.ephemeral_1h_input_tokens) * card.write1h +
    BigInt(counts.cache_read_input_tokens) * card.read +
    BigInt(counts.output_tokens) * card.output
  const regional = usage.inference_geo === 'us' ? nano * 11n : nano * 10n
  return usage.service_tier === 'batch' ? regional : regional * 2n
}

function cardOf(counts: TokenCounts, period: PricePeriod, speed: Usage['speed']): Card {
  if (speed === 'fast') {
    if (period.fast === undefined) throw new Error('The auditor has no fast price for a model that ran fast.')
    return period.fast
  }
  const promptTokens = counts.input_tokens + counts.cache_creation_input_tokens + counts.cache_read_input_tokens
  return period.long !== undefined && promptTokens > period.long.aboveTokens ? period.long.card : period.card
}
