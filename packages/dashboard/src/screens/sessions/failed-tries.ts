/** Tries of cascades in a session that were not good enough. Pure. */

import type { ApiCall } from '@runguard/gateway/api'

type Call = Pick<ApiCall, 'id' | 'cascade' | 'costNano'>

/** The ids of calls that a later try of the same cascade came after. */
export function failedTries(calls: readonly Call[]): ReadonlySet<string> {
  const last = new Map<string, number>()
  for (const { cascade } of calls) {
    if (cascade !== null) last.set(cascade.id, Math.max(cascade.attempt, last.get(cascade.id) ?? 0))
  }
  const failed = calls.filter(({ cascade }) => cascade !== null && cascade.attempt < (last.get(cascade.id) ?? 0))
  return new Set(failed.map(({ id }) => id))
}

/** What they cost together, in nano-dollars. */
export function costOfFailed(calls: readonly Call[]): number {
  const failed = failedTries(calls)
  return calls.reduce((sum, { id, costNano }) => sum + (failed.has(id) ? costNano : 0), 0)
}
