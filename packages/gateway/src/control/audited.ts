/** Doing an operation so that it stands in the audit log, also where the gateway dies in the middle. */

import type { AuditDraft } from '@runguard/sdk/core'
import { type AuditNotes, runAudited } from '@runguard/sdk/store'
import type { Access } from '../access/access.js'
import { PERMISSIONS } from '../access/permissions.js'
import type { Asker, AuditNote, OperationSpec } from './operation.js'
import { ApiProblem } from './problem.js'

/** What is needed to write the log. */
export interface AuditParts {
  readonly access: Pick<Access, 'addressOf'>
  readonly store: AuditNotes
  readonly now: () => number
  readonly newId: () => string
  readonly reads: ReadGate
}

/** Which reads are told of. */
export interface ReadGate {
  /** True the first time within ten minutes that this is read. @param what who reads what, and from where */
  isNew(what: string, at: number): boolean
}

const SAME_READ_MS = 10 * 60_000
const MOST_READS = 1_000

/** A page that is open reads again and again: that is one read, or the log would be full of those who look at it. */
export function createReadGate(): ReadGate {
  const readAt = new Map<string, number>()
  return {
    isNew(what, at) {
      const age = at - (readAt.get(what) ?? Number.NEGATIVE_INFINITY)
      if (age >= 0 && age < SAME_READ_MS) return false
      if (readAt.size >= MOST_READS) readAt.clear()
      readAt.set(what, at)
      return true
    },
  }
}

/** One request. */
export interface AuditedRequest {
  readonly spec: Pick<OperationSpec, 'id' | 'method'>
  readonly asker: Asker
  /** The first name in its path: what it is about, as far as is known beforehand. */
  readonly subject: string
}

/** Does it. @param handle is given what takes the note of what was done */
export async function doAudited(
  parts: AuditParts,
  { spec, asker, subject }: AuditedRequest,
  handle: (take: (note: AuditNote) => void) => Promise<unknown>,
): Promise<unknown> {
  let noted: AuditNote | null = null
  const work = async () => {
    const value = await handle((note) => {
      noted = note
    })
    return { value, draft: draftOf(parts, spec, asker, noted) }
  }
  const isPublic = PERMISSIONS[spec.id] === 'public'
  // Who comes back from the sign-in of their organisation comes by a link, and signs in all the same.
  const isRead = spec.method === 'get' && !isPublic
  if (isRead || isPublic) {
    // Nothing is changed, or nothing that anybody has before the answer; and nobody fills the store with tries.
    const { value, draft } = await work()
    const { actor, address, action, at } = draft
    if (!isRead || parts.reads.isNew(JSON.stringify([actor, address, action]), at)) await parts.store.addAudit(draft)
    return value
  }
  const begun = draftOf(parts, spec, asker, { subject, before: null, after: null })
  const isRefusal = (error: unknown): boolean => error instanceof ApiProblem
  return runAudited(parts.store, { id: parts.newId(), draft: begun }, work, isRefusal)
}

function draftOf(
  { access, now }: AuditParts,
  spec: AuditedRequest['spec'],
  asker: Asker,
  note: AuditNote | null,
): AuditDraft {
  const { action = spec.id, subject = '', before = null, after = null, actor = asker.actor } = note ?? {}
  const { kind = 'nobody', id = '', name = '' } = actor ?? {}
  const address = access.addressOf(asker) || null
  return { at: now(), actor: { kind, id, name }, action, subject, address, before, after }
}
