/** People who may use the control plane. */

import type { Role } from './role.js'

/** Somebody who can sign in. */
export interface User {
  /** Chosen by whoever adds them, such as `alice`. */
  readonly id: string
  readonly name: string
  /** By which the sign-in of an organisation knows them, in lower case; null if they never sign in there. */
  readonly email: string | null
  readonly role: Role
  /** Cannot do anything any more, also where they are signed in. */
  readonly isDisabled: boolean
  /** The token they sign in with: its id, and a hash of it. Null if they have none. */
  readonly token: { readonly id: string; readonly hash: string } | null
  /** Who they are at the sign-in of the organisation, once they have used it: addresses are given to others, this is not. */
  readonly subject: string | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly createdBy: string
  /** 1, and one more with every change: of two changes at once only one is taken. */
  readonly version: number
}

/** What may be changed of a user. */
export type UserChanges = Partial<Pick<User, 'name' | 'email' | 'role' | 'isDisabled' | 'token' | 'subject'>>

/** Somebody new, who has not signed in yet. */
export function newUser(draft: Omit<User, 'version' | 'subject'> & { readonly subject?: string | null }): User {
  return { subject: null, ...draft, email: draft.email?.toLowerCase() ?? null, version: 1 }
}

/** The user with some fields changed. Another address is another person to the organisation's sign-in. */
export function changeUser(user: User, changes: UserChanges): User {
  const email = changes.email === undefined ? user.email : (changes.email?.toLowerCase() ?? null)
  const subject = email === user.email ? user.subject : null
  return { ...user, subject, ...changes, email, version: user.version + 1 }
}
