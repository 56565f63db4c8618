/** The records of RunGuard added up as the Admin API adds up: by hour of the start, model, and batch or not. */

import { addTokens, type CallRecord, noTokens, type TokenCounts } from '@runguard/sdk/core'

/** What was recorded of an hour. */
export interface LedgerHour {
  readonly hourMs: number
  readonly model: string
  readonly isBatch: boolean
  calls: number
  /** Calls whose answer broke off: what they used is a floor. */
  estimatedCalls: number
  tokens: TokenCounts
  webSearches: number
}

/** What was recorded of a day, in nano-dollars. */
export interface LedgerDay {
  calls: number
  estimatedCalls: number
  /** Priced as a model of its line, because the list does not hold it. */
  guessedPrices: number
  nano: bigint
}

/** All of it. */
export interface LedgerSums {
  readonly hours: Map<string, LedgerHour>
  /** By the start of the day in UTC. */
  readonly days: Map<number, LedgerDay>
  /** Calls on endpoints that are passed on unmetered: whatever they cost is not in the ledger. */
  unmeteredCalls: number
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** Nothing recorded. */
export function openSums(): LedgerSums {
  return { hours: new Map(), days: new Map(), unmeteredCalls: 0 }
}

/** The same for what both sides count together. */
export function hourKey(hourMs: number, model: string, isBatch: boolean): string {
  return `${hourMs} ${model} ${isBatch}`
}

/** Adds a call. @param nameOf one name for all names of a model */
export function addRecord(sums: LedgerSums, record: CallRecord, nameOf: (model: string) => string): void {
  if (record.ending.kind === 'unmetered') sums.unmeteredCalls += 1
  const { usage } = record
  if (usage === null) return
  const isEstimated = record.ending.kind === 'at-least'
  const isBatch = usage.tier === 'batch'
  const hourMs = floorTo(record.startedAt, HOUR_MS)
  for (const [index, part] of usage.parts.entries()) {
    const model = nameOf(part.model)
    const key = hourKey(hourMs, model, isBatch)
    const empty = { hourMs, model, isBatch, calls: 0, estimatedCalls: 0, tokens: noTokens, webSearches: 0 }
    const hour: LedgerHour = sums.hours.get(key) ?? empty
    sums.hours.set(key, hour)
    hour.tokens = addTokens(hour.tokens, part)
    if (index > 0) continue
    hour.calls += 1
    hour.estimatedCalls += Number(isEstimated)
    hour.webSearches += usage.webSearches
  }
  addToDay(sums, record, isEstimated)
}

function addToDay({ days }: LedgerSums, { startedAt, cost }: CallRecord, isEstimated: boolean): void {
  const dayMs = floorTo(startedAt, DAY_MS)
  const day = days.get(dayMs) ?? { calls: 0, estimatedCalls: 0, guessedPrices: 0, nano: 0n }
  days.set(dayMs, day)
  day.calls += 1
  day.estimatedCalls += Number(isEstimated)
  day.guessedPrices += Number(cost.basis !== null && cost.basis !== 'list')
  day.nano += BigInt(cost.nano)
}

/** The beginning of the hour or day of an instant. */
export function floorTo(atMs: number, ms: number): number {
  return Math.floor(atMs / ms) * ms
}
