/** Keys, people, and who is signed in. */

import type { GatewayKey } from '../core/team/gateway-key.js'
import type { User } from '../core/team/user.js'

/** Which keys, the newest first. */
export interface KeyQuery {
  /** Only those that come after this one. */
  readonly after?: { readonly createdAt: number; readonly id: string }
  readonly limit: number
}

/** A key, and when it was used last: about, and null if never. Milliseconds since the epoch. */
export interface KeyRow {
  readonly key: GatewayKey
  readonly lastUsedAt: number | null
}

/** A user, and when they signed in last; null if never. */
export interface UserRow {
  readonly user: User
  readonly lastLoginAt: number | null
}

/** By what a user is looked for: `token` is the id of one, `email` is in lower case. */
export type UserName = { readonly [Kind in 'id' | 'email' | 'token']: { readonly by: Kind; readonly name: string } }[
  | 'id'
  | 'email'
  | 'token']

/** Somebody who is signed in with a browser. */
export interface LoginSession {
  /** A hash of what the cookie holds. */
  readonly id: string
  /** Null: whoever has the admin token. */
  readonly user: string | null
  /** The hash of the token that was shown: with another one the session is over. Null where somebody else checked. */
  readonly credential: string | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly expiresAt: number
}

/**
 * Keys, people, and who is signed in. Changes of keys raise the version of the registry, so that every gateway on the
 * store takes them into force.
 */
export interface TeamStore {
  listKeys(query: KeyQuery): Promise<readonly KeyRow[]>
  findKey(id: string): Promise<GatewayKey | null>
  /** Keeps a key that follows on the version that is stored, or is the first one; false, and nothing done, otherwise. */
  changeKey(key: GatewayKey): Promise<boolean>
  /** Moves the last use of a key forward. */
  noteKeyUse(id: string, at: number): Promise<void>
  /** In ascending order of id. */
  listUsers(): Promise<readonly UserRow[]>
  findUser(name: UserName): Promise<User | null>
  /** As {@link TeamStore.changeKey}. */
  changeUser(user: User): Promise<boolean>
  /** False if there was none. */
  removeUser(id: string): Promise<boolean>
  addLogin(login: LoginSession): Promise<void>
  findLogin(id: string): Promise<LoginSession | null>
  removeLogin(id: string): Promise<void>
  /** Forgets those that ended by then. */
  forgetLogins(before: number): Promise<void>
  /** The hash of the admin token; null if none was made. */
  adminToken(): Promise<string | null>
  /** False, and nothing done, if it is not `replaces` that is stored. Null: there is to be none so far. */
  changeAdminToken(hash: string, replaces: string | null): Promise<boolean>
}
