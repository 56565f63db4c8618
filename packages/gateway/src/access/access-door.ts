/** The door of the control plane. */

import type { AccessPolicy, Headers } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { AuditStore, TeamStore } from '@runguard/sdk/store'
import {
  type Access,
  type AccessRequest,
  type Actor,
  type Announce,
  CSRF_HEADER,
  type Denial,
  deny,
  type Grant,
  type OidcPages,
} from './access.js'
import { askerAddress, isForwarded } from './asker-address.js'
import { csrfTokenOf } from './csrf-token.js'
import { type FailedTries, openFailedTries } from './failed-tries.js'
import { type Identities, openIdentities } from './identities.js'
import { createLoginLimits, headerTries, type LoginLimits, loginTries } from './login-limits.js'
import { type Logins, openLogins } from './logins.js'
import { openOidc } from './oidc.js'
import { isCrossSite, isKnownHost, isLocalAddress, isLocalHost, isNavigation } from './origins.js'
import { mayDo, type Operation, PERMISSIONS } from './permissions.js'
import { isSameSecret, makeSecret } from './secrets.js'

/** What the door is made of. */
export interface AccessParts {
  readonly store: TeamStore & Pick<AuditStore, 'addAudit'>
  readonly runtime: Runtime
  readonly policy: AccessPolicy
  /** True if only this machine can reach the gateway. */
  readonly isLoopback: boolean
}

/** Opens it. */
export function openAccess(parts: AccessParts): Access {
  const { store, runtime, policy } = parts
  const door: Door = {
    ...parts,
    identities: openIdentities(store, policy.adminToken, () => runtime.now()),
    logins: openLogins(store, runtime),
    names: hostNames(policy),
    processSecret: makeSecret(),
    loginLimits: createLoginLimits(loginTries),
    headerLimits: createLoginLimits(headerTries),
    failed: openFailedTries(store, runtime),
    addressOf: (request) => askerAddress(request, policy.trustProxy),
  }
  return {
    permit: (operation, request) => permit(door, operation, request),
    addressOf: door.addressOf,
    isMeant: (headers) => shownTokens(headers).some((text) => isForPeople(text, policy.adminToken)),
    login: (request, token, announce) => logIn(door, request, token, announce),
    logout: ({ headers }, announce) => door.logins.end(headers, announce),
    oidc: policy.oidc === null ? null : limitedPages(door, openOidc({ ...door, oidc: policy.oidc })),
  }
}

interface Door extends AccessParts {
  readonly identities: Identities
  readonly logins: Logins
  /** By which the gateway is reached. */
  readonly names: ReadonlySet<string>
  readonly processSecret: string
  readonly loginLimits: LoginLimits
  readonly headerLimits: LoginLimits
  readonly failed: FailedTries
  readonly addressOf: Access['addressOf']
}

async function logIn({ identities, logins, ...door }: Door, request: AccessRequest, token: string, announce: Announce) {
  const address = door.addressOf(request)
  return tryOnce(door.loginLimits, address, async () => {
    const identity = await identities.byToken(token.trim())
    if (identity !== null) {
      await announce(identity.actor)
      return await logins.begin(request.headers, identity)
    }
    await door.failed.note({ address, way: 'login', token })
    return WRONG_TOKEN
  })
}

/** Coming back costs the sign-in of the organisation a question, and tells who may come in. */
function limitedPages(door: Door, pages: OidcPages): OidcPages {
  return {
    ...pages,
    async finish(request, url, announce) {
      const address = door.addressOf(request)
      const answer = await tryOnce(door.loginLimits, address, () => pages.finish(request, url, announce))
      if (answer.kind === 'deny' && answer.status !== 429) await door.failed.note({ address, way: 'oidc' })
      return answer
    },
  }
}

/** A try that counts unless it is right. */
async function tryOnce<T extends { readonly kind: string }>(
  limits: LoginLimits,
  address: string,
  attempt: () => Promise<T | Denial>,
): Promise<T | Denial> {
  const waitSec = await limits.takeTry(address)
  if (waitSec !== null) return tooMany(waitSec)
  const answer = await attempt()
  if (answer.kind !== 'deny') await limits.giveBack(address)
  return answer
}

