/** Routes: which model a call goes to, and what it gives up because a budget runs low; asked before money is set aside. */

import type { CallView } from '../core/body/call.js'
import type { Headers, Scope } from '../core/budget/scope.js'
import type { RecordedCache } from '../core/cache/cache-record.js'
import { findModel, isSameModel, type PriceBook } from '../core/cost/price.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Usage } from '../core/cost/usage.js'
import { type DueStep, takeStep } from '../core/degrade/degrade.js'
import { refuseByLadder } from '../core/degrade/degrade-refusal.js'
import type { TakenStep } from '../core/degrade/degrade-steps.js'
import type { Refusal } from '../core/refusal/errors.js'
import { changeModel } from '../core/route/cheaper-model.js'
import { classifyCall, readFeatures } from '../core/route/classifier.js'
import { isConversationStart } from '../core/route/conversation-start.js'
import { FEEDBACK_HEADER, readFeedback } from '../core/route/feedback.js'
import { readBetas } from '../core/route/model-traits.js'
import { chooseRoute } from '../core/route/route.js'
import { routeSaving } from '../core/route/route-cost.js'
import type { Route, RouteRequest } from '../core/route/route-facts.js'
import type { RecordedRoute } from '../core/route/route-record.js'
import type { RoutePolicy } from '../core/route/routing.js'
import { tokenFacts } from '../core/tokens/tokens.js'
import type { RouteCall, RoutesDesk } from './route-desk.js'
import { degradeBody, tierStep, type Work } from './route-edits.js'
import { watchLadders } from './route-ladders.js'
import { conversationAfter, nameConversation, rememberConversations, stateAt } from './route-memory.js'
import { learnOutcomes, type RouteOutcomes } from './route-outcomes.js'

/** What is to be done with a call. */
export interface Routing {
  /** What to send instead; null: what came in. */
  readonly body: Uint8Array | null
  /** Of what is sent. */
  readonly view: CallView
  /** Null if no route was looked for. */
  readonly route: RecordedRoute | null
  readonly degraded: readonly TakenStep[]
  readonly refusal: Refusal | null
  readonly conversation: string
  /** The step by which the effort is lowered; null if it is not. */
  readonly lowered: DueStep | null
}

/** What came of a call, as far as its route is judged by it. */
export interface EndedCall {
  /** Null if the call was not billed. */
  readonly usage: Usage | null
  /** What markers did for it; null where nobody looked. */
  readonly cache: Pick<RecordedCache, 'ownMarkers' | 'addedNano'> | null
  /** When it began, milliseconds since the epoch. */
  readonly atMs: number
}

/** The routes of all calls. */
export interface Routes {
  /** Null if there is nothing to route by, or the store cannot be read. Never rejects. */
  route(call: RouteCall): Promise<Routing | null>
  /** The route for the record, with what it saved. */
  close(routing: Routing, ended: EndedCall): RecordedRoute | null
  /** A call that was routed, or stayed where it was, has ended. */
  ended(routing: Routing, record: CallRecord): void
  /** What the head of a call says of answers to earlier ones. */
  hear(headers: Headers, scope: Scope): void
  readonly outcomes: RouteOutcomes
}

/** Routes over a desk; nothing is remembered yet. */
export function openRoutes(desk: RoutesDesk): Routes {
  const { book, policy } = desk
  const memory = rememberConversations()
  const outcomes = learnOutcomes({ ...desk, sourceOf: (record) => judgedSource(policy, book, record) })
  const ladders = watchLadders(desk)
  const successOf = (task: string, tier: string) => outcomes.estimate(task, tier)

  const route = async (call: RouteCall): Promise<Routing | null> => {
    const due = await ladders.dueFor(call)
    if (policy.mode === 'off' && due.length === 0 && memory.size === 0) return null
    if (policy.mode !== 'off' && call.scope.task !== null && !call.isChosen) await outcomes.refresh()
    const conversation = nameConversation(call.scope, call.view, call.body)
    const known = memory.recall(conversation)
    if (policy.mode === 'off' && due.length === 0 && known === null) return null
    const work = { ...call, due, known, conversation, atMs: desk.runtime.now() }
    const warmOn = rememberOnce((model) => desk.warmOn(call, model))
    return decide(work, (request, asked) => chooseRoute(request, { policy: asked, book, successOf, warmOn }), desk)
  }
  return {
    route: (call) => route(call).catch((error: unknown) => passOn(desk, error)),
    close: ({ route }, { usage, cache, atMs }) => {
      if (route === null || usage === null || !route.isApplied || route.reason === 'retired') return route
      return { ...route, savedNano: routeSaving(usage, { ...route, cache }, book, atMs) }
    },
    ended: ({ conversation, lowered, view }, record) => {
      const { usage, startedAt, servedModel } = record
      if (usage === null) return
      const model = view.model ?? servedModel ?? ''
      const isOwn = servedModel === null || isSameModel(book, servedModel, model)
      const call = { usage, model, isOwn, startedAtMs: startedAt, lowered }
      const after = conversationAfter(memory.recall(conversation), call)
      if (after !== null) memory.remember(conversation, after)
      outcomes.expect(record)
    },
    hear: (headers, { key }) => hearFeedback(desk, outcomes, headers, key),
    outcomes,
  }
}

