/**
 * The keeper: holds of this process live on while their calls run; holds whose owner is gone are posted as estimates.
 * Sessions that nobody has heard of for long are forgotten.
 */

import { decimalUsd, sumUsd, zeroUsd } from '../core/cost/money.js'
import type { LedgerChange, LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import { LedgerDamageError } from '../core/ledger/ledger-events.js'
import type { SessionStore } from '../store/session-store.js'
import type { Store } from '../store/store.js'
import type { CallHold, Desk } from './desk.js'
import { extendHold, HOLD_LIFE_MS } from './holding.js'

/** Three rounds in the life of a hold: one may fail, and one be late. */
const ROUND_MS = HOLD_LIFE_MS / 3
/** How many holds without an owner are looked at in one round. */
const MAX_EXPIRED = 1_000

const TIDY_EVERY_MS = 3_600_000
/** Sessions of the last days are remembered: people come back to them after a weekend. */
const REMEMBERED_MS = 7 * 86_400_000
/** The API keeps results of batches for 29 days. */
const BATCH_RESULTS_MS = 30 * 86_400_000

/** Works until it is stopped. */
export interface Keeper {
  /** One round, now. Rejects if the store cannot be reached. */
  round(): Promise<void>
  stop(): void
}

/** So many ids are in the log line of a round; `runguard ledger show --expired` has all of them. */
const MAX_NAMED = 20

/** What was posted although nobody knows whether it was spent: whoever runs the gateway can take it back. */
function describeExpired(expired: readonly LedgerChange[]) {
  const budgets = new Set(expired.flatMap(({ accounts }) => accounts.map(({ budget }) => budget)))
  return {
    holds: expired.length,
    postedUsd: decimalUsd(sumUsd(expired.map(({ spentDelta }) => spentDelta))),
    budgets: [...budgets],
    ids: expired.slice(0, MAX_NAMED).map(({ hold }) => hold.id),
  }
}

/** The answers of all but those whose account is damaged: the journal has logged these, and the others go on. */
async function allSound(posts: readonly Promise<LedgerResult>[]): Promise<LedgerResult[]> {
  const outcomes = await Promise.allSettled(posts)
  return outcomes.flatMap((outcome) => {
    if (outcome.status === 'fulfilled') return [outcome.value]
    if (outcome.reason instanceof LedgerDamageError) return []
    throw outcome.reason
  })
}

/** Posts what nobody keeps alive any more, and says so. */
async function expireHolds(desk: Desk, store: Store, running: ReadonlyMap<string, CallHold>): Promise<void> {
  const at = desk.runtime.now()
  const due = await store.openHolds({ dueBy: at, limit: MAX_EXPIRED })
  const events = due
    .filter(({ id }) => !running.has(id))
    .map(({ id }): LedgerEvent => ({ kind: 'expire', hold: id, at }))
  const results = await allSound(events.map((event) => desk.journal.post(event)))
  const expired = results.flatMap((result) => (result.kind === 'expired' ? [result] : []))
  if (expired.length > 0) desk.runtime.log.warn('holds-expired', describeExpired(expired))
}

/** Agents come and go by the thousand, and say no more when they are done. */
function tidying(desk: Desk, store: Store & SessionStore): () => Promise<void> {
  let tidiedAtTick = Number.NEGATIVE_INFINITY
  return async () => {
    const tick = desk.runtime.tick()
    if (tick - tidiedAtTick < TIDY_EVERY_MS) return
    await store.forgetSessions(desk.runtime.now() - REMEMBERED_MS)
    await store.forgetBatches(desk.runtime.now() - BATCH_RESULTS_MS)
    tidiedAtTick = tick
  }
}

/** Whoever asks while it is done waits for that. */
function oneAtATime(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  return () => {
    running ??= task().finally(() => {
      running = null
    })
    return running
  }
}

/** Starts to keep the ledger in the runtime's time. @param alsoKeep what else is done in every round, at its end */
export function startKeeper(
  desk: Desk,
  store: Store & SessionStore,
  running: ReadonlyMap<string, CallHold>,
  alsoKeep: () => Promise<void> = async () => {},
): Keeper {
  let isStopped = false
  let cancel = (): void => {}
  const tidy = tidying(desk, store)

  const keepHolds = async (): Promise<void> => {
    await allSound([...running.values()].map((hold) => extendHold(desk, hold, zeroUsd)))
    await expireHolds(desk, store, running)
    await tidy()
  }

  // It asks the API, which may take its time: holds of running calls must not end meanwhile.
  const keepBeside = oneAtATime(alsoKeep)
  const fail = (error: unknown): void => desk.runtime.log.error('keeper-failed', { error: String(error) })
  const next = (): void => {
    if (isStopped) return
    cancel = desk.runtime.schedule(ROUND_MS, () => {
      keepBeside().catch(fail)
      keepHolds().catch(fail).finally(next)
    })
  }
  next()
  return {
    round: async () => {
      await keepHolds()
      await keepBeside()
    },
    stop: () => {
      isStopped = true
      cancel()
    },
  }
}
