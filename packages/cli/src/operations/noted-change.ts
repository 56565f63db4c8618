/** What somebody at the keyboard does stands in the audit log, as what is done at the control plane does. */

import { TeamChangeError } from '@runguard/gateway/access'
import type { AuditDraft } from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import { type AuditNotes, runAudited } from '@runguard/sdk/store'
import { CommandError } from '../exit.js'
import type { Environment } from '../settings/environment.js'

/** What was done. */
export interface ChangeNote {
  /** The operation: `keys.create`. */
  readonly action: string
  /** The id of what was changed. */
  readonly subject: string
  /** Null for what is new. */
  readonly before: unknown
  /** Null for what is gone. */
  readonly after: unknown
}

/**
 * Does what is to be written down, and writes it down, also where the program dies in the middle: a gateway on the store
 * finds what was begun. Nothing is written where it is refused.
 *
 * @param work is given what takes the note of what was done
 */
export async function makeNoted<T>(
  store: AuditNotes,
  environment: Pick<Environment, 'operator' | 'now'>,
  about: Pick<ChangeNote, 'action' | 'subject'>,
  work: (take: (note: ChangeNote) => void) => Promise<T>,
): Promise<T> {
  const begun: ChangeNote = { ...about, before: null, after: null }
  return runAudited(
    store,
    { id: systemRuntime().id(), draft: draftOf(environment, begun) },
    async () => {
      let noted = begun
      const value = await work((note) => {
        noted = note
      })
      return { value, draft: draftOf(environment, noted) }
    },
    (error) => error instanceof TeamChangeError || error instanceof CommandError,
  )
}

/** Writes down what changes nothing: that something was read. To be called before anybody sees it. */
export async function noteRead(
  store: Pick<AuditNotes, 'addAudit'>,
  environment: Pick<Environment, 'operator' | 'now'>,
  note: ChangeNote,
): Promise<void> {
  await store.addAudit(draftOf(environment, note))
}

function draftOf({ operator, now }: Pick<Environment, 'operator' | 'now'>, note: ChangeNote): AuditDraft {
  return { ...note, at: now(), actor: { kind: 'cli', id: operator, name: operator }, address: null }
}
