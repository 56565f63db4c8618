/** How entries of the audit log are hashed, and checked against what is stored. */

import { createHash } from 'node:crypto'
import { type AuditDraft, type AuditHead, emptyHead, type HashText } from '../core/team/audit.js'
import { type AuditFinding, openAuditCheck } from '../core/team/audit-check.js'
import { canonicalJson } from '../core/team/canonical-json.js'
import type { AuditStore } from './audit-store.js'
import { cleanText } from './summary.js'

/** SHA-256. */
export const hashText: HashText = (text) => createHash('sha256').update(text).digest('hex')

/** The draft with names that every database can keep. */
export function cleanDraft(draft: AuditDraft): AuditDraft {
  const { kind, id, name } = draft.actor
  const actor = { kind, id: cleanText(id), name: cleanText(name) }
  return { ...draft, actor, action: cleanText(draft.action), subject: cleanText(draft.subject) }
}

/** The draft as it comes back from a store. @throws RangeError if it is nested too deep */
export function plainDraft(draft: AuditDraft): AuditDraft {
  return JSON.parse(canonicalJson(draft)) as AuditDraft
}

/** The state of a log. */
export interface AuditVerification {
  readonly head: AuditHead
  /** What is wrong: nothing, as a rule. */
  readonly findings: readonly AuditFinding[]
}

const PAGE = 1_000

/**
 * Reads the whole log up to where it is now, page by page.
 *
 * @param known heads that were noted down elsewhere: without one, whoever can write to the database could have written all
 *   of it anew
 */
export async function verifyAudit(store: AuditStore, known: readonly AuditHead[] = []): Promise<AuditVerification> {
  const head = await store.auditHead()
  const check = openAuditCheck(hashText, head.sequence === 0 ? known : [head, ...known])
  let after = emptyHead.sequence
  for (;;) {
    const page = await store.listAudit({ after, limit: PAGE })
    // Entries that are added meanwhile are for the next time.
    for (const entry of page) if (entry.sequence <= head.sequence) check.add(entry)
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE || last.sequence >= head.sequence) break
    after = last.sequence
  }
  return { head, findings: check.end() }
}
