/** The SQL of keys, people and sign-ins. One statement does one change, so that it needs no lock. */

import type { GatewayKey } from '../core/team/gateway-key.js'
import type { User } from '../core/team/user.js'
import { compareKeys, compareUsers } from './memory-team.js'
import type { RunStatement } from './sessions-sql.js'
import type { SqlRow, Statement } from './sql.js'
import { cleanText } from './summary.js'
import type { KeyQuery, KeyRow, LoginSession, TeamStore, UserName, UserRow } from './team-store.js'

/** How statements are run. */
export interface TeamStatements {
  readonly fetchRows: RunStatement
  /** For one that changes something; a database may ask to try it again. */
  readonly change: RunStatement
  /** Raises the version of the registry too, in the same transaction. */
  readonly changeRegistry: RunStatement
}

/** Keys, people and sign-ins over a database. */
export function sqlTeam(statements: TeamStatements): TeamStore {
  return { ...sqlKeys(statements), ...sqlUsers(statements), ...sqlLogins(statements) }
}

type Keys = Pick<TeamStore, 'listKeys' | 'findKey' | 'changeKey' | 'noteKeyUse'>

function sqlKeys({ fetchRows, change, changeRegistry }: TeamStatements): Keys {
  return {
    async listKeys(query) {
      return (await fetchRows(selectKeys(query))).map(readKeyRow).sort((a, b) => compareKeys(a.key, b.key))
    },
    async findKey(id) {
      const text = 'SELECT detail FROM team_keys WHERE id = ?'
      return (await fetchRows({ text, values: [cleanText(id)] })).map(readDetail<GatewayKey>)[0] ?? null
    },
    async changeKey(key) {
      return (await changeRegistry(writeKey(key))).length > 0
    },
    async noteKeyUse(id, at) {
      const text = 'UPDATE team_keys SET last_used_at = ? WHERE id = ? AND coalesce(last_used_at, 0) < ?'
      await change({ text: `${text} RETURNING id`, values: [at, cleanText(id), at] })
    },
  }
}

function readDetail<T>(row: SqlRow): T {
  return JSON.parse(String(row.detail)) as T
}

function readKeyRow(row: SqlRow): KeyRow {
  return { key: readDetail<GatewayKey>(row), lastUsedAt: readMoment(row.last_used_at) }
}

function readMoment(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

function selectKeys({ after, limit }: KeyQuery): Statement {
  const text = 'SELECT detail, last_used_at FROM team_keys'
  const order = 'ORDER BY created_at DESC, id LIMIT ?'
  if (after === undefined) return { text: `${text} ${order}`, values: [limit] }
  const where = 'WHERE created_at < ? OR (created_at = ? AND id > ?)'
  return { text: `${text} ${where} ${order}`, values: [after.createdAt, after.createdAt, cleanText(after.id), limit] }
}

/** A first version is added, a later one replaces the one before it. */
function writeKey({ id, version, createdAt, ...key }: GatewayKey): Statement {
  const detail = JSON.stringify({ id, version, createdAt, ...key })
  if (version === 1) {
    const text = `INSERT INTO team_keys (id, version, created_at, detail) VALUES (?, 1, ?, ?)
      ON CONFLICT (id) DO NOTHING RETURNING id`
    return { text, values: [cleanText(id), createdAt, detail] }
  }
  const text = 'UPDATE team_keys SET version = ?, detail = ? WHERE id = ? AND version = ? RETURNING id'
  return { text, values: [version, detail, cleanText(id), version - 1] }
}

type Users = Pick<TeamStore, 'listUsers' | 'findUser' | 'changeUser' | 'removeUser'>

function sqlUsers({ fetchRows, change }: TeamStatements): Users {
  return {
    async listUsers() {
      const text = 'SELECT detail, last_login_at FROM team_users'
      return (await fetchRows({ text, values: [] })).map(readUserRow).sort(compareUsers)
    },
    async findUser(name) {
      return (await fetchRows(selectUser(name))).map(readUserRow).sort(compareUsers)[0]?.user ?? null
    },
    async changeUser(user) {
      return (await change(writeUser(user))).length > 0
    },
    async removeUser(id) {
      const text = 'DELETE FROM team_users WHERE id = ? RETURNING id'
      return (await change({ text, values: [cleanText(id)] })).length > 0
    },
  }
}

function readUserRow(row: SqlRow): UserRow {
  return { user: readDetail<User>(row), lastLoginAt: readMoment(row.last_login_at) }
}

function selectUser({ by, name }: UserName): Statement {
  return { text: `SELECT detail, last_login_at FROM team_users WHERE ${by} = ?`, values: [cleanText(name)] }
}

function writeUser(user: User): Statement {
  const { version, token } = user
  const [id, email] = [cleanText(user.id), user.email === null ? null : cleanText(user.email)]
  const fields = [email, token?.id ?? null, JSON.stringify(user)]
  if (version === 1) {
    const text = `INSERT INTO team_users (id, version, email, token, detail) VALUES (?, 1, ?, ?, ?)
      ON CONFLICT (id) DO NOTHING RETURNING id`
    return { text, values: [id, ...fields] }
  }
  const text = `UPDATE team_users SET version = ?, email = ?, token = ?, detail = ?
    WHERE id = ? AND version = ? RETURNING id`
  return { text, values: [version, ...fields, id, version - 1] }
}

function sqlLogins({ fetchRows, change }: TeamStatements): Omit<TeamStore, keyof Keys | keyof Users> {
  return {
    async addLogin(login) {
      await change(insertLogin(login))
      if (login.user === null) return
      const text = 'UPDATE team_users SET last_login_at = ? WHERE id = ? RETURNING id'
      await change({ text, values: [login.createdAt, cleanText(login.user)] })
    },
    async findLogin(id) {
      const text = 'SELECT detail FROM team_logins WHERE id = ?'
      return (await fetchRows({ text, values: [cleanText(id)] })).map(readDetail<LoginSession>)[0] ?? null
    },
    async removeLogin(id) {
      await change({ text: 'DELETE FROM team_logins WHERE id = ? RETURNING id', values: [cleanText(id)] })
    },
    async forgetLogins(before) {
      await change({ text: 'DELETE FROM team_logins WHERE expires_at <= ? RETURNING id', values: [before] })
    },
    async adminToken() {
      const [row] = await fetchRows({ text: "SELECT hash FROM team_admin WHERE id = 'admin'", values: [] })
      return row === undefined ? null : String(row.hash)
    },
    async changeAdminToken(hash, replaces) {
      return (await change(writeAdminToken(hash, replaces))).length > 0
    },
  }
}

const INSERT_LOGIN = `INSERT INTO team_logins (id, expires_at, detail) VALUES (?, ?, ?)
  ON CONFLICT (id) DO NOTHING RETURNING id`

function insertLogin(login: LoginSession): Statement {
  return { text: INSERT_LOGIN, values: [cleanText(login.id), login.expiresAt, JSON.stringify(login)] }
}

const FIRST_ADMIN = "INSERT INTO team_admin (id, hash) VALUES ('admin', ?) ON CONFLICT (id) DO NOTHING RETURNING id"
const OTHER_ADMIN = "UPDATE team_admin SET hash = ? WHERE id = 'admin' AND hash = ? RETURNING id"

function writeAdminToken(hash: string, replaces: string | null): Statement {
  return replaces === null ? { text: FIRST_ADMIN, values: [hash] } : { text: OTHER_ADMIN, values: [hash, replaces] }
}
