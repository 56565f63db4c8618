/** The calls of a run as the ledger's entries tell them, one by one. Shares no rule with the ledger. */

import type { LedgerEntry } from '@runguard/sdk/core'
import type { Books } from './gateway-task.js'
import { numberOf } from './load.js'

/** What became of the money of one call. Nano-dollars; milliseconds since the epoch. */
export interface HeldCall {
  readonly hold: string
  /** The planned call; null if neither record nor tag tells. */
  readonly number: number | null
  /** What it was counted for: `everything`, `session:s-1`. */
  readonly scopes: readonly string[]
  readonly openedAt: number
  /** Infinite while it is open. */
  readonly resolvedAt: number
  readonly posted: number
  /** Nobody saw how it ended, or not all of it. */
  readonly isEstimate: boolean
  /** Held money times the time for which it was held. */
  readonly heldNanoMs: number
  /** True if on every account exactly one entry resolved it, and nothing is held any more. */
  readonly isResolvedOnce: boolean
}

const RESOLVING: ReadonlySet<string> = new Set(['settle', 'release', 'expire'])

/** Every hold of the books. */
export function listHeldCalls({ accounts, entries, records }: Books): readonly HeldCall[] {
  const scopes = new Map(accounts.map(({ key, scope }) => [key, scope]))
  const numbers = new Map(records.map(({ id, client }) => [id, numberOf(client)]))
  return [...groupBy(entries, ({ hold }) => hold)].map(([hold, moves]) => {
    const byAccount = [...groupBy(moves, ({ account }) => account)]
    const named = byAccount.map(([account]) => scopes.get(account) ?? account)
    const [first = []] = byAccount.map(([, own]) => [...own].sort((a, b) => a.step - b.step))
    return {
      hold,
      number: numbers.get(hold) ?? taggedNumber(named),
      scopes: named,
      openedAt: first[0]?.at ?? Number.NaN,
      resolvedAt: first.find(({ kind }) => RESOLVING.has(kind))?.at ?? Number.POSITIVE_INFINITY,
      posted: first.reduce((sum, { spentDelta }) => sum + spentDelta, 0),
      isEstimate: first.at(-1)?.isEstimate ?? false,
      heldNanoMs: integrateHeld(first),
      isResolvedOnce: byAccount.every(([, own]) => isResolvedOnce(own)),
    }
  })
}

function taggedNumber(scopes: readonly string[]): number | null {
  const digits = scopes.map((scope) => /^tag:call-(\d+)$/.exec(scope)?.[1]).find((found) => found !== undefined)
  return digits === undefined ? null : Number(digits)
}

function isResolvedOnce(moves: readonly LedgerEntry[]): boolean {
  const resolving = moves.filter(({ kind }) => RESOLVING.has(kind))
  return resolving.length === 1 && moves.reduce((sum, { heldDelta }) => sum + heldDelta, 0) === 0
}

function integrateHeld(moves: readonly LedgerEntry[]): number {
  let [total, held, since] = [0, 0, moves[0]?.at ?? 0]
  for (const { at, heldDelta } of moves) {
    total += held * (at - since)
    held += heldDelta
    since = at
  }
  return total
}

/** Items by key, in the order in which keys first occur. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
