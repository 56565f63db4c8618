/** Who somebody is: by the token they show, or by the session that their browser has. */

import { type Headers, readToken, type User } from '@runguard/sdk/core'
import type { LoginSession, TeamStore } from '@runguard/sdk/store'
import type { Actor } from './access.js'
import { readCookie, sessionCookie } from './cookies.js'
import { hashSecret, isSameSecret } from './secrets.js'

/** Somebody, and what they have shown. */
export interface Identity {
  readonly actor: Actor
  /** The hash of the token; null where the sign-in of an organisation was believed. */
  readonly credential: string | null
  /** What the cookie held; null if a token came with the request. */
  readonly session: string | null
}

/** Longer than any token: not worth hashing. */
const MAX_TOKEN_LENGTH = 1_000

/** Looks up who somebody is. */
export interface Identities {
  /** By a token of a user or of the administrator; null if it is none. */
  byToken(text: string): Promise<Identity | null>
  /** By the cookie of a session that is still good; null if there is none. */
  byCookie(headers: Headers): Promise<Identity | null>
  /** Whether somebody could sign in as administrator. */
  hasAdminToken(): Promise<boolean>
}

/** @param adminToken the configured one, which counts instead of the one that was made */
export function openIdentities(store: TeamStore, adminToken: string | null, now: () => number): Identities {
  const adminHash = async (): Promise<string | null> =>
    adminToken === null ? await store.adminToken() : hashSecret(adminToken)
  const admin = async (hash: string): Promise<boolean> => {
    const expected = await adminHash()
    return expected !== null && isSameSecret(hash, expected)
  }
  return {
    async byToken(text) {
      if (text.length > MAX_TOKEN_LENGTH) return null
      const credential = hashSecret(text)
      if (await admin(credential)) return { actor: ADMINISTRATOR, credential, session: null }
      const token = readToken(text)
      if (token?.kind !== 'user') return null
      const user = await store.findUser({ by: 'token', name: token.id })
      const isRight = user?.token != null && isSameSecret(credential, user.token.hash)
      return isRight && !user.isDisabled ? { actor: actorOf(user), credential, session: null } : null
    },
    async byCookie(headers) {
      const session = readCookie(headers, sessionCookie(headers))
      if (session === null || session.length > MAX_TOKEN_LENGTH) return null
      const login = await store.findLogin(hashSecret(session))
      if (login === null || login.expiresAt <= now()) return null
      if (login.user !== null) return findUser(store, login, session)
      const isStillAdmin = login.credential !== null && (await admin(login.credential))
      return isStillAdmin ? { actor: ADMINISTRATOR, credential: login.credential, session } : null
    },
    async hasAdminToken() {
      return (await adminHash()) !== null
    },
  }
}

const ADMINISTRATOR: Actor = { kind: 'admin-token', id: 'admin-token', name: 'Administrator', role: 'admin' }

/** As they are now: a role that was taken away, or a token that was replaced, does not live on in a session. */
async function findUser(store: TeamStore, login: LoginSession, session: string): Promise<Identity | null> {
  const { user: id, credential, createdAt } = login
  const user = id === null ? null : await store.findUser({ by: 'id', name: id })
  // Somebody else may have come by the name meanwhile.
  if (user === null || user.isDisabled || createdAt < user.createdAt) return null
  if (credential !== null && credential !== user.token?.hash) return null
  return { actor: actorOf(user), credential, session }
}

/** A user as somebody who may do something. */
export function actorOf({ id, name, role }: User): Actor {
  return { kind: 'user', id, name, role }
}
