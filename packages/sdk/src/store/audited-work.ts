/** Doing what is to stand in the audit log, so that it does although whoever does it may die in the middle. */

import type { AuditDraft } from '../core/team/audit.js'
import type { AuditStore, BegunAudit } from './audit-store.js'

/** What came of it. */
export interface AuditedWork<T> {
  readonly value: T
  /** Its entry. */
  readonly draft: AuditDraft
}

/** Where notes and entries are written. */
export type AuditNotes = Pick<AuditStore, 'addAudit' | 'beginAudit' | 'endAudit'>

/** A note of what is being done; it ends in one of three ways. */
export interface BegunWork {
  /** It was done: this is its entry. */
  end(draft: AuditDraft): Promise<void>
  /** Nothing was changed. */
  drop(): Promise<void>
  /** It failed, and may have changed something all the same. */
  fail(): Promise<void>
}

/** Notes what is about to be done. @param begun an id that nothing else has, and what is known beforehand */
export async function beginAudited(store: AuditNotes, begun: BegunAudit): Promise<BegunWork> {
  const { id, draft } = begun
  await store.beginAudit(begun)
  return {
    async end(done) {
      // Somebody may have taken us for dead: what really happened stands in the log as well.
      if ((await store.endAudit(id, done)) === null) await store.addAudit(done)
    },
    drop: async () => void (await store.endAudit(id, null)),
    fail: async () => void (await store.endAudit(id, openEnded(draft, 'failed'))),
  }
}

/**
 * Notes what is about to be done, does it, and adds its entry. Rejects with what the work rejects with; then there is an
 * entry only if it may have changed something all the same.
 *
 * @param begun an id that nothing else has, and what is known beforehand
 * @param isRefusal true for an error that says that nothing was changed
 */
export async function runAudited<T>(
  store: AuditNotes,
  begun: BegunAudit,
  work: () => Promise<AuditedWork<T>>,
  isRefusal: (error: unknown) => boolean,
): Promise<T> {
  const note = await beginAudited(store, begun)
  const done = await work().catch(async (error: unknown) => {
    // What cannot be written now is written by whoever looks for notes that were left.
    await (isRefusal(error) ? note.drop() : note.fail()).catch(() => {})
    throw error
  })
  await note.end(done.draft)
  return done.value
}

/** Longer than anything takes that is done at once. */
const PATIENCE_MS = 10 * 60_000
const AT_ONCE = 100

/** Adds entries for what was begun long ago and never ended. Gives how many. @param now milliseconds since the epoch */
export async function finishAudits(store: Pick<AuditStore, 'begunAudits' | 'endAudit'>, now: number): Promise<number> {
  const left = await store.begunAudits(now - PATIENCE_MS, AT_ONCE)
  for (const { id, draft } of left) await store.endAudit(id, openEnded(draft, 'unknown'))
  return left.length
}

/** `failed`: it gave an error that nobody foresaw; `unknown`: who did it died. In both cases it may have been done. */
function openEnded(draft: AuditDraft, outcome: 'failed' | 'unknown'): AuditDraft {
  return { ...draft, after: { outcome } }
}
