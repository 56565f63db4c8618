/**
 * A cascade: one call is tried on cheap tiers first, and on dearer ones where an answer is not good enough.
 *
 * A failed try is paid for, so that trying can cost more than the strong model at once. What decides is the price of the
 * task, not that of a token: a tier is tried only if that costs less than what its success would spare, times how
 * likely it is.
 */

import type { CallView } from '../body/call.js'
import { formatUsd, nanoUsd } from '../cost/money.js'
import { isServerTool } from '../cost/server-tools.js'
import { isBound } from './conversation-start.js'
import type { SuccessEstimate } from './outcomes.js'

/** A tier that a call may be tried on. */
export interface CascadeStep {
  readonly tier: string
  readonly model: string
  /** What the call should cost there by the price list, in nano-dollars. */
  readonly listedNano: number
  /** What was learned of it at the task of the call. */
  readonly success: SuccessEstimate
  /** What the model cannot do of the request, in words for people; null if it can do all of it. */
  readonly lack: string | null
}

/** A tier that the call is tried on. */
export interface CascadeTry {
  readonly tier: string
  readonly model: string
  /** What a try should cost, in nano-dollars. */
  readonly expectedNano: number
  /** The share of good answers to expect. */
  readonly success: number
}

/** A tier that is passed over, and why, in words for people. */
export interface SkippedTier {
  readonly tier: string
  readonly model: string
  readonly why: string
}

/** Which tiers a call is tried on, in order. There is one at least. */
export interface CascadePlan {
  readonly tries: readonly CascadeTry[]
  readonly skipped: readonly SkippedTier[]
  /** What the whole should cost, failures included, in nano-dollars. */
  readonly expectedNano: number
}

/** With fewer answers than these, what they cost says little. */
const MIN_EVIDENCE = 5

/** @param steps in the order in which they are tried; the last one is taken whatever it costs. At least one. */
export function planCascade(steps: readonly CascadeStep[]): CascadePlan {
  const priced = priceSteps(steps)
  const last = priced.at(-1)
  if (last === undefined) throw new RangeError('a cascade has at least one tier')
  const plan: { tries: CascadeTry[]; skipped: SkippedTier[]; expectedNano: number } = {
    tries: [tryOf(last)],
    skipped: [],
    expectedNano: last.costNano,
  }
  for (const step of priced.slice(0, -1).reverse()) {
    const why = whySkip(step, plan.expectedNano)
    if (why !== null) plan.skipped.unshift({ tier: step.tier, model: step.model, why })
    else {
      plan.tries.unshift(tryOf(step))
      plan.expectedNano = step.costNano + (1 - step.success.mean) * plan.expectedNano
    }
  }
  return plan
}

type PricedStep = CascadeStep & { readonly costNano: number }

/** What answers really cost is better than the list, and can only be compared with its like. */
function priceSteps(steps: readonly CascadeStep[]): readonly PricedStep[] {
  const isKnown = steps.every(({ success }) => success.evidence >= MIN_EVIDENCE)
  return steps.map((step) => ({ ...step, costNano: (isKnown ? step.success.costNano : null) ?? step.listedNano }))
}

/** @param laterNano what the call should cost from the next tier on */
function whySkip({ lack, costNano, success }: PricedStep, laterNano: number): string | null {
  if (lack !== null) return lack
  if (costNano < success.mean * laterNano) return null
  const share = Math.round(success.mean * 100)
  return `a try costs ${dollars(costNano)} and spares ${dollars(laterNano)} in ${share} % of cases`
}

function dollars(nano: number): string {
  return formatUsd(nanoUsd(Math.ceil(nano)))
}

function tryOf({ tier, model, costNano, success }: PricedStep): CascadeTry {
  return { tier, model, expectedNano: costNano, success: success.mean }
}

/**
 * Why a request cannot be made more than once; null if it can. Tools that the caller runs are no hindrance: it sees one
 * answer alone. What the API runs or keeps by itself would happen, or be added, once for each try.
 */
export function whyNotRepeated(view: CallView): string | null {
  if (view.hasUnseenPrompt || view.thread !== null) return 'it goes on from what the API keeps'
  if (isBound(view)) return 'the conversation is bound to its model'
  const acting = view.blocks.find(({ part, kind }) => part === 'tools' && isServerTool(kind) && !READS_ONLY.test(kind))
  return acting === undefined ? null : `the API runs the tool ${acting.kind} by itself`
}

const READS_ONLY = /^(?:web_search|web_fetch|tool_search_tool)_/
