/** The SQL of the audit log. Whoever adds an entry locks the head first, so that entries follow one after another. */

import { type AuditDraft, type AuditEntry, type AuditHead, sealAudit } from '../core/team/audit.js'
import { canonicalJson } from '../core/team/canonical-json.js'
import { cleanDraft, hashText } from './audit-hash.js'
import type { AuditQuery, AuditStore, BegunAudit } from './audit-store.js'
import type { RunStatement } from './sessions-sql.js'
import type { Dialect, SqlRow, SqlValue, Statement, Steps, Transact } from './sql.js'
import { cleanText } from './summary.js'

/** The audit log over a database. */
export function sqlAudit(dialect: Dialect, fetchRows: RunStatement, transact: Transact): AuditStore {
  return {
    addAudit: (draft) => transact(() => addSteps(dialect, cleanDraft(draft))),
    beginAudit: async ({ id, draft }) => {
      const detail = canonicalJson(cleanDraft(draft))
      await transact(() => oneStep({ text: BEGIN_AUDIT, values: [cleanText(id), draft.at, detail] }))
    },
    endAudit: (id, draft) => transact(() => endSteps(dialect, id, draft === null ? null : cleanDraft(draft))),
    async begunAudits(before, limit) {
      return (await fetchRows({ text: SELECT_BEGUN, values: [before, limit] })).map(readBegun)
    },
    async listAudit(query) {
      return (await fetchRows(selectEntries(query))).map(readEntry)
    },
    async auditHead() {
      return readHead((await fetchRows({ text: SELECT_HEAD, values: [] }))[0])
    },
  }
}

const BEGIN_AUDIT = 'INSERT INTO audit_begun (id, begun_at, detail) VALUES (?, ?, ?) RETURNING id'
const END_AUDIT = 'DELETE FROM audit_begun WHERE id = ? RETURNING id'
const SELECT_BEGUN = 'SELECT id, detail FROM audit_begun WHERE begun_at < ? ORDER BY begun_at, id LIMIT ?'

function* oneStep(statement: Statement): Steps<void> {
  yield statement
}

function* endSteps(dialect: Dialect, id: string, draft: AuditDraft | null): Steps<AuditEntry | null> {
  const ended = yield { text: END_AUDIT, values: [cleanText(id)] }
  return ended.length === 0 || draft === null ? null : yield* addSteps(dialect, draft)
}

function readBegun({ id, detail }: SqlRow): BegunAudit {
  return { id: String(id), draft: JSON.parse(String(detail)) as AuditDraft }
}

const SELECT_HEAD = 'SELECT sequence, hash FROM audit_head'
const MOVE_HEAD = 'UPDATE audit_head SET sequence = ?, hash = ? RETURNING sequence'
const INSERT = `INSERT INTO audit_entries (sequence, at, actor, action, subject, hash, detail)
  VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING sequence`

function* addSteps(dialect: Dialect, draft: AuditDraft): Steps<AuditEntry> {
  const [head] = yield { text: `${SELECT_HEAD}${dialect.lock}`, values: [] }
  const entry = sealAudit(draft, readHead(head), hashText)
  const { sequence, hash, at, actor, action, subject, address, before, after, previous } = entry
  const detail = canonicalJson({ kind: actor.kind, name: actor.name, address, before, after, previous })
  yield { text: INSERT, values: [sequence, at, actor.id, action, subject, hash, detail] }
  yield { text: MOVE_HEAD, values: [sequence, hash] }
  return entry
}

function readHead(row: SqlRow | undefined): AuditHead {
  return { sequence: Number(row?.sequence ?? 0), hash: String(row?.hash ?? '') }
}

type Detail = Pick<AuditEntry, 'address' | 'before' | 'after' | 'previous'> & AuditEntry['actor']

/** From all columns: nobody can hide an entry from a search by another word in one of them, and not be found out. */
function readEntry(row: SqlRow): AuditEntry {
  const { kind, name, address, before, after, previous } = JSON.parse(String(row.detail)) as Detail
  const actor = { kind, id: String(row.actor), name }
  const [action, subject, hash] = [String(row.action), String(row.subject), String(row.hash)]
  const [at, sequence] = [Number(row.at), Number(row.sequence)]
  return { at, actor, action, subject, address, before, after, sequence, previous, hash }
}

function selectEntries({ limit, after, ...query }: AuditQuery): Statement {
  const conditions: [string, SqlValue | undefined][] = [
    ['sequence > ?', after],
    ['sequence < ?', query.before],
    ['at >= ?', query.since],
    ['at < ?', query.until],
    ['action = ?', clean(query.action)],
    ['actor = ?', clean(query.actor)],
    ['subject = ?', clean(query.subject)],
  ]
  const given = conditions.filter((each): each is [string, SqlValue] => each[1] !== undefined)
  const where = given.length === 0 ? '' : ` WHERE ${given.map(([text]) => text).join(' AND ')}`
  const order = after === undefined ? 'DESC' : 'ASC'
  return {
    text: `SELECT * FROM audit_entries${where} ORDER BY sequence ${order} LIMIT ?`,
    values: [...given.map(([, value]) => value), limit],
  }
}

function clean(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cleanText(text)
}
