/** Signing in and out. */

import { z } from 'zod'
import type { Actor, Denial, OidcPages, Redirect } from '../../access/access.js'
import { shownUser } from '../../access/user-changes.js'
import type { ApiSession } from '../../api/session.js'
import { loginBody, sessionSchema } from '../../api/session.js'
import type { ControlParts } from '../control-parts.js'
import { type AuditNote, operation, type ReadyOperation, specify } from '../operation.js'
import { ApiProblem, notAvailable } from '../problem.js'

/** Both pages send on to another one. */
const nothing = z.object({})

const sessionRead = specify({
  id: 'session.read',
  method: 'get',
  path: '/runguard/api/session',
  summary: 'Who asks, or how to sign in',
  answer: sessionSchema,
})

const sessionLogin = specify({
  id: 'session.login',
  method: 'post',
  path: '/runguard/api/login',
  summary: 'Sign in with a token',
  body: loginBody,
  answer: sessionSchema,
  isAudited: true,
})

const sessionLogout = specify({
  id: 'session.logout',
  method: 'post',
  path: '/runguard/api/logout',
  summary: 'Sign out',
  answer: sessionSchema,
  isAudited: true,
})

const oidcStart = specify({
  id: 'oidc.start',
  method: 'get',
  path: '/runguard/api/oidc/start',
  summary: 'To the sign-in of the organisation',
  answer: nothing,
})

const oidcCallback = specify({
  id: 'oidc.callback',
  method: 'get',
  path: '/runguard/api/oidc/callback',
  summary: 'Back from there',
  answer: nothing,
  isAudited: true,
})

/** The operations on the session of whoever asks. */
export function sessionRoutes({ access, version, isSimulated, hub }: ControlParts): ReadyOperation[] {
  const sessionOf = (actor: Actor | null, csrfToken: string | null): ApiSession => ({
    actor,
    csrfToken,
    canSignOut: actor !== null && actor.kind !== 'local' && csrfToken !== null,
    signIn: { hasToken: true, hasOidc: access.oidc !== null },
    version,
    isSimulated,
    lastEvent: actor === null ? null : hub.place(),
  })
  return [
    operation(sessionRead, async ({ asker }) => sessionOf(asker.actor, asker.csrfToken)),
    operation(sessionLogin, async ({ asker, body, note, announce, setHeader }) => {
      const login = await access.login(asker, body.token, (actor) => announce({ subject: actor.id, actor }))
      if (login.kind === 'deny') throw denied(login)
      setHeader('set-cookie', login.setCookie)
      note({ subject: login.actor.id, before: null, after: null, actor: login.actor })
      return sessionOf(login.actor, login.csrfToken)
    }),
    operation(sessionLogout, async ({ asker, note, announce, setHeader }) => {
      const subject = asker.actor?.id ?? ''
      setHeader('set-cookie', await access.logout(asker, () => announce({ subject })))
      note({ subject, before: null, after: null })
      return sessionOf(null, null)
    }),
    ...oidcRoutes(access),
  ]
}

function oidcRoutes({ oidc }: ControlParts['access']): ReadyOperation[] {
  const follow = async (step: (pages: OidcPages) => Promise<Redirect | Denial>): Promise<Redirect> => {
    if (oidc === null) throw notAvailable('No sign-in of an organisation is configured here.')
    const answer = await step(oidc)
    if (answer.kind === 'deny') throw denied(answer)
    return answer
  }
  return [
    operation(oidcStart, async ({ asker }) => redirect(await follow((pages) => pages.start(asker)))),
    operation(oidcCallback, async ({ asker, note, announce }) => {
      const coming = (actor: Actor): Promise<void> => announce({ action: 'session.login', subject: actor.id, actor })
      const answer = await follow((pages) => pages.finish(asker, asker.url, coming))
      noteSignIn(answer, note)
      return redirect(answer)
    }),
  ]
}

/** The sign-in of an organisation may make somebody a user, and change what they may do. */
function noteSignIn({ actor, user }: Redirect, note: (note: AuditNote) => void): void {
  if (actor === null || user === null) return
  const before = user.before === null ? null : shownUser(user.before)
  note({ action: 'session.login', subject: actor.id, before, after: shownUser(user.after), actor })
}

function denied({ status, code, message, headers }: Denial): ApiProblem {
  return new ApiProblem(status, code, message, { headers })
}

function redirect({ location, setCookies }: Redirect): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' })
  for (const cookie of setCookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 302, headers })
}
