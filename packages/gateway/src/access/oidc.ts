/** The sign-in of an organisation: OpenID Connect, with the code flow, PKCE, state and nonce. */

import type { AccessPolicy, Headers, OidcPolicy } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { TeamStore } from '@runguard/sdk/store'
import type { AuthorizationCodeGrantChecks, Configuration } from 'openid-client'
import { type Announce, type Denial, deny, type OidcPages, type Redirect } from './access.js'
import { isSecure, readCookie, writeCookie } from './cookies.js'
import { actorOf } from './identities.js'
import type { Logins } from './logins.js'
import { admitByClaims, type Claims } from './oidc-users.js'
import { makeSecret } from './secrets.js'

/** What the sign-in is made of. */
export interface OidcParts {
  readonly store: TeamStore
  readonly runtime: Runtime
  readonly logins: Logins
  readonly policy: AccessPolicy
  readonly oidc: OidcPolicy
}

/** The two pages. The library is loaded, and the sign-in asked for its addresses, when somebody first comes. */
export function openOidc(parts: OidcParts): OidcPages {
  const callback = `${parts.policy.publicUrl ?? ''}${CALLBACK_PATH}`
  const client = rememberSuccess(() => discover(parts.oidc))
  return {
    name: parts.oidc.name,
    start: ({ headers }) => survive(parts, headers, async () => start(parts.oidc, headers, await client(), callback)),
    async finish({ headers }, url, announce) {
      const back = callbackUrl(callback, url)
      const known = await survive(parts, headers, async () => askBack(parts.oidc, headers, await client(), back))
      return known.kind === 'deny' ? known : await admit(parts, headers, known.claims, announce)
    },
  }
}

/** Where the sign-in sends people back to. */
const CALLBACK_PATH = '/runguard/api/oidc/callback'
const HOME = '/runguard/'
const COOKIE = 'runguard_oidc'
const COOKIE_PATH = '/runguard/api/oidc'
/** People look for their phones. */
const COOKIE_SEC = 10 * 60

/**
 * Why nobody could sign in so, where the library for it is not installed; null if it is. To be asked at the start: else
 * the first person who comes would find out.
 */
export async function oidcProblem(
  load: () => Promise<unknown> = () => import('openid-client'),
): Promise<string | null> {
  try {
    await load()
    return null
  } catch {
    return 'access.oidc needs a package that is not here: npm install openid-client'
  }
}

async function discover({ issuer, clientId, clientSecret }: OidcPolicy): Promise<Configuration> {
  const { allowInsecureRequests, discovery } = await import('openid-client')
  const isLocal = issuer.startsWith('http:')
  const options = isLocal ? { execute: [allowInsecureRequests] } : {}
  return discovery(new URL(issuer), clientId, clientSecret ?? undefined, undefined, options)
}

/** A failure is tried again the next time. */
function rememberSuccess<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | null = null
  return () => {
    const running = done ?? work()
    done = running
    running.catch(() => {
      done = null
    })
    return running
  }
}

async function start(
  { scopes }: OidcPolicy,
  headers: Headers,
  client: Configuration,
  callback: string,
): Promise<Redirect> {
  const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client')
  const [state, nonce, verifier] = [makeSecret(), makeSecret(), makeSecret()]
  const location = buildAuthorizationUrl(client, {
    redirect_uri: callback,
    scope: scopes.join(' '),
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const setCookies = [pendingCookie(headers, [state, nonce, verifier].join('.'), COOKIE_SEC)]
  return { kind: 'redirect', location: location.href, setCookies, actor: null, user: null }
}

/** Somebody of whom the sign-in of the organisation has told. */
interface Known {
  readonly kind: 'known'
  readonly claims: Claims
}

/** Who comes back, if they were sent there from here. */
async function askBack(oidc: OidcPolicy, headers: Headers, client: Configuration, url: URL): Promise<Known | Denial> {
  const [state, nonce, verifier] = readCookie(headers, COOKIE)?.split('.') ?? []
  if (state === undefined || nonce === undefined || verifier === undefined) return UNEXPECTED
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
  return { kind: 'known', claims: await readClaims(oidc, client, url, checks) }
}

/** What fails from here on is no refusal: something may have been changed. */
async function admit(
  { store, runtime, logins, oidc }: OidcParts,
  headers: Headers,
  claims: Claims,
  announce: Announce,
): Promise<Redirect | Denial> {
  const admitted = await admitByClaims(store, oidc, claims, { now: runtime.now(), announce })
  if (admitted.kind === 'deny') return { ...admitted, headers: { 'set-cookie': pendingCookie(headers, '', 0) } }
  const { before, after } = admitted
  const login = await logins.begin(headers, { actor: actorOf(after), credential: null })
  const setCookies = [login.setCookie, pendingCookie(headers, '', 0)]
  return { kind: 'redirect', location: HOME, setCookies, actor: login.actor, user: { before, after } }
}

/** Some sign-ins tell who somebody is in the signed token, others only when they are asked. */
async function readClaims(
  { claim, roles }: OidcPolicy,
  client: Configuration,
  url: URL,
  checks: AuthorizationCodeGrantChecks,
): Promise<Claims> {
  const { authorizationCodeGrant, fetchUserInfo } = await import('openid-client')
  const tokens = await authorizationCodeGrant(client, url, checks)
  const signed = new Map<string, unknown>(Object.entries(tokens.claims() ?? {}))
  const isWhole = signed.has(claim) && (roles === null || signed.has(roles.claim))
  if (isWhole || client.serverMetadata().userinfo_endpoint === undefined) return signed
  const told = await fetchUserInfo(client, tokens.access_token, String(signed.get('sub')))
  return new Map([...Object.entries(told), ...signed])
}

/** It comes along when the sign-in sends the browser back: `Strict` would keep it. */
function pendingCookie(headers: Headers, value: string, maxAgeSec: number): string {
  return writeCookie({
    name: COOKIE,
    value,
    path: COOKIE_PATH,
    maxAgeSec,
    sameSite: 'Lax',
    isSecure: isSecure(headers),
  })
}

function callbackUrl(callback: string, url: string): URL {
  const full = new URL(callback)
  const at = url.indexOf('?')
  full.search = at < 0 ? '' : url.slice(at)
  return full
}

const UNEXPECTED = deny(403, 'not-signed-in', 'This sign-in was not begun here, or took too long: begin again.')

/** What the sign-in or the library says goes to the log alone: it may hold codes. */
async function survive<Found>(
  { runtime }: OidcParts,
  headers: Headers,
  work: () => Promise<Found | Denial>,
): Promise<Found | Denial> {
  try {
    return await work()
  } catch (error) {
    const { name, code } = error as { name?: unknown; code?: unknown }
    runtime.log.warn('sign-in-failed', { error: String(name), code: String(code) })
    const clear = { 'set-cookie': pendingCookie(headers, '', 0) }
    return deny(403, 'not-signed-in', 'The sign-in of your organisation did not confirm you: begin again.', clear)
  }
}
