/** `runguard user`: people who may open the control plane. */

import {
  addUser,
  type ChangedUser,
  hashSecret,
  makeToken,
  removeUser,
  setUser,
  shownUser,
  TeamChangeError,
} from '@runguard/gateway/access'
import type { User } from '@runguard/sdk/core'
import type { UserRow } from '@runguard/sdk/store'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { makeNoted } from '../operations/noted-change.js'
import { changeTeam } from '../operations/team-change.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { requireEmail, requireName, requireRole, requireUserId } from '../settings/written-team.js'
import { userJson, userTable } from '../views/user-views.js'

/** The flags that all commands about users have. */
export interface UserFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `user add`. */
export interface UserAddFlags extends UserFlags {
  readonly role: string
  readonly name?: string
  readonly email?: string
  /** False for `--no-token`. */
  readonly token: boolean
}

/** The flags of `user set`. */
export interface UserSetFlags extends UserFlags {
  readonly role?: string
  readonly name?: string
  readonly email?: string
  readonly disable?: boolean
  readonly enable?: boolean
  readonly newToken?: boolean
}

/** Adds somebody, and prints the token they sign in with, which happens once. */
export async function runUserAdd(environment: Environment, written: string, options: UserAddFlags): Promise<ExitCode> {
  const id = requireUserId(written)
  const wishes = {
    id,
    name: requireName('--name', options.name ?? id),
    email: options.email === undefined ? null : requireEmail(options.email),
    role: requireRole(options.role),
  }
  const made = { by: environment.operator, now: environment.now(), hasToken: options.token }
  const { after, token } = await changeTeam(environment, options, (store) =>
    writeUser(environment, store, id, () => addUser(store, wishes, made)),
  )
  show(environment, options, 'user-added', after, token)
  return exitCodes.ok
}

/** Changes somebody; what is taken from them is taken at once, also where they are signed in. */
export async function runUserSet(environment: Environment, id: string, options: UserSetFlags): Promise<ExitCode> {
  const changes = {
    ...(options.role === undefined ? {} : { role: requireRole(options.role) }),
    ...(options.name === undefined ? {} : { name: requireName('--name', options.name) }),
    ...(options.email === undefined ? {} : { email: requireEmail(options.email) }),
    ...(options.disable === true ? { isDisabled: true } : {}),
    ...(options.enable === true ? { isDisabled: false } : {}),
  }
  const newToken = options.newToken === true
  if (Object.keys(changes).length === 0 && !newToken) {
    throw new CommandError(
      'Say what to change: --role, --name, --email, --disable, --enable or --new-token.',
      exitCodes.usage,
    )
  }
  const { after, token } = await changeTeam(environment, options, (store) =>
    writeUser(environment, store, id, () => setUser(store, id, changes, newToken)),
  )
  show(environment, options, 'user', after, token)
  return exitCodes.ok
}

/** Prints a row for each user. */
export async function runUserList(environment: Environment, options: UserFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const place = await findPlace(environment, options)
  const rows = await useStore<readonly UserRow[]>(place, [], (store) => store.listUsers())
  if (options.json) {
    terminal.print(JSON.stringify({ users: rows.map(({ user, lastLoginAt }) => userJson(user, lastLoginAt)) }))
  } else if (rows.length > 0) terminal.print(userTable(rows, offsetAt, terminal.colors))
  if (rows.length === 0) {
    terminal.say(`No users in ${describePlace(place)}. Add one with:  runguard user add alice --role operator`)
  }
  return exitCodes.ok
}

/** Removes somebody. */
export async function runUserRemove(environment: Environment, id: string, options: UserFlags): Promise<ExitCode> {
  const { terminal } = environment
  const about = { action: 'users.remove', subject: id }
  const user = await changeTeam(environment, options, (store) =>
    makeNoted(store, environment, about, async (take) => {
      const removed = await removeUser(store, id)
      take({ ...about, before: shownUser(removed), after: null })
      return removed
    }),
  )
  if (options.json) terminal.print(JSON.stringify({ kind: 'user-removed', id: user.id }))
  else terminal.print(`${user.id}: removed`)
  return exitCodes.ok
}

/** Makes another admin token, and prints it once: for whoever has lost the one before. */
export async function runAdminToken(environment: Environment, options: UserFlags): Promise<ExitCode> {
  const { terminal } = environment
  const { text } = makeToken('admin')
  await changeTeam(environment, options, (store) =>
    makeNoted(store, environment, { action: 'users.admin-token', subject: '' }, async () => {
      if (await store.changeAdminToken(hashSecret(text), await store.adminToken())) return
      throw new TeamChangeError('conflict', 'Somebody else is making an admin token now: try again.')
    }),
  )
  terminal.print(options.json ? JSON.stringify({ kind: 'admin-token', token: text }) : text)
  terminal.say(
    'This is the only time that the token is shown. Whoever was signed in with the one before is signed out.',
  )
  return exitCodes.ok
}

function writeUser(
  environment: Environment,
  store: OpenStore,
  id: string,
  work: () => Promise<ChangedUser>,
): Promise<ChangedUser> {
  const about = { action: 'users.write', subject: id }
  return makeNoted(store, environment, about, async (take) => {
    const changed = await work()
    const { before, after } = changed
    take({ ...about, before: before === null ? null : shownUser(before), after: shownUser(after) })
    return changed
  })
}

function show({ terminal }: Environment, { json }: UserFlags, kind: string, user: User, token: string | null): void {
  if (json) terminal.print(JSON.stringify({ kind, user: userJson(user, null), token }))
  else terminal.print(token ?? `${user.id}: ${user.role}${user.isDisabled ? ', disabled' : ''}`)
  if (token !== null) terminal.say(`This is the only time that the token is shown. ${user.id} signs in with it.`)
}
