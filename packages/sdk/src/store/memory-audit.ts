/** The audit log without a disk: the reference for the other stores. */

import { type AuditEntry, emptyHead, sealAudit } from '../core/team/audit.js'
import { cleanDraft, hashText } from './audit-hash.js'
import type { AuditQuery, AuditStore } from './audit-store.js'
import { cleanText } from './summary.js'

/** No entries yet. They are kept as text, as everywhere: whoever changes one later changes nothing here. */
export function memoryAudit(): AuditStore {
  const texts: string[] = []
  let head = emptyHead
  return {
    async addAudit(draft) {
      const entry = sealAudit(cleanDraft(draft), head, hashText)
      texts.push(JSON.stringify(entry))
      head = { sequence: entry.sequence, hash: entry.hash }
      return entry
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
