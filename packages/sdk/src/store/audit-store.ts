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

/** Something that is being done, or that died while it was. */
export interface BegunAudit {
  readonly id: string
  readonly draft: AuditDraft
}

/**
 * Who did what. A change and its entry are not one commit, because changes are of many kinds: what is about to be done is
 * noted before, and the note ends in the commit that adds the entry. A note that nobody ends tells of whoever died between.
 */
export interface AuditStore {
  /**
   * Adds an entry behind the newest one, whatever other process adds one too.
   *
   * @throws RangeError if what it says is nested too deep
   */
  addAudit(draft: AuditDraft): Promise<AuditEntry>
  /** Notes what is about to be done. @throws RangeError as {@link AuditStore.addAudit} does */
  beginAudit(begun: BegunAudit): Promise<void>
  /**
   * Ends a note and adds its entry, in one commit; without a draft nothing came of it. Null, and nothing is done, if there
   * is no such note any more.
   */
  endAudit(id: string, draft: AuditDraft | null): Promise<AuditEntry | null>
  /** Notes from before that moment, by the time in their draft: the oldest first. */
  begunAudits(before: number, limit: number): Promise<readonly BegunAudit[]>
  listAudit(query: AuditQuery): Promise<readonly AuditEntry[]>
  /** How far it has come. */
  auditHead(): Promise<AuditHead>
}
