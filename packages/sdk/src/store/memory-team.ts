/** Keys and people without a disk: the reference for the other stores. */

import type { GatewayKey } from '../core/team/gateway-key.js'
import type { User } from '../core/team/user.js'
import { cleanText, compareText } from './summary.js'
import type { KeyRow, LoginSession, TeamStore, UserName, UserRow } from './team-store.js'

/** Nobody yet. @param raiseVersion of the registry */
export function memoryTeam(raiseVersion: () => void): TeamStore {
  const { noteLogin, ...users } = memoryUsers()
  return { ...memoryKeys(raiseVersion), ...users, ...memoryLogins(noteLogin) }
}

type Keys = Pick<TeamStore, 'listKeys' | 'findKey' | 'changeKey' | 'noteKeyUse'>

function memoryKeys(raiseVersion: () => void): Keys {
  const keys = new Map<string, KeyRow>()
  return {
    async listKeys({ after, limit }) {
      const rows = [...keys.values()].sort((a, b) => compareKeys(a.key, b.key))
      return rows.filter(({ key }) => after === undefined || compareKeys(key, after) > 0).slice(0, limit)
    },
    async findKey(id) {
      return keys.get(id)?.key ?? null
    },
    async changeKey(key) {
      const stored = keys.get(key.id)
      if ((stored?.key.version ?? 0) !== key.version - 1) return false
      keys.set(key.id, { key: structuredClone(key), lastUsedAt: stored?.lastUsedAt ?? null })
      raiseVersion()
      return true
    },
    async noteKeyUse(id, at) {
      const row = keys.get(id)
      if (row !== undefined && at > (row.lastUsedAt ?? 0)) keys.set(id, { ...row, lastUsedAt: at })
    },
  }
}

/** The newest first. */
export function compareKeys(a: Pick<GatewayKey, 'createdAt' | 'id'>, b: Pick<GatewayKey, 'createdAt' | 'id'>): number {
  return b.createdAt - a.createdAt || compareText(a.id, b.id)
}

type Users = Pick<TeamStore, 'listUsers' | 'findUser' | 'changeUser' | 'removeUser'>

function memoryUsers(): Users & { noteLogin(login: LoginSession): void } {
  const users = new Map<string, UserRow>()
  return {
    async listUsers() {
      return [...users.values()].sort(compareUsers)
    },
    async findUser(name) {
      const rows = [...users.values()].sort(compareUsers)
      return rows.find(({ user }) => nameOf(user, name.by) === cleanText(name.name))?.user ?? null
    },
    async changeUser(user) {
      const stored = users.get(user.id)
      if ((stored?.user.version ?? 0) !== user.version - 1) return false
      users.set(user.id, { user: structuredClone(user), lastLoginAt: stored?.lastLoginAt ?? null })
      return true
    },
    async removeUser(id) {
      return users.delete(id)
    },
    noteLogin({ user, createdAt }) {
      const row = user === null ? undefined : users.get(user)
      if (row !== undefined) users.set(row.user.id, { ...row, lastLoginAt: createdAt })
    },
  }
}

/** By their id. */
export function compareUsers(a: UserRow, b: UserRow): number {
  return compareText(a.user.id, b.user.id)
}

function nameOf(user: User, by: UserName['by']): string | null {
  if (by === 'token') return user.token?.id ?? null
  return user[by]
}

function memoryLogins(noteLogin: (login: LoginSession) => void): Omit<TeamStore, keyof Keys | keyof Users> {
  const logins = new Map<string, LoginSession>()
  let admin: string | null = null
  return {
    async addLogin(login) {
      logins.set(login.id, login)
      noteLogin(login)
    },
    async findLogin(id) {
      return logins.get(id) ?? null
    },
    async removeLogin(id) {
      logins.delete(id)
    },
    async forgetLogins(before) {
      for (const { id, expiresAt } of [...logins.values()]) if (expiresAt <= before) logins.delete(id)
    },
    async adminToken() {
      return admin
    },
    async changeAdminToken(hash, replaces) {
      if (admin !== replaces) return false
      admin = hash
      return true
    },
  }
}
