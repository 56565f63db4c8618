/** Doing an operation so that it stands in the audit log, also where the gateway dies in the middle. */

import type { AuditDraft } from '@runguard/sdk/core'
import { type AuditedWork, type AuditNotes, type BegunWork, beginAudited, runAudited } from '@runguard/sdk/store'
import type { Access } from '../access/access.js'
import { PERMISSIONS } from '../access/permissions.js'
import type { ApiRequest, Asker, AuditNote, OperationSpec } from './operation.js'
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

/** What a handler tells of what it does. */
export type Noting = Pick<ApiRequest<unknown, unknown, unknown>, 'note' | 'announce'>

/** Does it: what is changed is noted before. */
export async function doAudited(
  parts: AuditParts,
  { spec, asker, subject }: AuditedRequest,
  handle: (noting: Noting) => Promise<unknown>,
): Promise<unknown> {
  let noted: AuditNote | null = null
  const work = async (announce: Noting['announce']) => {
    const note = (told: AuditNote): void => {
      noted = told
    }
    const value = await handle({ note, announce })
    return { value, draft: draftOf(parts, spec, asker, noted) }
  }
  // Who comes back from the sign-in of their organisation comes by a link, and signs in all the same.
  if (PERMISSIONS[spec.id] === 'public') return await doAnnounced(parts, { spec, asker }, work)
  if (spec.method === 'get') {
    const { value, draft } = await work(NEVER)
    const { actor, address, action, at } = draft
    if (parts.reads.isNew(JSON.stringify([actor, address, action]), at)) await parts.store.addAudit(draft)
    return value
  }
  const begun = draftOf(parts, spec, asker, { subject, before: null, after: null })
  return runAudited(parts.store, { id: parts.newId(), draft: begun }, () => work(NEVER), isRefusal)
}

/** What is not public was noted before, or changes nothing. */
const NEVER: Noting['announce'] = async () => {}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiProblem
}

/** What anybody may ask is noted once it is known to change something: else whoever tries would fill the store. */
async function doAnnounced(
  parts: AuditParts,
  { spec, asker }: Omit<AuditedRequest, 'subject'>,
  work: (announce: Noting['announce']) => Promise<AuditedWork<unknown>>,
): Promise<unknown> {
  let begun: BegunWork | null = null
  const announce: Noting['announce'] = async (coming) => {
    await begun?.drop()
    begun = null
    const draft = draftOf(parts, spec, asker, { ...coming, before: null, after: null })
    begun = await beginAudited(parts.store, { id: parts.newId(), draft })
  }
  const current = (): BegunWork | null => begun
  const { value, draft } = await work(announce).catch(async (error: unknown) => {
    const left = current()
    await (isRefusal(error) ? left?.drop() : left?.fail())?.catch(() => {})
    throw error
  })
  await current()?.end(draft)
  return value
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
