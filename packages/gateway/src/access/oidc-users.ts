/** Which user somebody is by what the sign-in of their organisation says, and what they may do. */

import {
  changeUser,
  isRoleAtLeast,
  newUser,
  type OidcPolicy,
  plainAddress,
  type Role,
  type User,
} from '@runguard/sdk/core'
import type { TeamStore } from '@runguard/sdk/store'
import { type Announce, type Denial, deny } from './access.js'
import { actorOf } from './identities.js'
import type { Changed } from './team-change.js'

/** What the sign-in says, after its signature was checked. */
export type Claims = ReadonlyMap<string, unknown>

/** Somebody is let in, and perhaps is new or may do other things since, or not. */
export type Admitted = ({ readonly kind: 'user' } & Changed<User>) | Denial

const MAX_TRIES = 3
const MAX_NAME_LENGTH = 200

/** Finds the user, or adds them where that is allowed, and keeps who they are there; announced before. */
export async function admitByClaims(
  store: TeamStore,
  policy: OidcPolicy,
  claims: Claims,
  { now, announce }: { readonly now: number; readonly announce: Announce },
): Promise<Admitted> {
  const email = emailIn(policy, claims)
  const subject = `${textIn(claims, 'iss')}|${textIn(claims, 'sub')}`
  if (email === null) return deny(403, 'not-allowed', `The sign-in does not confirm an address (${policy.claim}).`)
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const before = await store.findUser({ by: 'email', name: email })
    const after =
      before === null ? addUser(policy, claims, { email, subject, now }) : keepUser(policy, claims, before, subject)
    if (after === null) return UNKNOWN
    await announce(actorOf(after))
    if (after === before || (await store.changeUser(after))) return { kind: 'user', before, after }
  }
  return deny(403, 'not-allowed', 'This user was changed just now: begin again.')
}

const UNKNOWN = deny(403, 'not-allowed', 'You are known, but may not use RunGuard: ask an administrator to add you.')

function addUser(
  policy: OidcPolicy,
  claims: Claims,
  { email, subject, now }: { readonly email: string; readonly subject: string; readonly now: number },
): User | null {
  const isOurs = policy.domains.some((domain) => email.endsWith(`@${domain}`))
  const role = isOurs ? (roleIn(policy, claims) ?? policy.newUsers) : null
  if (role === null) return null
  const name =
    (textIn(claims, 'name') ?? email).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').slice(0, MAX_NAME_LENGTH) || email
  const made = { isDisabled: false, token: null, createdAt: now, createdBy: 'oidc' }
  return newUser({ id: email, name, email, role, subject, ...made })
}

/** Who an address belongs to may change; who somebody is does not. */
function keepUser(policy: OidcPolicy, claims: Claims, user: User, subject: string): User | null {
  if (user.isDisabled || (user.subject !== null && user.subject !== subject)) return null
  const role = policy.roles === null ? user.role : (roleIn(policy, claims) ?? policy.newUsers)
  if (role === null) return null
  return user.subject === subject && user.role === role ? user : changeUser(user, { subject, role })
}

/** The greatest that the claim gives. */
function roleIn({ roles }: OidcPolicy, claims: Claims): Role | null {
  const value = roles === null ? undefined : claims.get(roles.claim)
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  let greatest: Role | null = null
  for (const each of values) {
    const role = typeof each === 'string' ? roles?.values.get(each) : undefined
    if (role !== undefined && (greatest === null || isRoleAtLeast(role, greatest))) greatest = role
  }
  return greatest
}

/** One that was not confirmed could be anybody's. */
function emailIn({ claim }: OidcPolicy, claims: Claims): string | null {
  // Some say it in letters.
  if (claim === 'email' && ['false', false].includes(claims.get('email_verified') as boolean)) return null
  return plainAddress(textIn(claims, claim) ?? '')
}

function textIn(claims: Claims, name: string): string | null {
  const value = claims.get(name)
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH ? value : null
}
