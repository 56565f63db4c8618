/** The audit log without a disk: the reference for the other stores. */

import { type AuditDraft, type AuditEntry, emptyHead, sealAudit } from '../core/team/audit.js'
import { cleanDraft, hashText, plainDraft } from './audit-hash.js'
import type { AuditQuery, AuditStore } from './audit-store.js'
import { cleanText, compareText } from './summary.js'

/** No entries yet. They are kept as text, as everywhere: whoever changes one later changes nothing here. */
export function memoryAudit(): AuditStore {
  const texts: string[] = []
  const begun = new Map<string, AuditDraft>()
  let head = emptyHead
  const add = (draft: AuditDraft): AuditEntry => {
    const entry = sealAudit(cleanDraft(draft), head, hashText)
    texts.push(JSON.stringify(entry))
    head = { sequence: entry.sequence, hash: entry.hash }
    return entry
  }
  return {
    addAudit: async (draft) => add(draft),
    async beginAudit({ id, draft }) {
      begun.set(id, plainDraft(cleanDraft(draft)))
    },
    async endAudit(id, draft) {
      const entry = begun.has(id) && draft !== null ? add(draft) : null
      begun.delete(id)
      return entry
    },
    async begunAudits(before, limit) {
      const old = [...begun].filter(([, { at }]) => at < before).map(([id, draft]) => ({ id, draft }))
      return old.sort((a, b) => a.draft.at - b.draft.at || compareText(a.id, b.id)).slice(0, limit)
    },
    async listAudit(query) {
      const entries = texts.map((text) => JSON.parse(text) as AuditEntry)
      const ordered = query.after === undefined ? entries.reverse() : entries
      return ordered.filter((entry) => isAskedFor(entry, query)).slice(0, query.limit)
    },
    async auditHead() {
      return head
    },
  }
}

function isAskedFor({ sequence, at, action, actor, subject }: AuditEntry, query: AuditQuery): boolean {
  const { before = Number.POSITIVE_INFINITY, after = 0, since = 0, until = Number.POSITIVE_INFINITY } = query
  const isWithin = sequence < before && sequence > after && at >= since && at < until
  const isSame = (asked: string | undefined, found: string): boolean =>
    asked === undefined || cleanText(asked) === found
  return isWithin && isSame(query.action, action) && isSame(query.actor, actor.id) && isSame(query.subject, subject)
}
