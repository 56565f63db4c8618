/** What somebody at the keyboard does stands in the audit log, as what is done at the control plane does. */

import type { AuditStore } from '@runguard/sdk/store'
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

/** Writes it down. To be called in the store that was changed, before anybody is told that it is done. */
export async function noteChange(
  store: AuditStore,
  { operator, now }: Pick<Environment, 'operator' | 'now'>,
  note: ChangeNote,
): Promise<void> {
  await store.addAudit({ ...note, at: now(), actor: { kind: 'cli', id: operator, name: operator }, address: null })
}
