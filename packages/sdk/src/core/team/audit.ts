/**
 * The audit log: who changed or read what. Each entry carries the hash of the one before it, so that nobody can change,
 * take out or exchange one without changing all that follow; and the newest hash is told elsewhere as well.
 */

import { canonicalJson } from './canonical-json.js'

/** Who did it. */
export interface AuditActor {
  /** `cli`: at the keyboard of the machine; `gateway`: the program by itself; else as people sign in. */
  readonly kind: 'local' | 'admin-token' | 'user' | 'cli' | 'gateway' | 'nobody'
  readonly id: string
  readonly name: string
}

/** What is told to the log. It holds no secret: nothing can be taken out of it again. */
export interface AuditDraft {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly actor: AuditActor
  /** The operation: `keys.create`. */
  readonly action: string
  /** What was changed or read: the id of a key, user, budget, …; empty for the whole. */
  readonly subject: string
  /** Where it came from, if it came over a network. */
  readonly address: string | null
  /** As it was, as JSON; null if it is new, or was only read. */
  readonly before: unknown
  /** As it is now; null if it is gone, or was only read. */
  readonly after: unknown
}

/** One entry. */
export interface AuditEntry extends AuditDraft {
  /** 1, 2, 3, … without a gap. */
  readonly sequence: number
  /** The hash of the entry before; empty for the first. */
  readonly previous: string
  /** Over all of the entry but this field. */
  readonly hash: string
}

/** How far a log has come; whoever notes one down can tell later whether what led to it is still the same. */
export interface AuditHead {
  readonly sequence: number
  readonly hash: string
}

/** SHA-256 of a text in UTF-8, as hexadecimal digits. */
export type HashText = (text: string) => string

/** Of a log without entries. */
export const emptyHead: AuditHead = { sequence: 0, hash: '' }

/** The entry that follows on a head. @throws RangeError if it is nested too deep */
export function sealAudit(draft: AuditDraft, head: AuditHead, hash: HashText): AuditEntry {
  const { at, actor, action, subject, address } = draft
  const [before, after] = [plainJson(draft.before), plainJson(draft.after)]
  const { kind, id, name } = actor
  const content = { at, actor: { kind, id, name }, action, subject, address, before, after }
  const entry = { ...content, sequence: head.sequence + 1, previous: head.hash }
  return { ...entry, hash: hash(canonicalJson(entry)) }
}

/** What an entry's hash must be. */
export function hashOfEntry({ hash: _, ...content }: AuditEntry, hash: HashText): string {
  return hash(canonicalJson(content))
}

/** As it comes back from a store. */
function plainJson(value: unknown): unknown {
  return JSON.parse(canonicalJson(value)) as unknown
}
