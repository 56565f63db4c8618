/** Adding, changing and removing people: for the control plane and for the program alike. */

import {
  changeUser,
  isNameLine,
  isUserId,
  newUser,
  plainAddress,
  type User,
  type UserChanges,
} from '@runguard/sdk/core'
import type { TeamStore } from '@runguard/sdk/store'
import { hashSecret, makeToken } from './secrets.js'
import { type Changed, changeStored, TeamChangeError } from './team-change.js'

/** What is said of somebody new. */
export type UserWishes = Pick<User, 'id' | 'name' | 'email' | 'role'> & { readonly isDisabled?: boolean }

/** Somebody, with the token they sign in with, the only time that anybody sees it; null if it stays as it is. */
export interface ChangedUser extends Changed<User> {
  readonly token: string | null
}

/** Adds somebody. @param by the id of who does it @param hasToken false: they come by the sign-in of the organisation */
export async function addUser(
  store: TeamStore,
  wishes: UserWishes,
  { by, now, hasToken }: { readonly by: string; readonly now: number; readonly hasToken: boolean },
): Promise<ChangedUser> {
  const made = hasToken ? makeToken('user') : null
  const token = made === null ? null : { id: made.id, hash: hashSecret(made.text) }
  if (!isUserId(wishes.id)) {
    throw new TeamChangeError(
      'invalid',
      'The id of a user is written in plain letters, digits and signs, without spaces.',
    )
  }
  requireName(wishes.name)
  await requireFreeEmail(store, wishes.id, wishes.email)
  const user = newUser({ isDisabled: false, ...wishes, token, createdAt: now, createdBy: by })
  if (!(await store.changeUser(user))) throw new TeamChangeError('conflict', `There is a user ${wishes.id} already.`)
  return { before: null, after: user, token: made?.text ?? null }
}

/** Changes somebody. @param newToken they get another token, and who is signed in with the old one is signed out */
export async function setUser(
  store: TeamStore,
  id: string,
  changes: Omit<UserChanges, 'token' | 'subject'>,
  newToken = false,
): Promise<ChangedUser> {
  const made = newToken ? makeToken('user') : null
  const token = made === null ? {} : { token: { id: made.id, hash: hashSecret(made.text) } }
  if (changes.name !== undefined) requireName(changes.name)
  if (changes.email !== undefined) await requireFreeEmail(store, id, changes.email)
  const changed = await changeStored({
    find: () => store.findUser({ by: 'id', name: id }),
    next: (user) => changeUser(user, { ...changes, ...token }),
    keep: (user) => store.changeUser(user),
    missing: `There is no user ${JSON.stringify(id)}.`,
    idle: '',
  })
  return { ...changed, token: made?.text ?? null }
}

/** Removes somebody: they are signed out at once. Gives who they were. */
export async function removeUser(store: TeamStore, id: string): Promise<User> {
  const user = await store.findUser({ by: 'id', name: id })
  if (user === null || !(await store.removeUser(id))) {
    throw new TeamChangeError('not-found', `There is no user ${JSON.stringify(id)}.`)
  }
  return user
}

function requireName(name: string): void {
  if (!isNameLine(name)) throw new TeamChangeError('invalid', 'The name of a user is one line of text.')
}

/** Two people with one address could not be told apart when they sign in. */
async function requireFreeEmail(store: TeamStore, id: string, email: string | null): Promise<void> {
  if (email === null) return
  const address = plainAddress(email)
  if (address === null) throw new TeamChangeError('invalid', 'This is no e-mail address, or not one in plain letters.')
  const other = await store.findUser({ by: 'email', name: address })
  if (other !== null && other.id !== id) {
    throw new TeamChangeError('conflict', `The address ${email} is that of the user ${other.id}.`)
  }
}

/** Somebody as they may be shown and written down: no hash of anything. */
export function shownUser({ token, subject, version: _, ...user }: User): object {
  return { ...user, hasToken: token !== null, hasSignedIn: subject !== null }
}
