/** Gateway keys and people. */

import { type GatewayKey, keyStatus, type User } from '@runguard/sdk/core'
import { createKey, type NewKey, revokeGatewayKey, rotateGatewayKey, shownKey } from '../../access/key-changes.js'
import { TeamChangeError } from '../../access/team-change.js'
import { addUser, removeUser, setUser, shownUser } from '../../access/user-changes.js'
import { doneSchema, idParams } from '../../api/common.js'
import { type ApiKey, keyBody, keySchema, keysQuery, keysSchema, newKeySchema, rotateBody } from '../../api/keys.js'
import { type ApiUser, changedUserSchema, userBody, usersSchema } from '../../api/users.js'
import type { ControlParts } from '../control-parts.js'
import { pageOf, readCursor } from '../cursor.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { ApiProblem } from '../problem.js'
import { nameOf } from '../who.js'

const keysList = specify({
  id: 'keys.list',
  method: 'get',
  path: '/runguard/api/keys',
  summary: 'Gateway keys, the newest first',
  query: keysQuery,
  answer: keysSchema,
})

const keysRevoke = specify({
  id: 'keys.revoke',
  method: 'delete',
  path: '/runguard/api/keys/{id}',
  summary: 'End a key',
  params: idParams,
  answer: keySchema,
  isAudited: true,
})

const keysCreate = specify({
  id: 'keys.create',
  method: 'post',
  path: '/runguard/api/keys',
  summary: 'Make a key; this answer alone shows it',
  body: keyBody,
  answer: newKeySchema,
  isAudited: true,
})

const keysRotate = specify({
  id: 'keys.rotate',
  method: 'post',
  path: '/runguard/api/keys/{id}/rotate',
  summary: 'Give a key another secret; this answer alone shows it',
  params: idParams,
  body: rotateBody,
  answer: newKeySchema,
  isAudited: true,
})

const usersList = specify({
  id: 'users.list',
  method: 'get',
  path: '/runguard/api/users',
  summary: 'People who may use the control plane',
  answer: usersSchema,
  isAudited: true,
})

const usersWrite = specify({
  id: 'users.write',
  method: 'put',
  path: '/runguard/api/users/{id}',
  summary: 'Add somebody, or change them',
  params: idParams,
  body: userBody,
  answer: changedUserSchema,
  isAudited: true,
})

const usersRemove = specify({
  id: 'users.remove',
  method: 'delete',
  path: '/runguard/api/users/{id}',
  summary: 'Remove somebody; they are signed out at once',
  params: idParams,
  answer: doneSchema,
  isAudited: true,
})

const USUAL_LIMIT = 100
const USUAL_GRACE_MS = 0

/** The operations on keys and people. */
export function teamRoutes(parts: ControlParts): ReadyOperation[] {
  return [...keyRoutes(parts), ...newKeyRoutes(parts), ...userRoutes(parts)]
}

/** What cannot be changed, as the API says it. */
async function changing<T>(change: Promise<T>): Promise<T> {
  try {
    return await change
  } catch (error) {
    if (!(error instanceof TeamChangeError)) throw error
    const answers = {
      'not-found': [404, 'not-found'],
      conflict: [409, 'conflict'],
      invalid: [400, 'invalid-request'],
    } as const
    const [status, code] = answers[error.kind]
    throw new ApiProblem(status, code, error.message)
  }
}

function tell({ hub, runtime }: ControlParts, subject: string): void {
  hub.publish('changed', () => ({ kind: 'changed', at: runtime.now(), subject }))
}

function keyWire(key: GatewayKey, lastUsedAt: number | null, now: number): ApiKey {
  const { id, name, team, user, project, createdAt, createdBy, expiresAt, rotatedAt, revokedAt } = key
  const names = { id, name, team, user, project, status: keyStatus(key, now) }
  return { ...names, createdAt, createdBy, expiresAt, rotatedAt, revokedAt, lastUsedAt }
}

function keyRoutes(parts: ControlParts): ReadyOperation[] {
  const { store, runtime } = parts
  return [
    operation(keysList, async ({ query: { cursor, limit = USUAL_LIMIT } }) => {
      const place = readCursor(cursor)
      const after = place === null ? {} : { after: { createdAt: place.at, id: place.id } }
      const rows = await store.listKeys({ ...after, limit: limit + 1 })
      const wire = ({ key, lastUsedAt }: (typeof rows)[number]): ApiKey => keyWire(key, lastUsedAt, runtime.now())
      return pageOf(rows, limit, wire, ({ key }) => ({ at: key.createdAt, id: key.id }))
    }),
    operation(keysRevoke, async ({ params, note }) => {
      const { before, after } = await changing(revokeGatewayKey(store, params.id, runtime.now()))
      note({ subject: params.id, before: before === null ? null : shownKey(before), after: shownKey(after) })
      tell(parts, 'keys')
      return keyWire(after, null, runtime.now())
    }),
  ]
}

function newKeyRoutes(parts: ControlParts): ReadyOperation[] {
  const { store, runtime } = parts
  const wire = ({ after, secret }: NewKey) => ({ key: keyWire(after, null, runtime.now()), secret })
  return [
    operation(keysCreate, async ({ body, asker, note }) => {
      const { name, team = null, user = null, project = null, expiresAt = null } = body
      const made = await changing(
        createKey(store, { name, team, user, project, expiresAt }, nameOf(asker), runtime.now()),
      )
      note({ subject: made.after.id, before: null, after: shownKey(made.after) })
      tell(parts, 'keys')
      return wire(made)
    }),
    operation(keysRotate, async ({ params, body, note }) => {
      const { graceMs = USUAL_GRACE_MS } = body
      const rotated = await changing(rotateGatewayKey(store, params.id, runtime.now(), graceMs))
      note({ subject: params.id, before: shownKeyOrNull(rotated.before), after: shownKey(rotated.after) })
      tell(parts, 'keys')
      return wire(rotated)
    }),
  ]
}

function shownKeyOrNull(key: GatewayKey | null): object | null {
  return key === null ? null : shownKey(key)
}

function userWire(
  { id, name, email, role, isDisabled, createdAt, token, subject }: User,
  lastLoginAt: number | null,
): ApiUser {
  return {
    id,
    name,
    email,
    role,
    isDisabled,
    createdAt,
    hasToken: token !== null,
    hasSignedIn: subject !== null,
    lastLoginAt,
  }
}

function userRoutes(parts: ControlParts): ReadyOperation[] {
  const { store, runtime } = parts
  return [
    operation(usersList, async () => ({
      items: (await store.listUsers()).map(({ user, lastLoginAt }) => userWire(user, lastLoginAt)),
      next: null,
    })),
    operation(usersWrite, async ({ params: { id }, body, asker, note }) => {
      const { newToken, email, isDisabled = false, ...rest } = body
      const known = await store.findUser({ by: 'id', name: id })
      const wishes = { ...rest, email: email ?? null, isDisabled }
      const made = { by: nameOf(asker), now: runtime.now(), hasToken: newToken ?? true }
      const { before, after, token } = await changing(
        known === null ? addUser(store, { id, ...wishes }, made) : setUser(store, id, wishes, newToken ?? false),
      )
      note({ subject: id, before: before === null ? null : shownUser(before), after: shownUser(after) })
      tell(parts, 'users')
      return { user: userWire(after, null), token }
    }),
    operation(usersRemove, async ({ params, note }) => {
      const user = await changing(removeUser(store, params.id))
      note({ subject: params.id, before: shownUser(user), after: null })
      tell(parts, 'users')
      return { isDone: true as const }
    }),
  ]
}
