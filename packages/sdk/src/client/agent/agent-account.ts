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
  /** What lack of money did to the calls since this was last asked; null: nothing. */
  takeShortage(): Shortage | null
  /** Why an operator ended an answer while it came, since this was last asked; null: nobody did. */
  takeHold(): RecordedRefusal | null
  /** The loop for which an answer was ended while it came, since this was last asked; null: none was. */
  takeLoop(): RecordedLoop | null
  /** Writes down what is left to write, and ends the guard if it is the session's own. */
  close(): Promise<void>
}

/** `cut`: an answer was ended while it came. `clamped`: the request went out with a lower `max_tokens`. */
export type Shortage = 'cut' | 'clamped'

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
  let shortage: Shortage | null = null
  let loop: RecordedLoop | null = null
  let hold: RecordedRefusal | null = null
  const onRecord = (record: CallRecord): void => {
    shortage = shortageOf(record) ?? shortage
    if (record.ending.reason === 'loop-cut') loop = record.loop ?? null
    if (record.ending.reason === 'breaker-cut') hold = record.refusal ?? null
  }
  const keeper = guard ?? ownGuard(options)
  const session = keeper.session(attribution, onRecord)
  return {
    client: session.wrap(client),
    spentNano: () => nanoUsd(Math.round(session.spentUsd * NANO_PER_USD)),
    takeShortage: () => {
      const answer = shortage
      shortage = null
      return answer
    },
    takeHold: () => {
      const answer = hold
      hold = null
      return answer
    },
    takeLoop: () => {
      const answer = loop
      loop = null
      return answer
    },
    close: () => (guard === null ? keeper.close() : keeper.flush()),
  }
}

const NANO_PER_USD = 1_000_000_000

function ownGuard({ attribution, limitNano, findsLoops, runtime }: AccountOptions): Guard {
  const budgets = [{ scope: `session:${attribution.id}`, limit: decimalUsd(limitNano) }]
  return createGuard({ budgets, runtime, loops: { mode: findsLoops ? 'enforce' : 'off' } })
}

function shortageOf({ ending, hold }: CallRecord): Shortage | null {
  if (ending.reason === 'budget-cut') return 'cut'
  return hold === null || hold.clampedTo === null ? null : 'clamped'
}
