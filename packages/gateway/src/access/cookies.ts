/** The cookies of the control plane. */

import type { Headers } from '@runguard/sdk/core'

/** One cookie to be set. */
export interface CookieDraft {
  readonly name: string
  readonly value: string
  readonly path: string
  readonly maxAgeSec: number
  /** `Lax` comes along when another site sends the browser here; `Strict` never does. */
  readonly sameSite: 'Strict' | 'Lax'
  readonly isSecure: boolean
}

/** The whole value of a `set-cookie` header. No script can read the cookie. */
export function writeCookie({ name, value, path, maxAgeSec, sameSite, isSecure }: CookieDraft): string {
  const cookie = `${name}=${value}; Path=${path}; Max-Age=${maxAgeSec}; HttpOnly; SameSite=${sameSite}`
  return isSecure ? `${cookie}; Secure` : cookie
}

/** The value of a cookie; null if there is none, or several of that name: then it is not ours alone. */
export function readCookie({ cookie = '' }: Headers, name: string): string | null {
  const values = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? (values[0] ?? '').slice(name.length + 1) : null
}

/** True if the browser speaks https, be it to a proxy in front. Forging this hurts only whoever does. */
export function isSecure(headers: Headers): boolean {
  return headers['x-forwarded-proto']?.split(',', 1)[0]?.trim().toLowerCase() === 'https'
}

/** A browser takes a cookie with this prefix only over https. */
const SAFE_PREFIX = '__Secure-'

/** Of the session, without the prefix. */
export const sessionCookieName = 'runguard_session'

/** The name of the cookie of whoever is signed in. */
export function sessionCookie(headers: Headers): string {
  return isSecure(headers) ? SAFE_PREFIX + sessionCookieName : sessionCookieName
}
