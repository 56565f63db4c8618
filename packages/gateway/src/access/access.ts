/** Who asks, and whether they may: the door of the control plane, as everybody else sees it. */

import type { Headers, Role, User } from '@runguard/sdk/core'
import type { Operation } from './permissions.js'
import type { Changed } from './team-change.js'

/** Somebody who may do something. */
export interface Actor {
  /**
   * `local`: whoever reaches a gateway that only this machine reaches and that has no sign-in. `admin-token`: whoever
   * has it. `user`: somebody with a name, by a token of their own or through the sign-in of their organisation.
   */
  readonly kind: 'local' | 'admin-token' | 'user'
  /** Of a user its id; else the kind. */
  readonly id: string
  /** Shown to people. */
  readonly name: string
  readonly role: Role
}

/** A request to the control plane, as far as access is concerned. */
export interface AccessRequest {
  readonly method: string
  /** Lower-case names; a repeated header is one comma-separated value. */
  readonly headers: Headers
  /** Of the connection. What a header says of it counts only behind a proxy that is trusted. */
  readonly remoteAddress: string
}

/** May not. `status` and `headers` are those of the answer; the message is for people and holds no secret. */
export interface Denial {
  readonly kind: 'deny'
  readonly status: 401 | 403 | 421 | 429
  readonly code: 'foreign-page' | 'not-signed-in' | 'not-allowed' | 'too-many-requests'
  readonly message: string
  /** Such as `retry-after`. */
  readonly headers: Readonly<Record<string, string>>
}

/** May. */
export interface Grant {
  readonly kind: 'grant'
  /** Null only for public operations. */
  readonly actor: Actor | null
  /**
   * What pages send back as {@link CSRF_HEADER} with every change; null for whoever shows a token with each request, which
   * no foreign page can make a browser do, and for nobody.
   */
  readonly csrfToken: string | null
}

/** Signed in. */
export interface Login {
  readonly kind: 'login'
  readonly actor: Actor
  readonly csrfToken: string
  /** The whole value of a `set-cookie` header. */
  readonly setCookie: string
}

/** Answers of the two pages of an organisation's sign-in. */
export interface Redirect {
  readonly kind: 'redirect'
  readonly location: string
  /** Whole values of `set-cookie` headers. */
  readonly setCookies: readonly string[]
  /** Who has signed in; null at the start. */
  readonly actor: Actor | null
  /** Who they were before it, null for somebody new, and who they are since; null at the start. */
  readonly user: Changed<User> | null
}

/** The two pages of an organisation's sign-in. */
export interface OidcPages {
  /** What the button says. */
  readonly name: string
  /** Sends a browser there. */
  start(request: AccessRequest): Promise<Redirect | Denial>
  /** Takes it back. @param url with the query that the sign-in added; its host and path do not matter */
  finish(request: AccessRequest, url: string, announce: Announce): Promise<Redirect | Denial>
}

/**
 * Told who is about to be signed in or out, and perhaps to become a user or another one, before anything is changed.
 * Where it rejects, nothing is. Told once more where somebody came between, and it is tried again.
 */
export type Announce = (actor: Actor) => Promise<void>

/** The door of the control plane. */
export interface Access {
  /** Everything in one: host, origin, who it is, the token against forged changes, the role. One call per request. */
  permit(operation: Operation, request: AccessRequest): Promise<Grant | Denial>
  /** Where it comes from, as far as that can be believed. */
  addressOf(request: Pick<AccessRequest, 'headers' | 'remoteAddress'>): string
  /** True if what is shown is meant for us: a token for people, right or not. What else is shown may mean the API. */
  isMeant(headers: Headers): boolean
  /** Signs in with an admin token or the token of a user. After `permit('session.login')`. Tries are limited. */
  login(request: AccessRequest, token: string, announce: Announce): Promise<Login | Denial>
  /** Ends the session of the request, if it has one; gives the `set-cookie` that takes the cookie away. */
  logout(request: AccessRequest, announce: () => Promise<void>): Promise<string>
  /** Null where none is configured. */
  readonly oidc: OidcPages | null
}

/** With this a page shows that it is ours. */
export const CSRF_HEADER = 'x-runguard-csrf'

/** An answer that says no. */
export function deny(
  status: Denial['status'],
  code: Denial['code'],
  message: string,
  headers: Denial['headers'] = {},
): Denial {
  return { kind: 'deny', status, code, message, headers }
}
