/** Who may use a gateway: put together before it listens anywhere. */

import {
  type Access,
  bindProblem,
  type CallerRules,
  ensureAdminToken,
  oidcProblem,
  openAccess,
  openGatewayKeys,
} from '@runguard/gateway/access'
import { isLoopback } from '@runguard/gateway/address'
import { type AccessPolicy, defaultAccess } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import { CommandError, exitCodes } from '../exit.js'
import type { OpenStore } from '../settings/store-place.js'
import { makeNoted } from './noted-change.js'

/** What a door is made of. */
export interface DoorParts {
  readonly store: OpenStore
  readonly runtime: Runtime
  /** `access:` of the configuration, if it is there. */
  readonly policy: AccessPolicy | undefined
  /** Where the gateway is to listen. */
  readonly host: string
  /** Who starts it, as the audit log names them. */
  readonly operator: string
}

/** The two doors of a gateway. */
export interface GatewayDoor {
  readonly access: Access
  readonly callers: CallerRules
  /** To be shown now, and never again: it was made just now. Null if there is none, or was one before. */
  readonly newAdminToken: string | null
}

/** Opens both. Throws {@link CommandError} where the gateway must not listen like that. */
export async function openDoor({
  store,
  runtime,
  policy = defaultAccess,
  host,
  operator,
}: DoorParts): Promise<GatewayDoor> {
  // Asked as if it had one: a token that nobody can use yet is not made.
  const problem = bindProblem(host, policy, true) ?? (policy.oidc === null ? null : await oidcProblem())
  if (problem !== null) throw new CommandError(problem, exitCodes.config)
  const maker = { operator, now: () => runtime.now() }
  const newAdminToken = await ensureAdminToken(store, policy, host, (make) =>
    makeNoted(store, maker, { action: 'users.admin-token', subject: '' }, make),
  )
  return { ...openParts({ store, runtime, policy, isLoopback: isLoopback(host) }), newAdminToken }
}

/** Of a gateway for one program on this machine: nobody is to sign in there who could not before. */
export function openOwnDoor({
  policy = defaultAccess,
  ...parts
}: Omit<DoorParts, 'host' | 'operator'>): Omit<GatewayDoor, 'newAdminToken'> {
  return openParts({ ...parts, policy, isLoopback: true })
}

interface OpenParts extends Pick<DoorParts, 'store' | 'runtime'> {
  readonly policy: AccessPolicy
  readonly isLoopback: boolean
}

function openParts(parts: OpenParts): Omit<GatewayDoor, 'newAdminToken'> {
  const { store, runtime, policy } = parts
  const keys = openGatewayKeys({ store, runtime, requireKeys: policy.requireKeys, adminToken: policy.adminToken })
  return { access: openAccess(parts), callers: { keys, upstreamKey: policy.upstreamKey } }
}
