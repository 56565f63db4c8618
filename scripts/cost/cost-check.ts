/** Recomputes recorded calls with the price book and keeps count of what differs, per source. */
import { costOf, findPrice, type PriceBook, readUsage, sumLines } from '@runguard/sdk/core'
import type { RecordedCall, RecordedRun } from './recorded-run.js'

/** A call differs beyond this; recorded costs are sums of binary fractions and carry an error of about 1e-16. */
const CALL_TOLERANCE_USD = 1e-9
/** A hundredth of a cent: far below the last cent, far above the rounding of a long sum. */
const RUN_TOLERANCE_USD = 1e-4

const PICO_PER_USD = 1e12

/** The count of one source. Dollars cover only what the name says: nothing without a price is ever added as zero. */
export interface SourceCheck {
  readonly source: string
  runs: number
  calls: number
  /** Calls with a recorded cost and a list price: those that can be compared. */
  comparedCalls: number
  recordedUsd: number
  recomputedUsd: number
  differingCalls: number
  largestDifferenceUsd: number
  /** Runs with at least one compared call, and those of them whose sums differ. */
  comparedRuns: number
  differingRuns: number
  /** All calls with a list price, compared or not. */
  pricedCalls: number
  pricedUsd: number
  /** Calls per model that has no list price. */
  readonly unpricedModels: Map<string, number>
  unpricedRecordedUsd: number
  /** Calls whose counters cannot be right; they count as differing. */
  suspectCalls: number
}

/** Every model at its last listed price: the data has no dates, and no call in it is long enough for a historic card. */
const PRICE_DAY_MS = Number.MAX_SAFE_INTEGER

/** Starts the count of a source. */
export function startCheck(source: string): SourceCheck {
  return {
    source,
    runs: 0,
    calls: 0,
    comparedCalls: 0,
    recordedUsd: 0,
    recomputedUsd: 0,
    differingCalls: 0,
    largestDifferenceUsd: 0,
    comparedRuns: 0,
    differingRuns: 0,
    pricedCalls: 0,
    pricedUsd: 0,
    unpricedModels: new Map(),
    unpricedRecordedUsd: 0,
    suspectCalls: 0,
  }
}

/** Adds a run to the count of its source. */
export function checkRun(check: SourceCheck, run: RecordedRun, book: PriceBook): void {
  let recordedUsd = 0
  let recomputedUsd = 0
  let compared = 0
  for (const call of run.calls) {
    const usd = checkCall(check, call, book)
    if (usd === null || call.recordedUsd === null) continue
    compared++
    recordedUsd += call.recordedUsd
    recomputedUsd += usd
  }
  check.runs++
  if (compared === 0) return
  check.comparedRuns++
  check.comparedCalls += compared
  check.recordedUsd += recordedUsd
  check.recomputedUsd += recomputedUsd
  if (Math.abs(recordedUsd - recomputedUsd) > RUN_TOLERANCE_USD) check.differingRuns++
}

/** True if a call or a run of the source differs from what was recorded. */
export function hasDifference(check: SourceCheck): boolean {
  return check.differingCalls > 0 || check.differingRuns > 0 || check.suspectCalls > 0
}

/** The recomputed dollars of a call; null if its model has no list price. */
function checkCall(check: SourceCheck, call: RecordedCall, book: PriceBook): number | null {
  check.calls++
  if (findPrice(book, call.model, PRICE_DAY_MS) === null) {
    check.unpricedModels.set(call.model, (check.unpricedModels.get(call.model) ?? 0) + 1)
    check.unpricedRecordedUsd += call.recordedUsd ?? 0
    return null
  }
  const { usage, problems } = readUsage(call.usage, { model: call.model })
  if (problems.length > 0) check.suspectCalls++
  const usd = Number(sumLines(costOf(usage, book, PRICE_DAY_MS, 'refuse').lines)) / PICO_PER_USD
  check.pricedCalls++
  check.pricedUsd += usd
  const difference = call.recordedUsd === null ? 0 : Math.abs(call.recordedUsd - usd)
  if (difference > CALL_TOLERANCE_USD) check.differingCalls++
  check.largestDifferenceUsd = Math.max(check.largestDifferenceUsd, difference)
  return usd
}