function hostNames({ publicUrl, hosts }: AccessPolicy): ReadonlySet<string> {
  return new Set([...hosts, ...(publicUrl === null ? [] : [new URL(publicUrl).hostname])])
}

/** Somebody, with the token against forged changes; null if what they show cannot be forged by a page. */
interface Visitor {
  readonly kind: 'visitor'
  readonly actor: Actor
  readonly csrfToken: string | null
}

async function permit(door: Door, operation: Operation, request: AccessRequest): Promise<Grant | Denial> {
  const { headers } = request
  if (!isKnownHost(headers, door.names)) return WRONG_HOST
  const isPublic = PERMISSIONS[operation] === 'public'
  const isChange = !SAFE_METHODS.has(request.method)
  if (isCrossSite(headers) && (isChange || !(isPublic || isNavigation(headers)))) return CROSS_SITE
  const visitor = await authenticate(door, request)
  if (visitor !== null && visitor.kind === 'deny') return visitor
  if (isPublic) return { kind: 'grant', actor: visitor?.actor ?? null, csrfToken: visitor?.csrfToken ?? null }
  if (visitor === null) return NOT_SIGNED_IN
  const { actor, csrfToken } = visitor
  if (isChange && csrfToken !== null && !isSameSecret(headers[CSRF_HEADER] ?? '', csrfToken)) return FORGED
  if (!mayDo(operation, actor.role)) return notAllowed(operation, actor)
  return { kind: 'grant', actor, csrfToken }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

async function authenticate(door: Door, request: AccessRequest): Promise<Visitor | Denial | null> {
  const { headers } = request
  const [presented] = shownTokens(headers)
  if (presented !== undefined) return byToken(door, presented, door.addressOf(request))
  const identity = await door.identities.byCookie(headers)
  if (identity !== null) return visitorOf(identity.actor, csrfTokenOf(identity.session ?? ''))
  const isOpen = await isOpenHere(door, request)
  return isOpen ? visitorOf(LOCAL, csrfTokenOf(door.processSecret)) : null
}

function visitorOf(actor: Actor, csrfToken: string | null): Visitor {
  return { kind: 'visitor', actor, csrfToken }
}

async function byToken(door: Door, token: string, address: string): Promise<Visitor | Denial | null> {
  const answer = await tryOnce(door.headerLimits, address, async () => {
    const identity = await door.identities.byToken(token)
    return identity === null ? WRONG_TOKEN : visitorOf(identity.actor, null)
  })
  if (answer.kind === 'visitor' || answer.status === 429) return answer
  await door.failed.note({ address, way: 'header', token })
  return null
}

/** Never once somebody could sign in: whoever set that up does not expect to be let in without. */
async function isOpenHere(
  { policy, isLoopback, identities }: Door,
  { headers, remoteAddress }: AccessRequest,
): Promise<boolean> {
  if (!isLoopback || policy.requireLogin || policy.oidc !== null || isForwarded(headers)) return false
  return isLocalAddress(remoteAddress) && isLocalHost(headers) && !(await identities.hasAdminToken())
}

const LOCAL: Actor = { kind: 'local', id: 'local', name: 'This machine', role: 'admin' }

/** A cookie is sent by whatever page; a header like these is not. The first one counts. */
function shownTokens(headers: Headers): readonly string[] {
  const [, bearer] = /^bearer +(\S+) *$/i.exec((headers.authorization ?? '').slice(0, MAX_HEADER)) ?? []
  return [bearer, headers['x-api-key']].filter((token) => token !== undefined)
}

const MAX_HEADER = 2_000

function isForPeople(text: string, adminToken: string | null): boolean {
  return /^rg[ua]_/.test(text) || (adminToken !== null && isSameSecret(text, adminToken))
}

const WRONG_TOKEN = deny(401, 'not-signed-in', 'This token is not, or no longer, one of RunGuard.')
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
