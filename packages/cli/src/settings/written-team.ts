/** Names of keys and people as they are written on a command line. */

import { findRole, nearestName, type Role, readToken, roles } from '@runguard/sdk/core'
import { CommandError, exitCodes } from '../exit.js'
import { printable } from '../views/format.js'

const MAX_NAME_LENGTH = 200

/** A name of one line; the flag is named where it cannot be used. */
export function requireName(flag: string, written: string): string {
  const name = written.trim()
  const isLine = !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)
  if (name !== '' && name.length <= MAX_NAME_LENGTH && isLine) return name
  throw new CommandError(`${flag} is one line of up to ${MAX_NAME_LENGTH} characters.`, exitCodes.config)
}

/** The same, or null where nothing was given. */
export function readName(flag: string, written: string | undefined): string | null {
  return written === undefined ? null : requireName(flag, written)
}

/** The id of somebody: no spaces, as it is typed again. */
export function requireUserId(written: string): string {
  const id = requireName('The id of a user', written)
  if (!/\s/.test(id)) return id
  throw new CommandError(`The id of a user has no spaces: ${JSON.stringify(printable(id))}.`, exitCodes.config)
}

/** An e-mail address, as far as a look can tell. */
export function requireEmail(written: string): string {
  const email = requireName('--email', written)
  if (/^[^\s@]+@[^\s@]+$/.test(email)) return email
  throw new CommandError(`--email ${JSON.stringify(printable(email))} is no address.`, exitCodes.config)
}

/** A role by its name. */
export function requireRole(written: string): Role {
  const role = findRole(written)
  if (role !== null) return role
  const nearest = nearestName(written, roles)
  const hint = nearest === null ? '' : ` Did you mean ${nearest}?`
  throw new CommandError(`--role is one of ${roles.join(', ')}.${hint}`, exitCodes.config)
}

/** The id of a key, also where somebody gives all of it. */
export function keyIdOf(written: string): string {
  return readToken(written.trim())?.id ?? written.trim()
}

const unitMs = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
const MAX_GRACE_MS = 30 * 86_400_000

/** How long an old secret goes on: `0`, `90m`, `24h`, up to `30d`. */
export function readGrace(written: string): number {
  if (written.trim() === '0') return 0
  const graceMs = readSpan(written)
  if (graceMs <= MAX_GRACE_MS) return graceMs
  throw new CommandError('--grace is a time of up to 30 days: 0, 90m, 24h or 7d.', exitCodes.config)
}

/** When a key ends: so long from now (`12h`, `90d`), or a date, the last day in UTC. Milliseconds since the epoch. */
export function readExpiry(written: string, nowMs: number): number {
  const span = readSpan(written)
  if (!Number.isNaN(span)) return nowMs + span
  const date = /^\d{4}-\d{2}-\d{2}$/.test(written) ? Date.parse(`${written}T00:00:00Z`) : Number.NaN
  const isReal = !Number.isNaN(date) && new Date(date).toISOString().startsWith(written)
  if (isReal) return date + 86_400_000
  throw new CommandError('--expires is a time from now or a date: 12h, 90d or 2027-01-31.', exitCodes.config)
}

/** NaN for what is none. */
function readSpan(written: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(written.trim()) ?? []
  return Number(count) * (unitMs.get(unit) ?? Number.NaN)
}

/** `$5/day` as amount and window; without a window the schema says which there are. */
export function readKeyBudget(written: string): { readonly limit: string; readonly per?: string } {
  const [limit = '', per] = written.split('/').map((part) => part.trim())
  return per === undefined ? { limit } : { limit, per }
}
