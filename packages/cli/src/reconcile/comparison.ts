/** The ledger against the reports of the API: where they differ, and what is likely to be the cause. */

import { addTokens, noTokens, type TokenCounts } from '@runguard/sdk/core'
import type { CostRow, UsageRow } from './admin-reports.js'
import { DAY_MS, HOUR_MS, hourKey, type LedgerHour, type LedgerSums } from './ledger-hours.js'

/**
 * Why the two may differ.
 *
 * - `outside`: calls that did not go through RunGuard.
 * - `estimated`: answers broke off; of those the ledger holds what was seen, or what they may have cost.
 * - `hour-edge`: one side counts a call in the hour before or after.
 * - `batch-lag`: items of a batch are recorded when it was made, and reported when they ran.
 * - `cache-lifetimes`: as many tokens were written to the cache, with other lifetimes.
 * - `too-fresh`: the report is some minutes behind.
 * - `unmetered`: calls that RunGuard passes on without counting them.
 * - `unreported`: the ledger has calls that the report does not: another organization, or another API key.
 * - `prices`: the tokens are the same, and the dollars are not: a negotiated rate, a discount, or an old price list.
 */
export type Cause =
  | 'outside'
  | 'estimated'
  | 'hour-edge'
  | 'batch-lag'
  | 'cache-lifetimes'
  | 'too-fresh'
  | 'unmetered'
  | 'unreported'
  | 'prices'

/** An hour of one model. */
export interface HourDifference {
  readonly hourMs: number
  readonly model: string
  readonly isBatch: boolean
  /** The API keys that the report names. */
  readonly apiKeys: readonly string[]
  readonly ledger: TokenCounts
  readonly report: TokenCounts
  readonly causes: readonly Cause[]
}

/** A day in dollars, as whole nano-dollars. */
export interface DayDifference {
  readonly dayMs: number
  readonly ledgerNano: bigint
  readonly reportNano: bigint
  readonly causes: readonly Cause[]
}

/** What came out. */
export interface Comparison {
  /** Hours of a model that were compared. */
  readonly hours: number
  readonly hourDifferences: readonly HourDifference[]
  /** Days that lie wholly in the span, or whose rest has no calls. Null where dollars were not compared. */
  readonly days: number | null
  readonly dayDifferences: readonly DayDifference[]
  /** Of each API key, as the report has it. */
  readonly byKey: ReadonlyMap<string, TokenCounts>
}

interface ReportedHour {
  readonly hourMs: number
  readonly model: string
  readonly isBatch: boolean
  tokens: TokenCounts
  readonly apiKeys: Set<string>
}

/** Reports are behind by so much at most, as a rule. */
const FRESH_MS = 10 * 60_000

/** @param costs null: dollars are not compared @param nameOf one name for all names of a model */
export function compareBooks(
  sums: LedgerSums,
  usage: readonly UsageRow[],
  costs: readonly CostRow[] | null,
  { nowMs, nameOf }: { readonly nowMs: number; readonly nameOf: (model: string) => string },
): Comparison {
  const reported = addReported(usage, nameOf)
  const keys = new Set([...sums.hours.keys(), ...reported.keys()])
  const pairs = [...keys].map((key) => ({ ledger: sums.hours.get(key), report: reported.get(key) }))
  const differing = pairs.filter(
    ({ ledger, report }) => !isSame(ledger?.tokens ?? noTokens, report?.tokens ?? noTokens),
  )
  const hourDifferences = differing.map((pair) => describeHour(pair, { sums, reported, nowMs })).sort(byHour)
  const dayDifferences = costs === null ? [] : compareDays(sums, costs, { hourDifferences, nowMs })
  return {
    hours: keys.size,
    hourDifferences,
    days: costs === null ? null : new Set([...sums.days.keys(), ...costs.map(({ dayMs }) => dayMs)]).size,
    dayDifferences,
    byKey: addByKey(usage),
  }
}

function addReported(usage: readonly UsageRow[], nameOf: (model: string) => string): Map<string, ReportedHour> {
  const hours = new Map<string, ReportedHour>()
  for (const { hourMs, isBatch, apiKey, tokens, ...row } of usage) {
    const model = nameOf(row.model)
    const key = hourKey(hourMs, model, isBatch)
    const hour = hours.get(key) ?? { hourMs, model, isBatch, tokens: noTokens, apiKeys: new Set<string>() }
    hour.tokens = addTokens(hour.tokens, tokens)
    if (apiKey !== null) hour.apiKeys.add(apiKey)
    hours.set(key, hour)
  }
  return hours
}

