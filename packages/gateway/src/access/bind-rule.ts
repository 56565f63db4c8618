/** Where a gateway may listen. */

import type { AccessPolicy } from '@runguard/sdk/core'
import type { TeamStore } from '@runguard/sdk/store'
import { isLoopback } from '../address.js'
import { hashSecret, makeToken } from './secrets.js'
import { TeamChangeError } from './team-change.js'

/** Why a gateway must not listen there, and what to change; null if it may. @param host where it would listen */
export function bindProblem(
  host: string,
  { requireKeys, requireLogin }: Pick<AccessPolicy, 'requireKeys' | 'requireLogin'>,
  hasAdminToken: boolean,
): string | null {
  if (isLoopback(host)) return null
  const place = `RunGuard does not listen on ${JSON.stringify(host)}`
  if (!hasAdminToken) return `${place} without an admin token. Use 127.0.0.1, or give it one.`
  if (requireKeys || requireLogin) return null
  return (
    `${place}: everybody there could send calls through it. Set access.requireKeys: true in the configuration, or ` +
    'access.requireLogin: true to let calls pass that bring a credential of their own; or use 127.0.0.1.'
  )
}

/**
 * The admin token, where this is the first start that needs one: to be shown once, because only a hash of it is kept.
 * Null if there is one already, or it is configured, or nobody needs one.
 *
 * @param makeNoted writes down that one is made, before it is
 */
export async function ensureAdminToken(
  store: TeamStore,
  policy: AccessPolicy,
  host: string,
  makeNoted: (make: () => Promise<void>) => Promise<void>,
): Promise<string | null> {
  const isNeeded = policy.requireLogin || policy.oidc !== null || !isLoopback(host)
  if (!isNeeded || policy.adminToken !== null || (await store.adminToken()) !== null) return null
  const { text } = makeToken('admin')
  try {
    await makeNoted(async () => {
      if (await store.changeAdminToken(hashSecret(text), null)) return
      throw new TeamChangeError('conflict', 'Another gateway has just made one.')
    })
    return text
  } catch (error) {
    if (error instanceof TeamChangeError) return null
    throw error
  }
}