/** No call waits for what its head says of another, or fails for it. */
function hearFeedback({ runtime }: RoutesDesk, outcomes: RouteOutcomes, headers: Headers, key: Scope['key']): void {
  for (const { id, isGood } of readFeedback(headers[FEEDBACK_HEADER])) {
    outcomes.judge({ call: id, isGood, key }).catch((error: unknown) => {
      runtime.log.error('feedback-lost', { call: id, error: String(error) })
    })
  }
}

/** A prompt is read once for each model, however often that is looked at. */
function rememberOnce(find: (model: string) => number): (model: string) => number {
  const found = new Map<string, number>()
  return (model) => {
    const tokens = found.get(model) ?? find(model)
    found.set(model, tokens)
    return tokens
  }
}

/** Whoever cannot be routed goes where it asked to go; whether it may be paid is asked anyway. */
function passOn({ runtime }: RoutesDesk, error: unknown): null {
  runtime.log.error('route-failed', { error: String(error) })
  return null
}

type Choose = (request: RouteRequest, policy: RoutePolicy) => Route | null

function decide(work: Work, choose: Choose, desk: RoutesDesk): Routing {
  const { due, conversation, view, atMs } = work
  const refusing = due.find(({ action, account }) => action.kind === 'refuse' && account.isEnforced)
  if (refusing !== undefined) {
    const degraded = [takeStep(refusing, 'refused')]
    const refusal = refuseByLadder(refusing, atMs)
    return { body: null, view, route: null, degraded, refusal, conversation, lowered: null }
  }
  const { policy } = desk
  const request = requestOf(work, desk)
  const isLeft = work.isChosen || policy.mode === 'explain'
  const route = work.isChosen ? null : choose(request, isLeft ? { ...policy, mode: 'off' } : policy)
  const moved = route === null || route.model === view.model ? null : changeModel(work.body, view, route.model)
  // A conversation that a budget has moved stays moved: that is done, and not only explained.
  const isOnlyExplained = policy.mode === 'explain' && !work.isChosen && request.pressure === null && moved === null
  const explained = isOnlyExplained ? choose(request, policy) : null
  const edited = degradeBody(work, moved ?? { body: work.body, view })
  return {
    body: edited.isChanged ? edited.body : (moved?.body ?? null),
    view: edited.view,
    route: recordRoute(explained ?? route, explained === null),
    degraded: [...tierStep(work, route), ...edited.taken],
    refusal: null,
    conversation,
    lowered: edited.lowered,
  }
}

function recordRoute(route: Route | null, isApplied: boolean): RecordedRoute | null {
  return route === null ? null : { ...route, isApplied, savedNano: null }
}

function requestOf({ view, body, scope, headers, due, known, atMs }: Work, desk: RoutesDesk): RouteRequest {
  const model = view.model ?? ''
  const estimate = desk.estimateInput(view, body, tokenFacts(findModel(desk.book, model)), desk.ratioOf(model))
  const step = due.find(({ action, account }) => action.kind === 'cheaper-tier' && account.isEnforced)
  const to = step?.action.kind === 'cheaper-tier' ? (step.action.to ?? 'next') : null
  return {
    view,
    effort: view.effort ?? null,
    betas: readBetas(headers['anthropic-beta']),
    task: scope.task,
    guess: guessTask(desk.policy, scope, view),
    tags: scope.tags,
    promptTokens: estimate.tokens,
    outputTokens: desk.shortOutput(scope, model),
    isStart: isConversationStart(view),
    conversation: stateAt(known, atMs),
    pressure: to,
    atMs,
  }
}

function guessTask({ mode, classify }: RoutePolicy, { task, tags }: Scope, view: CallView): string | null {
  const isAsked = mode !== 'off' && classify === 'features' && task === null && tags.length === 0
  return isAsked ? classifyCall(readFeatures(view)) : null
}

/** An answer counts for the tier that gave it: not for one that it was meant for, and that another model stood in for. */
function judgedSource(policy: RoutePolicy, book: PriceBook, record: CallRecord): { task: string; tier: string } | null {
  const { scope, route = null, servedModel, requestedModel } = record
  const task = scope.task ?? route?.task ?? null
  const model = servedModel ?? requestedModel ?? ''
  const isRouted = route?.isApplied === true && isSameModel(book, route.model, model)
  const tier = (isRouted ? route.tier : null) ?? tierOf(policy, book, model)
  return task === null || tier === null ? null : { task, tier }
}

function tierOf({ tiers }: RoutePolicy, book: PriceBook, model: string): string | null {
  for (const [tier, id] of tiers) if (isSameModel(book, id, model)) return tier
  return null
}
