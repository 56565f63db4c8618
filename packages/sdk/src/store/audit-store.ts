/** The audit log, as it is kept: entries are added, and nothing ever changes or removes one. */

import type { AuditDraft, AuditEntry, AuditHead } from '../core/team/audit.js'

/** Which entries; every condition that is given must be met. */
export interface AuditQuery {
  /** Only entries before this number, the newest first. That is the order without `after`, too. */
  readonly before?: number
  /** Only entries after this number, the oldest first. */
  readonly after?: number
  readonly action?: string
  /** The id of who did it. */
  readonly actor?: string
  readonly subject?: string
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number
  /** Exclusive. */
  readonly until?: number
  readonly limit: number
}

/** Who did what. */
export interface AuditStore {
  /**
   * Adds an entry behind the newest one, whatever other process adds one too.
   *
   * @throws RangeError if what it says is nested too deep
   */
  addAudit(draft: AuditDraft): Promise<AuditEntry>
  listAudit(query: AuditQuery): Promise<readonly AuditEntry[]>
  /** How far it has come. */
  auditHead(): Promise<AuditHead>
}
