/** Who may use a gateway, as the configuration says. */

import type { Role } from './role.js'

/** Who may use a gateway. It holds secrets: not to be shown. */
export interface AccessPolicy {
  /** Calls without a gateway key are refused. */
  readonly requireKeys: boolean
  /** Whoever opens the control plane signs in, also on the machine itself. */
  readonly requireLogin: boolean
  /** What calls with a gateway key are sent with instead; null: they bring a credential of their own beside it. */
  readonly upstreamKey: string | null
  /** Instead of one that is made at the first start. */
  readonly adminToken: string | null
  /** Where browsers reach the gateway, without a slash at the end. */
  readonly publicUrl: string | null
  /** More names by which it is reached. */
  readonly hosts: readonly string[]
  /** A proxy in front says in `x-forwarded-for` who asks, and nobody gets here past it. */
  readonly trustProxy: boolean
  readonly oidc: OidcPolicy | null
}

/** The sign-in of an organisation. */
export interface OidcPolicy {
  readonly issuer: string
  readonly clientId: string
  /** Null for a client without one. */
  readonly clientSecret: string | null
  /** What the button says. */
  readonly name: string
  readonly scopes: readonly string[]
  /** The claim that is compared with the addresses of users. */
  readonly claim: string
  /** Roles by the values of a claim, such as the groups somebody is in; null: each user has a role of their own. */
  readonly roles: { readonly claim: string; readonly values: ReadonlyMap<string, Role> } | null
  /** People with an address in one of these domains are added when they first come; nobody if it is empty. */
  readonly domains: readonly string[]
  /** As what they are added, unless a claim gives them a role. */
  readonly newUsers: Role | null
}

/** What holds where nothing is said. */
export const defaultAccess: AccessPolicy = {
  requireKeys: false,
  requireLogin: false,
  upstreamKey: null,
  adminToken: null,
  publicUrl: null,
  hosts: [],
  trustProxy: false,
  oidc: null,
}
