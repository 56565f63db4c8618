/** Whether a refusal or a cut was needed, judged by what every call truly cost or would have cost. */

/** A call that was let in, on one account. Nano-dollars; milliseconds since the epoch. */
export interface Admitted {
  readonly openedAt: number
  /** Infinite while it is open. */
  readonly resolvedAt: number
  readonly posted: number
  /** What it costs if nobody cuts it. */
  readonly needed: number
}

/** One account that a call meets. */
export interface AccountView {
  readonly limit: number
  readonly admitted: readonly Admitted[]
}

/**
 * - `needed`: settled + what running calls truly need + what this call truly needs is above a limit.
 * - `floor`: it would have fit, but not with the least that a call is begun with, since nobody knew how short its answer
 *   would be; a running one, not with what is kept in hand for the end of a stream.
 * - `false`: it would have fit: the money was held in vain.
 */
export type Judgement = 'needed' | 'floor' | 'false'

/**
 * Judges a refusal at an instant.
 *
 * @param needed what the call would have cost
 * @param least what the gateway said that it needs at least
 */
export function judgeRefusal(
  accounts: readonly AccountView[],
  { at, needed, least }: { readonly at: number; readonly needed: number; readonly least: number },
): Judgement {
  const lefts = accounts.map((account) => account.limit - truthAt(account, at))
  if (lefts.some((left) => needed > left)) return 'needed'
  return lefts.some((left) => Math.max(needed, least) > left) ? 'floor' : 'false'
}

/**
 * Judges a cut: the call itself is one of those that were let in, and still ran.
 *
 * @param inHand what the gateway keeps of every stream's hold, for what an upstream bills after it was aborted
 */
export function judgeCut(accounts: readonly AccountView[], at: number, inHand: number): Judgement {
  const left = Math.min(...accounts.map((account) => account.limit - truthAt(account, at)))
  if (left < 0) return 'needed'
  return left < inHand ? 'floor' : 'false'
}

/** What an account has to pay for everything that was let in until then. */
export function truthAt({ admitted }: AccountView, at: number): number {
  return admitted.reduce((sum, { openedAt, resolvedAt, posted, needed }) => {
    if (openedAt > at) return sum
    return sum + (resolvedAt < at ? posted : needed)
  }, 0)
}

/** What had been posted to an account by then. */
export function settledAt({ admitted }: AccountView, at: number): number {
  return admitted.reduce((sum, { resolvedAt, posted }) => sum + (resolvedAt < at ? posted : 0), 0)
}
