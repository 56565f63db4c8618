/** Thresholds: the shares of a budget at which people want to hear of it, before it is used up. */

import type { NanoUsd } from '../cost/money.js'
import type { AccountRef } from '../ledger/ledger.js'

/** Percent of the limit at which a budget alerts unless it says otherwise. */
export const defaultThresholds: readonly number[] = [50, 80, 95, 100]

/** How full an account is. */
export interface FillLevel {
  readonly spent: NanoUsd
  readonly limit: NanoUsd
}

/**
 * The thresholds that are reached, ascending, to the nano-dollar. With {@link alertKey} and somebody who remembers what
 * was told, each is told once per window and limit: whatever moved the level over it, spending or a lower limit.
 *
 * @param thresholds percent of the limit
 */
export function reachedThresholds(thresholds: readonly number[], level: FillLevel): number[] {
  return thresholds.filter((percent) => isReached(percent, level)).sort((left, right) => left - right)
}

/** The name of an alert: the same for the same threshold of the same window, whatever the limit. */
export function alertKey(account: AccountRef, percent: number): string {
  return `${account.key}|${percent}`
}

/** Percent may have two decimals. Nothing is reached before the first nano-dollar, not even of a budget of nothing. */
function isReached(percent: number, { spent, limit }: FillLevel): boolean {
  if (spent <= 0) return false
  return BigInt(spent) * 10_000n >= BigInt(limit) * BigInt(Math.round(percent * 100))
}
