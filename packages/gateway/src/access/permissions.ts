/** The one table of who may do what. A route names its operation, so one without a row here does not compile. */

import { isRoleAtLeast, type Role } from '@runguard/sdk/core'

/** What an operation needs: a role, or nothing at all. */
export type Permission = Role | 'public'

/**
 * Every operation of the control plane with the least role that may do it. `public` is for what has to work before
 * anybody has signed in, and for what probes ask.
 */
export const PERMISSIONS = {
  'session.read': 'public',
  'session.login': 'public',
  'session.logout': 'public',
  'oidc.start': 'public',
  'oidc.callback': 'public',
  'openapi.read': 'public',

  'overview.read': 'viewer',
  'spend.read': 'viewer',
  'calls.list': 'viewer',
  'calls.read': 'viewer',
  'sessions.list': 'viewer',
  'sessions.read': 'viewer',
  'sessions.resume': 'operator',
  'sessions.hold': 'operator',
  'cache.read': 'viewer',
  'routes.read': 'viewer',
  'feedback.give': 'operator',
  'budgets.list': 'viewer',
  'budgets.accounts': 'viewer',
  'budgets.write': 'admin',
  'budgets.remove': 'admin',
  'budgets.what-if': 'viewer',
  'spend-limits.list': 'viewer',
  'spend-limits.read': 'viewer',
  'spend-limits.effective': 'viewer',
  'spend-limits.write': 'admin',
  'spend-limits.remove': 'admin',
  'loops.list': 'viewer',
  'breakers.list': 'viewer',
  'breakers.hold': 'operator',
  'breakers.reset': 'operator',
  'batches.list': 'viewer',
  'alerts.list': 'viewer',
  'alerts.acknowledge': 'operator',
  'alerts.channels': 'viewer',
  'alerts.test': 'operator',
  'alerts.deliveries': 'viewer',
  'alerts.resend': 'operator',
  'audit.list': 'admin',
  'audit.verify': 'admin',
  'keys.list': 'viewer',
  'keys.create': 'admin',
  'keys.rotate': 'admin',
  'keys.revoke': 'admin',
  'users.list': 'admin',
  'users.write': 'admin',
  'users.remove': 'admin',
  'settings.read': 'viewer',
  'events.read': 'viewer',
  'metrics.read': 'viewer',
} as const satisfies Readonly<Record<string, Permission>>

/** The name of something that can be done at the control plane. */
export type Operation = keyof typeof PERMISSIONS

/** True if somebody of this role may do it; null is somebody who has not signed in. */
export function mayDo(operation: Operation, role: Role | null): boolean {
  const needed: Permission = PERMISSIONS[operation]
  return needed === 'public' || (role !== null && isRoleAtLeast(role, needed))
}