function addByKey(usage: readonly UsageRow[]): ReadonlyMap<string, TokenCounts> {
  const keys = new Map<string, TokenCounts>()
  for (const { apiKey, tokens } of usage) {
    keys.set(apiKey ?? '', addTokens(keys.get(apiKey ?? '') ?? noTokens, tokens))
  }
  return keys
}

interface Pair {
  readonly ledger: LedgerHour | undefined
  readonly report: ReportedHour | undefined
}

interface Books {
  readonly sums: LedgerSums
  readonly reported: ReadonlyMap<string, ReportedHour>
  readonly nowMs: number
}

function describeHour(pair: Pair, books: Books): HourDifference {
  const { ledger, report } = pair
  const { hourMs = 0, model = '', isBatch = false } = ledger ?? report ?? {}
  const [mine, theirs] = [ledger?.tokens ?? noTokens, report?.tokens ?? noTokens]
  const apiKeys = [...(report?.apiKeys ?? [])]
  const causes = [...findCauses(pair, { hourMs, model, isBatch, mine, theirs }, books)]
  return { hourMs, model, isBatch, apiKeys, ledger: mine, report: theirs, causes }
}

interface Hour {
  readonly hourMs: number
  readonly model: string
  readonly isBatch: boolean
  readonly mine: TokenCounts
  readonly theirs: TokenCounts
}

function* findCauses({ ledger }: Pair, hour: Hour, books: Books): Generator<Cause> {
  const { isBatch, mine, theirs, hourMs } = hour
  if (isEdge(hour, books)) yield 'hour-edge'
  if (isBatch) yield 'batch-lag'
  if ((ledger?.estimatedCalls ?? 0) > 0) yield 'estimated'
  if (isSame(withoutLifetimes(mine), withoutLifetimes(theirs))) yield 'cache-lifetimes'
  const isMore = totalOf(theirs) > totalOf(mine)
  if (isMore && (ledger?.estimatedCalls ?? 0) === 0) yield 'outside'
  if (isMore && books.sums.unmeteredCalls > 0) yield 'unmetered'
  if (!isMore && hourMs + HOUR_MS > books.nowMs - FRESH_MS) yield 'too-fresh'
  else if (totalOf(theirs) < totalOf(mine) && (ledger?.estimatedCalls ?? 0) === 0) yield 'unreported'
}

/** True if what is too much here is missing in the hour before or after. */
function isEdge({ hourMs, model, isBatch, mine, theirs }: Hour, { sums, reported }: Books): boolean {
  return [hourMs - HOUR_MS, hourMs + HOUR_MS].some((otherMs) => {
    const key = hourKey(otherMs, model, isBatch)
    const [otherMine, otherTheirs] = [sums.hours.get(key)?.tokens ?? noTokens, reported.get(key)?.tokens ?? noTokens]
    return !isSame(otherMine, otherTheirs) && isSame(addTokens(mine, otherMine), addTokens(theirs, otherTheirs))
  })
}

function compareDays(
  { days }: LedgerSums,
  costs: readonly CostRow[],
  { hourDifferences, nowMs }: { readonly hourDifferences: readonly HourDifference[]; readonly nowMs: number },
): DayDifference[] {
  const reported = new Map(costs.map(({ dayMs, nano }) => [dayMs, nano]))
  const all = [...new Set([...days.keys(), ...reported.keys()])].sort((left, right) => left - right)
  return all.flatMap((dayMs): DayDifference[] => {
    const day = days.get(dayMs)
    const [ledgerNano, reportNano] = [day?.nano ?? 0n, reported.get(dayMs) ?? 0n]
    const difference = ledgerNano - reportNano
    // Each call is rounded up once; the report is not.
    if (difference >= 0n && difference <= BigInt(day?.calls ?? 0)) return []
    const ofDay = hourDifferences.filter(({ hourMs }) => hourMs >= dayMs && hourMs < dayMs + DAY_MS)
    const causes = new Set(ofDay.flatMap((hour) => hour.causes))
    if (ofDay.length === 0) causes.add(dayMs + DAY_MS > nowMs ? 'too-fresh' : 'prices')
    return [{ dayMs, ledgerNano, reportNano, causes: [...causes] }]
  })
}

function isSame(one: TokenCounts, other: TokenCounts): boolean {
  return (
    one.input === other.input &&
    one.write5m === other.write5m &&
    one.write1h === other.write1h &&
    one.read === other.read &&
    one.output === other.output
  )
}

function withoutLifetimes(tokens: TokenCounts): TokenCounts {
  return { ...tokens, write5m: tokens.write5m + tokens.write1h, write1h: 0 }
}

function totalOf({ input, write5m, write1h, read, output }: TokenCounts): number {
  return input + write5m + write1h + read + output
}

function byHour(left: HourDifference, right: HourDifference): number {
  return left.hourMs - right.hourMs || (left.model < right.model ? -1 : 1)
}
