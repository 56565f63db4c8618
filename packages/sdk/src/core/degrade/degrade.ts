/** Degradation: what is done with a call because a budget that it meets runs low. Pure; nothing is sent from here. */

import type { CallView } from '../body/call.js'
import { clampBody, clampFloor } from '../body/clamp.js'
import { setEffort } from '../body/effort-edit.js'
import { scanCall } from '../body/scan.js'
import type { CompiledBudgets } from '../budget/budget.js'
import type { Balance } from '../budget/budget-room.js'
import { traitsOf } from '../route/model-traits.js'
import { type DegradeAction, type Effort, effortLevels, isEffort, type TakenStep } from './degrade-steps.js'

/** A step of a ladder that a balance has reached. */
export interface DueStep {
  readonly action: DegradeAction
  readonly at: number
  /** The account that reached it. */
  readonly account: Balance
  /** Of the limit: what is spent and, but for refusing, what running calls hold. */
  readonly used: number
}

/**
 * The steps that are due on these accounts, the gentlest first; of several of a kind the one that asks for most.
 *
 * What running calls hold counts: a hundred calls at once would else all go out as if nothing was used. Only refusing goes
 * by what is spent, because what is held may come back.
 *
 * @param weighTier what a tier costs, to be compared with others; absent where it does not matter which step is named
 */
export function findDueSteps(
  budgets: CompiledBudgets,
  balances: readonly Balance[],
  weighTier: (tier: string) => number = () => 0,
): readonly DueStep[] {
  const due = balances.flatMap((account) => {
    const shareOf = (nano: number): number => (account.limit > 0 ? nano / account.limit : 1)
    const steps = budgets.byId.get(account.budget)?.degrade ?? []
    const due = steps.map((step): DueStep => {
      const isRefusal = step.action.kind === 'refuse'
      return { ...step, account, used: shareOf(account.spent + (isRefusal ? 0 : account.held)) }
    })
    return due.filter(({ at, used }) => used >= at)
  })
  const kinds = ['cheaper-tier', 'lower-effort', 'tighter-max-tokens', 'defer', 'refuse'] as const
  return kinds.flatMap((kind) => {
    const ofKind = due.filter(({ action }) => action.kind === kind)
    const [first, ...rest] = ofKind
    return first === undefined ? [] : [rest.reduce((left, right) => harder(left, right, weighTier), first)]
  })
}

/** What counts is what is enforced; among equals the later step. */
function harder(left: DueStep, right: DueStep, weighTier: (tier: string) => number): DueStep {
  if (left.account.isEnforced !== right.account.isEnforced) return left.account.isEnforced ? left : right
  const [before, after] = [left.action, right.action]
  if (before.kind === 'cheaper-tier' && after.kind === 'cheaper-tier' && before.to !== null && after.to !== null) {
    return weighTier(after.to) < weighTier(before.to) ? right : left
  }
  if (before.kind === 'lower-effort' && after.kind === 'lower-effort') {
    return rankOf(after.to) < rankOf(before.to) ? right : left
  }
  if (before.kind === 'tighter-max-tokens' && after.kind === 'tighter-max-tokens') {
    return after.maxTokens < before.maxTokens ? right : left
  }
  return right.at > left.at ? right : left
}

/** A body as it is changed step by step. */
export interface Degraded {
  /** Null while it is the one that came in. */
  readonly body: Uint8Array | null
  readonly view: CallView
  readonly taken: TakenStep
}

/**
 * Less effort, in place. Another effort makes all messages of a conversation be written to the cache anew, so that it is
 * only changed where nothing is cached yet.
 *
 * @param effort as stated; null if it is not
 * @param isFree nothing of the messages is cached on this model, or the conversation had its effort lowered before
 */
export function lowerEffort(
  step: DueStep,
  {
    body,
    view,
    effort,
    isFree,
  }: { readonly body: Uint8Array; readonly view: CallView; readonly effort: string | null; readonly isFree: boolean },
): Degraded {
  const to = step.action.kind === 'lower-effort' ? step.action.to : 'low'
  const traits = traitsOf(view.model ?? '')
  const from = effort ?? traits.defaultEffort
  const leave = (why: string): Degraded => ({ body: null, view, taken: leaveStep(step, why) })
  if (!traits.efforts.includes(to)) return leave('the model takes no effort')
  if (!isEffort(from) || rankOf(from) <= rankOf(to)) return leave('it asks for no more')
  if (!isFree) return leave('the cached conversation would be written again')
  const changed = setEffort(body, to)
  return { body: changed, view: scanCall(changed), taken: takeStep(step, `effort ${from} → ${to}`) }
}

/** A lower `max_tokens`, in place; as much as keeps the request valid and its answer of use. No cache depends on it. */
export function tightenMaxTokens(
  step: DueStep,
  { body, view }: { readonly body: Uint8Array; readonly view: CallView },
): Degraded {
  const leave = (why: string): Degraded => ({ body: null, view, taken: leaveStep(step, why) })
  const { maxTokens, maxTokensRange } = view
  if (step.action.kind !== 'tighter-max-tokens' || maxTokens === null || maxTokensRange === null) {
    return leave('it states no max_tokens')
  }
  const to = Math.max(step.action.maxTokens, clampFloor(view, maxTokens))
  if (to >= maxTokens) return leave('it asks for no more')
  const changed = clampBody(body, view, to)
  return { body: changed, view: scanCall(changed), taken: takeStep(step, `max_tokens ${maxTokens} → ${to}`) }
}

/** A step that changed something. */
export function takeStep(step: DueStep, change: string): TakenStep {
  return { ...describe(step), change, why: null }
}

/** A step that changed nothing, and why. */
export function leaveStep(step: DueStep, why: string): TakenStep {
  return { ...describe(step), change: null, why }
}

function describe({ action, at, account, used }: DueStep): Pick<TakenStep, 'kind' | 'budget' | 'at' | 'used'> {
  return { kind: action.kind, budget: account.budget, at, used: Math.round(used * 10_000) / 10_000 }
}

function rankOf(effort: Effort): number {
  return effortLevels.indexOf(effort)
}
