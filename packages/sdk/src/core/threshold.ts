/** Thresholds: the shares of a budget at which people want to hear of it, before it is used up. */

import type { AccountRef } from './ledger.js'
import type { NanoUsd } from './money.js'

/** How full an account is. */
export interface FillLevel {
  readonly spent: NanoUsd
  readonly limit: NanoUsd
}

/**
 * The thresholds that were not reached before and are now, ascending. Both levels have their limit: a budget that is
 * lowered may cross thresholds without a cent being spent. Exact to the nano-dollar.
 *
 * The ledger changes a balance in one step, so of many settlements at once exactly one sees each crossing. Spending that
 * is given back and spent again crosses again: {@link alertKey} says that it is the same alert.
 *
 * @param thresholds percent of the limit
 */
export function crossThresholds(thresholds: readonly number[], before: FillLevel, after: FillLevel): number[] {
  if (before.spent === after.spent && before.limit === after.limit) return []
  const crossed = thresholds.filter((percent) => !isReached(percent, before) && isReached(percent, after))
  return crossed.sort((left, right) => left - right)
}

/** The name of an alert: whoever keeps the alerts sends each name once, and so each threshold once per window. */
export function alertKey(account: AccountRef, percent: number): string {
  return `${account.key}|${percent}`
}

/** Percent may have two decimals. Nothing is reached before the first nano-dollar, not even of a budget of nothing. */
function isReached(percent: number, { spent, limit }: FillLevel): boolean {
  if (spent <= 0) return false
  return BigInt(spent) * 10_000n >= BigInt(limit) * BigInt(Math.round(percent * 100))
}
