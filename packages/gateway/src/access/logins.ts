/** Sessions of browsers: begun with a sign-in, ended by a sign-out or by time. */

import type { Headers } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { TeamStore } from '@runguard/sdk/store'
import type { Login } from './access.js'
import { isSecure, readCookie, sessionCookie, writeCookie } from './cookies.js'
import { csrfTokenOf } from './csrf-token.js'
import type { Identity } from './identities.js'
import { hashSecret, makeSecret } from './secrets.js'

/** Not sent along with calls to the model. */
const PATH = '/runguard'

/** A day's work. */
const LIFETIME_MS = 12 * 60 * 60 * 1_000

/** Sessions of browsers. */
export interface Logins {
  /** Always with a new cookie: one that somebody else knows is worth nothing afterwards. To be announced before. */
  begin(headers: Headers, identity: Pick<Identity, 'actor' | 'credential'>): Promise<Login>
  /** Gives the `set-cookie` that takes the cookie away. @param announce told before a session is ended, if there is one */
  end(headers: Headers, announce: () => Promise<void>): Promise<string>
}

/** Over a store. */
export function openLogins(store: TeamStore, runtime: Runtime): Logins {
  const idOf = (headers: Headers): string | null => {
    const session = readCookie(headers, sessionCookie(headers))
    return session === null ? null : hashSecret(session)
  }
  return {
    async begin(headers, { actor, credential }) {
      const old = idOf(headers)
      if (old !== null) await store.removeLogin(old)
      const [now, session] = [runtime.now(), makeSecret()]
      await store.forgetLogins(now)
      const user = actor.kind === 'user' ? actor.id : null
      await store.addLogin({ id: hashSecret(session), user, credential, createdAt: now, expiresAt: now + LIFETIME_MS })
      const setCookie = cookie(headers, session, LIFETIME_MS / 1_000)
      return { kind: 'login', actor, csrfToken: csrfTokenOf(session), setCookie }
    },
    async end(headers, announce) {
      const id = idOf(headers)
      if (id !== null && (await store.findLogin(id)) !== null) {
        await announce()
        await store.removeLogin(id)
      }
      return cookie(headers, '', 0)
    },
  }
}

function cookie(headers: Headers, value: string, maxAgeSec: number): string {
  const [name, isSafe] = [sessionCookie(headers), isSecure(headers)]
  return writeCookie({ name, value, path: PATH, maxAgeSec, sameSite: 'Strict', isSecure: isSafe })
}
