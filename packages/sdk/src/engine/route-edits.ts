/** What a budget that runs low changes in a request, beside its model. */

import type { CallView } from '../core/body/call.js'
import {
  type Degraded,
  type DueStep,
  leaveStep,
  lowerEffort,
  takeStep,
  tightenMaxTokens,
} from '../core/degrade/degrade.js'
import type { TakenStep } from '../core/degrade/degrade-steps.js'
import { isConversationStart } from '../core/route/conversation-start.js'
import type { Route } from '../core/route/route-facts.js'
import type { RouteCall, Waiting } from './route-desk.js'
import { type KnownConversation, stateAt } from './route-memory.js'

/** A call on its way through the steps. */
export interface Work extends RouteCall {
  readonly due: readonly DueStep[]
  readonly known: KnownConversation | null
  readonly conversation: string
  readonly atMs: number
}

/** What became of the step to a cheaper tier. */
export function tierStep({ due, isChosen, waiting }: Work, route: Route | null): readonly TakenStep[] {
  const step = due.find(({ action }) => action.kind === 'cheaper-tier')
  if (step === undefined) return []
  if (!step.account.isEnforced) return [leaveStep(step, ONLY_OBSERVES)]
  if (isChosen)
    return [leaveStep(step, waiting.kind === 'waited' ? CHOSEN_BEFORE : 'a cascade tries cheaper tiers by itself')]
  if (route?.reason === 'budget' && route.model !== route.asked)
    return [takeStep(step, `${route.asked} → ${route.model}`)]
  return [leaveStep(step, route?.rejected.at(-1)?.why ?? 'there is no cheaper model')]
}

/** What became of the step to a batch. */
export function deferStep({ due, waiting }: Pick<Work, 'due' | 'waiting'>): readonly TakenStep[] {
  const step = due.find(({ action }) => action.kind === 'defer')
  if (step === undefined) return []
  const why = step.account.isEnforced ? whyNotDeferred(waiting) : ONLY_OBSERVES
  return [why === null ? takeStep(step, 'at once → in a batch') : leaveStep(step, why)]
}

/** What became of the step that refuses, where it did not. */
export function refuseStep({ due }: Pick<Work, 'due'>): readonly TakenStep[] {
  const step = due.find(({ action }) => action.kind === 'refuse')
  return step === undefined ? [] : [leaveStep(step, ONLY_OBSERVES)]
}

function whyNotDeferred(waiting: Waiting): string | null {
  if (waiting.kind === 'offered') return waiting.whyNot
  return waiting.kind === 'at-once' ? waiting.why : 'it has waited'
}

const ONLY_OBSERVES = 'the budget only observes'
const CHOSEN_BEFORE = 'its model was chosen before it waited'

/** A request as it was changed. */
export interface Edited {
  readonly body: Uint8Array
  readonly view: CallView
  readonly isChanged: boolean
  readonly taken: readonly TakenStep[]
  readonly lowered: DueStep | null
}

/** The steps that change the request itself, one after the other. @param asked the request with its route */
export function degradeBody({ due, known, atMs }: Work, asked: Pick<Work, 'body' | 'view'>): Edited {
  const { view } = asked
  let edited: Edited = { ...asked, isChanged: false, taken: [], lowered: null }
  const apply = ({ body: changed, view: after, taken }: Degraded): void => {
    const isChanged = edited.isChanged || changed !== null
    edited = { ...edited, body: changed ?? edited.body, view: after, isChanged, taken: [...edited.taken, taken] }
  }
  const state = stateAt(known, atMs)
  const isWarm = state !== null ? state.warmTokens > 0 && state.model === view.model : !isConversationStart(view)
  // What was lowered once stays so while it is cached, also when the budget has money again.
  const kept = isWarm ? (known?.lowered ?? null) : null
  const step = due.find(({ action }) => action.kind === 'lower-effort') ?? kept
  if (step !== null && !step.account.isEnforced) edited = { ...edited, taken: [leaveStep(step, ONLY_OBSERVES)] }
  else if (step !== null) {
    apply(lowerEffort(step, { ...asked, effort: view.effort ?? null, isFree: !isWarm || kept !== null }))
    if (edited.isChanged) edited = { ...edited, lowered: step }
  }
  const tight = due.find(({ action }) => action.kind === 'tighter-max-tokens')
  if (tight === undefined) return edited
  if (tight.account.isEnforced) apply(tightenMaxTokens(tight, edited))
  else edited = { ...edited, taken: [...edited.taken, leaveStep(tight, ONLY_OBSERVES)] }
  return edited
}
