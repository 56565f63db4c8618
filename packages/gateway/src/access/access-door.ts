/** The door of the control plane. */

import type { AccessPolicy, Headers } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { TeamStore } from '@runguard/sdk/store'
import { type Access, type AccessRequest, type Actor, CSRF_HEADER, type Denial, deny, type Grant } from './access.js'
import { csrfTokenOf } from './csrf-token.js'
import { type Identities, openIdentities } from './identities.js'
import { createLoginLimits } from './login-limits.js'
import { openLogins } from './logins.js'
import { openOidc } from './oidc.js'
import { isCrossSite, isKnownHost, isLocalAddress, isLocalHost, isNavigation } from './origins.js'
import { mayDo, type Operation, PERMISSIONS } from './permissions.js'
import { isSameSecret, makeSecret } from './secrets.js'

/** What the door is made of. */
export interface AccessParts {
  readonly store: TeamStore
  readonly runtime: Runtime
  readonly policy: AccessPolicy
  /** True if only this machine can reach the gateway. */
  readonly isLoopback: boolean
}

/** Opens it. */
export function openAccess(parts: AccessParts): Access {
  const { store, runtime, policy } = parts
  const identities = openIdentities(store, policy.adminToken, () => runtime.now())
  const logins = openLogins(store, runtime)
  const limits = createLoginLimits()
  const door: Door = { ...parts, identities, names: hostNames(policy), processSecret: makeSecret() }
  return {
    permit: (operation, request) => permit(door, operation, request),
    authenticate: async (headers, remoteAddress) => (await authenticate(door, headers, remoteAddress))?.actor ?? null,
    async login(request, token) {
      const waitSec = await limits.takeTry(request.remoteAddress)
      if (waitSec !== null) return tooMany(waitSec)
      const identity = await identities.byToken(token.trim())
      if (identity === null) return deny(401, 'not-signed-in', 'This token is not, or no longer, one of RunGuard.')
      await limits.giveBack(request.remoteAddress)
      return logins.begin(request.headers, identity)
    },
    logout: ({ headers }) => logins.end(headers),
    oidc: policy.oidc === null ? null : openOidc({ store, runtime, logins, policy, oidc: policy.oidc }),
  }
}

interface Door extends AccessParts {
  readonly identities: Identities
  /** By which the gateway is reached. */
  readonly names: ReadonlySet<string>
  readonly processSecret: string
}

function hostNames({ publicUrl, hosts }: AccessPolicy): ReadonlySet<string> {
  return new Set([...hosts, ...(publicUrl === null ? [] : [new URL(publicUrl).hostname])])
}

/** Somebody, with the token against forged changes; null if what they show cannot be forged by a page. */
interface Visitor {
  readonly actor: Actor
  readonly csrfToken: string | null
}

async function permit(door: Door, operation: Operation, request: AccessRequest): Promise<Grant | Denial> {
  const { headers } = request
  if (!isKnownHost(headers, door.names)) return WRONG_HOST
  const isPublic = PERMISSIONS[operation] === 'public'
  const isChange = !SAFE_METHODS.has(request.method)
  if (isCrossSite(headers) && (isChange || !(isPublic || isNavigation(headers)))) return CROSS_SITE
  const visitor = await authenticate(door, headers, request.remoteAddress)
  if (isPublic) return { kind: 'grant', actor: visitor?.actor ?? null, csrfToken: visitor?.csrfToken ?? null }
  if (visitor === null) return NOT_SIGNED_IN
  const { actor, csrfToken } = visitor
  if (isChange && csrfToken !== null && !isSameSecret(headers[CSRF_HEADER] ?? '', csrfToken)) return FORGED
  if (!mayDo(operation, actor.role)) return notAllowed(operation, actor)
  return { kind: 'grant', actor, csrfToken }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

async function authenticate(door: Door, headers: Headers, remoteAddress: string): Promise<Visitor | null> {
  const presented = presentedToken(headers)
  if (presented !== null) {
    const identity = await door.identities.byToken(presented)
    return identity === null ? null : { actor: identity.actor, csrfToken: null }
  }
  const identity = await door.identities.byCookie(headers)
  if (identity !== null) return { actor: identity.actor, csrfToken: csrfTokenOf(identity.session ?? '') }
  const isOpen = await isOpenHere(door, headers, remoteAddress)
  return isOpen ? { actor: LOCAL, csrfToken: csrfTokenOf(door.processSecret) } : null
}

/** Never once somebody could sign in: whoever set that up does not expect to be let in without. */
async function isOpenHere(door: Door, headers: Headers, remoteAddress: string): Promise<boolean> {
  const { policy, isLoopback, identities } = door
  if (!isLoopback || policy.requireLogin || policy.oidc !== null) return false
  return isLocalAddress(remoteAddress) && isLocalHost(headers) && !(await identities.hasAdminToken())
}

const LOCAL: Actor = { kind: 'local', id: 'local', name: 'This machine', role: 'admin' }

/** A cookie is sent by whatever page; a header like these is not. */
function presentedToken(headers: Headers): string | null {
  const [, bearer] = /^bearer +(\S+) *$/i.exec((headers.authorization ?? '').slice(0, MAX_HEADER)) ?? []
  return bearer ?? headers['x-api-key'] ?? null
}

const MAX_HEADER = 2_000

const WRONG_HOST = deny(421, 'foreign-page', 'RunGuard is not known by this host name: add it to access.hosts.')
const CROSS_SITE = deny(403, 'foreign-page', 'A page of another site may not do this.')
const FORGED = deny(403, 'foreign-page', `The header ${CSRF_HEADER} is missing or old: read the session again.`)
const NOT_SIGNED_IN = deny(401, 'not-signed-in', 'Sign in first, or show a token of RunGuard.', {
  'www-authenticate': 'Bearer realm="RunGuard"',
})

function notAllowed(operation: Operation, { role }: Actor): Denial {
  return deny(403, 'not-allowed', `${operation} is for the role ${PERMISSIONS[operation]}; you are ${role}.`)
}

function tooMany(waitSec: number): Denial {
  const message = `Too many tries. Wait ${waitSec} seconds.`
  return deny(429, 'too-many-requests', message, { 'retry-after': String(waitSec) })
}
