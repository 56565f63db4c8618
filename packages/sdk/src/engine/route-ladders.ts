/** The ladders of budgets: which steps are due for a call, by how full the accounts are that it meets. */

import { matchBudgets } from '../core/budget/budget.js'
import type { Balance } from '../core/budget/budget-room.js'
import { type DueStep, findDueSteps } from '../core/degrade/degrade.js'
import type { AccountRef } from '../core/ledger/ledger.js'
import type { RouteCall, RoutesDesk } from './route-desk.js'

/** What tells the budgets of a call. */
type LadderCall = Pick<RouteCall, 'id' | 'scope'>

/** How full the accounts with a ladder are. Of what this process has not heard of lately the store is asked. */
export function watchLadders(desk: Pick<RoutesDesk, 'runtime' | 'balances' | 'budgets'>) {
  const heardAtMs = new Map<string, number>()
  const look = async (call: LadderCall): Promise<readonly Balance[]> => {
    const budgets = desk.budgets()
    const all = matchBudgets(budgets, call.scope, call.id, desk.runtime.now())
    const accounts = all.filter(({ budget }) => (budgets.byId.get(budget)?.degrade ?? []).length > 0)
    const nowMs = desk.runtime.now()
    const isOld = ({ key }: AccountRef): boolean => nowMs - (heardAtMs.get(key) ?? 0) > HEARD_MS
    if (!accounts.some(isOld)) return desk.balances.recall(accounts)
    const balances = await desk.balances.refresh(accounts)
    if (heardAtMs.size > MAX_HEARD) heardAtMs.clear()
    for (const { key } of accounts) heardAtMs.set(key, nowMs)
    return balances
  }
  const exist = (): boolean => [...desk.budgets().byId.values()].some(({ degrade }) => (degrade ?? []).length > 0)
  return {
    /** True if a budget has a ladder. */
    exist,
    dueFor: async (call: LadderCall): Promise<readonly DueStep[]> => {
      return exist() ? findDueSteps(desk.budgets(), await look(call)) : []
    },
  }
}

const MAX_HEARD = 10_000
/** Calls of others may have ended meanwhile, and what they held come back. */
const HEARD_MS = 5_000
