/** The ladders of budgets: which steps are due for a call, by how full the accounts are that it meets. */

import { type CompiledBudgets, matchBudgets } from '../core/budget/budget.js'
import type { Balance } from '../core/budget/budget-room.js'
import { type DueStep, findDueSteps } from '../core/degrade/degrade.js'
import type { AccountRef } from '../core/ledger/ledger.js'
import { weighModel } from '../core/route/route-cost.js'
import type { RouteCall, RoutesDesk } from './route-desk.js'

/** What tells the budgets of a call. */
type LadderCall = Pick<RouteCall, 'id' | 'scope'>

/** How full the accounts with a ladder are. Of what this process has not heard of lately the store is asked. */
export function watchLadders(desk: Pick<RoutesDesk, 'runtime' | 'balances' | 'budgets' | 'policy' | 'book'>) {
  const heardAtMs = new Map<string, number>()
  const look = async (call: LadderCall): Promise<readonly Balance[]> => {
    const nowMs = desk.runtime.now()
    const accounts = findLadders(desk.budgets(), call, nowMs)
    const isOld = ({ key }: AccountRef): boolean => nowMs - (heardAtMs.get(key) ?? 0) > HEARD_MS
    if (!accounts.some(isOld)) return desk.balances.recall(accounts)
    const balances = await desk.balances.refresh(accounts)
    if (heardAtMs.size > MAX_HEARD) heardAtMs.clear()
    for (const { key } of accounts) heardAtMs.set(key, nowMs)
    return balances
  }
  const weighTier = (tier: string): number =>
    weighModel(desk.book, desk.policy.tiers.get(tier) ?? tier, desk.runtime.now())
  return {
    /** True if a budget has a ladder. */
    exist: (): boolean => desk.budgets().hasLadder,
    dueFor: async (call: LadderCall): Promise<readonly DueStep[]> => {
      return desk.budgets().hasLadder ? findDueSteps(desk.budgets(), await look(call), weighTier) : []
    },
  }
}

/** The accounts with a ladder. Of what counts this call alone nothing is used before it is sent. */
function findLadders(budgets: CompiledBudgets, { id, scope }: LadderCall, nowMs: number): readonly AccountRef[] {
  return matchBudgets(budgets, scope, id, nowMs).filter((account) => {
    const { degrade = [], window } = budgets.byId.get(account.budget) ?? {}
    return degrade.length > 0 && window !== 'request' && account.scope !== `session:${id}`
  })
}

const MAX_HEARD = 10_000
/** Calls of others may have ended meanwhile, and what they held come back. */
const HEARD_MS = 5_000
