/** Who is signed in, and what they may do. */

import type { ApiRole, ApiSession } from '@runguard/gateway/api'
import { createContext, use } from 'react'

/** A session in which somebody is signed in. */
export type SignedIn = ApiSession & { readonly actor: NonNullable<ApiSession['actor']> }

/** The session; null outside of the gate that asks for it. */
export const SessionContext = createContext<SignedIn | null>(null)

/** The session. Throws outside of the gate. */
export function useSession(): SignedIn {
  const session = use(SessionContext)
  if (session === null) throw new Error('this part is shown to people who are signed in')
  return session
}

const RANK: Readonly<Record<ApiRole, number>> = { viewer: 0, operator: 1, admin: 2 }

/** Why somebody of this role may not do it, for people; null if they may. */
function reasonAgainst(role: ApiRole, needed: ApiRole): string | null {
  return RANK[role] >= RANK[needed] ? null : `This needs the role ${needed}; yours is ${role}.`
}

/** Why the person may not do what takes this role; null if they may. */
export function useReasonAgainst(needed: ApiRole): string | null {
  return reasonAgainst(useSession().actor.role, needed)
}
