/** On whose account the calls of a session run: a guard keeps the books, and holds the limit. */

import { decimalUsd, type NanoUsd, nanoUsd } from '../../core/cost/money.js'
import type { CallRecord, RecordedLoop } from '../../core/cost/record.js'
import type { RecordedRefusal } from '../../core/refusal/objection.js'
import type { Runtime } from '../../engine/runtime.js'
import type { SessionAttribution } from '../attribution.js'
import { createGuard } from '../guard.js'
import type { Guard } from '../guard-types.js'
import type { StreamingClient } from '../messages-client.js'

/** The account of one session. */
export interface SessionAccount {
  /** The client, guarded. */
  readonly client: StreamingClient
  /** What the calls that have ended cost. */
  spentNano(): NanoUsd
  /** What cut answers short since this was last asked. */
  takeCuts(): Cuts
  /** Writes down what is left to write, and ends the guard if it is the session's own. */
  close(): Promise<void>
}

/** What cut answers short; null each: nothing of the kind. */
export interface Cuts {
  /** Lack of money. `cut`: an answer was ended while it came. `clamped`: the request went out with a lower `max_tokens`. */
  readonly shortage: 'cut' | 'clamped' | null
  /** The loop for which an answer was ended while it came. */
  readonly loop: RecordedLoop | null
  /** Why an operator ended an answer while it came. */
  readonly breaker: RecordedRefusal | null
}

const NO_CUTS: Cuts = { shortage: null, loop: null, breaker: null }

/** What an account is opened for. */
export interface AccountOptions {
  readonly client: StreamingClient
  readonly attribution: SessionAttribution & { readonly id: string }
  /** What the session may still spend; a guard of its own refuses and cuts beyond. */
  readonly limitNano: NanoUsd
  /** Keeps the books instead of a guard of the session's own: then its budgets are the hard limit. */
  readonly guard: Guard | null
  /** Whether a guard of the session's own looks for loops too; not where the session was told what counts as one. */
  readonly findsLoops: boolean
  readonly runtime: Runtime
}

/** Opens the account. */
export function openAccount(options: AccountOptions): SessionAccount {
  const { client, attribution, guard } = options
  let cuts = NO_CUTS
  const onRecord = (record: CallRecord): void => {
    cuts = { ...cuts, ...cutOf(record) }
  }
  const keeper = guard ?? ownGuard(options)
  const session = keeper.session(attribution, onRecord)
  return {
    client: session.wrap(client),
    spentNano: () => nanoUsd(Math.round(session.spentUsd * NANO_PER_USD)),
    takeCuts: () => {
      const taken = cuts
      cuts = NO_CUTS
      return taken
    },
    close: () => (guard === null ? keeper.close() : keeper.flush()),
  }
}

const NANO_PER_USD = 1_000_000_000

function ownGuard({ attribution, limitNano, findsLoops, runtime }: AccountOptions): Guard {
  const budgets = [{ scope: `session:${attribution.id}`, limit: decimalUsd(limitNano) }]
  return createGuard({ budgets, runtime, loops: { mode: findsLoops ? 'enforce' : 'off' } })
}

function cutOf({ ending, hold, loop = null, refusal = null }: CallRecord): Partial<Cuts> {
  if (ending.reason === 'budget-cut') return { shortage: 'cut' }
  if (ending.reason === 'loop-cut') return { loop }
  if (ending.reason === 'breaker-cut') return { breaker: refusal }
  return hold === null || hold.clampedTo === null ? {} : { shortage: 'clamped' }
}
