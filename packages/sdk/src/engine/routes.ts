/** Routes: which model a call goes to, and what it gives up because a budget runs low; asked before money is set aside. */

import type { CallView } from '../core/body/call.js'
import type { Headers, Scope } from '../core/budget/scope.js'
import type { RecordedCache } from '../core/cache/cache-record.js'
import { findModel, isSameModel, type PriceBook } from '../core/cost/price.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Usage } from '../core/cost/usage.js'
import type { DeferDecision } from '../core/defer/defer.js'
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
import { type Conversations, openConversations } from './route-conversations.js'
import type { RouteCall, RoutesDesk } from './route-desk.js'
import { deferStep, degradeBody, refuseStep, tierStep, type Work } from './route-edits.js'
import { watchLadders } from './route-ladders.js'
import { type EndedTurn, nameConversation, stateAt } from './route-memory.js'
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

/** A refusal because the ladder of a budget says so. */
export interface LadderRefusal {
  readonly refusal: Refusal
  readonly degraded: readonly TakenStep[]
}

/** What is to be done with a call that may wait. */
export type RouteOffer =
  | { readonly kind: 'wait'; readonly routing: Routing }
  /** @property why it is not made to wait although that is due, in words for people; null if it is not due */
  | { readonly kind: 'at-once'; readonly why: string | null }

/** The routes of all calls. */
export interface Routes {
  /** Null if there is nothing to route by, or the store cannot be read. Never rejects. */
  route(call: RouteCall): Promise<Routing | null> | null
  /** Whether a budget wants a call to wait that may. One that goes at once is routed when it goes. Never rejects. */
  offer(call: RouteCall): Promise<RouteOffer>
  /** What a ladder has against a call that is not routed; null if nothing. Never rejects. */
  object(call: Pick<RouteCall, 'id' | 'scope'>): Promise<LadderRefusal | null>
  /** The route for the record, with what it saved. */
  close(routing: Routing, ended: EndedCall): RecordedRoute | null
  /** A call that was routed, or stayed where it was, has ended. */
  ended(routing: Routing, record: CallRecord): void
  /** What the head of a call says of answers to earlier ones. */
  hear(headers: Headers, scope: Scope): void
  /** Resolves when what was learned so far is written. */
  settled(): Promise<void>
  readonly outcomes: RouteOutcomes
}

/** Routes over a desk; nothing is remembered yet. */
export function openRoutes(desk: RoutesDesk): Routes {
  const { book, policy } = desk
  const conversations = openConversations(desk)
  const outcomes = learnOutcomes({ ...desk, sourceOf: (record) => judgedSource(policy, book, record) })
  const { isLeftAlone, route, offer, object } = chooseBy(desk, conversations, outcomes)
  return {
    route: (call) => (isLeftAlone(call) ? null : route(call).catch((error: unknown) => passOn(desk, error))),
    offer: (call) => offer(call).catch((error: unknown) => ({ kind: 'at-once', why: passOn(desk, error) })),
    object: (call) => object(call).catch((error: unknown) => passOn(desk, error)),
    close: (routing, ended) => closeRoute(book, routing, ended),
    ended: (routing, record) => {
      const turn = turnOf(book, routing, record)
      if (turn === null) return
      conversations.ended(routing.conversation, turn)
      outcomes.expect(record)
    },
    hear: (headers, { key }) => hearFeedback(desk, outcomes, headers, key),
    settled: async () => {
      await outcomes.settled()
      await conversations.settled()
    },
    outcomes,
  }
}

/** What is chosen for one call, by what is known of its budgets, its conversation and of tiers. */
function chooseBy(desk: RoutesDesk, conversations: Conversations, outcomes: RouteOutcomes) {
  const { book, policy } = desk
  const ladders = watchLadders(desk)
  const successOf = (task: string, tier: string) => outcomes.estimate(task, tier)
  /** Nothing has to be asked for, and nobody waited for. */
  const isLeftAlone = (call: RouteCall): boolean =>
    policy.mode === 'off' && conversations.isEmpty && !ladders.exist() && decisionOf(call) === null
  const routeBy = async (call: RouteCall, due: readonly DueStep[]): Promise<Routing | null> => {
    const isPlain = policy.mode === 'off' && due.length === 0 && decisionOf(call) === null
    // Where nobody moves conversations there is none to be looked for.
    if (isPlain && conversations.isEmpty && (!ladders.exist() || isConversationStart(call.view))) return null
    if (policy.mode !== 'off' && call.scope.task !== null && !call.isChosen) await outcomes.refresh()
    const conversation = nameConversation(call.scope, call.view, call.body)
    const known = await conversations.recall(conversation, isConversationStart(call.view))
    if (isPlain && known === null) return null
    const work = { ...call, due, known, conversation, atMs: desk.runtime.now() }
    const warmOn = rememberOnce((model) => desk.warmOn(call, model))
    return decide(work, (request, asked) => chooseRoute(request, { policy: asked, book, successOf, warmOn }), desk)
  }
  const object = async (call: Pick<RouteCall, 'id' | 'scope'>): Promise<LadderRefusal | null> =>
    refuseDue(await ladders.dueFor(call), desk.runtime.now())
  const route = async (call: RouteCall): Promise<Routing | null> => routeBy(call, await ladders.dueFor(call))
  const offer = async (call: RouteCall): Promise<RouteOffer> => {
    const due = await ladders.dueFor(call)
    const [step] = refuseDue(due, desk.runtime.now()) === null ? deferStep({ due, waiting: call.waiting }) : []
    const routing = (step?.change ?? null) === null ? null : await routeBy(call, due)
    return routing === null ? { kind: 'at-once', why: step?.why ?? null } : { kind: 'wait', routing }
  }
  return { isLeftAlone, route, offer, object }
}

function closeRoute(book: PriceBook, { route }: Routing, { usage, cache, atMs }: EndedCall): RecordedRoute | null {
  if (route === null || usage === null || !route.isApplied || route.reason === 'retired') return route
  return { ...route, savedNano: routeSaving(usage, { ...route, cache }, book, atMs) }
}

/** What a call that has ended tells of its conversation; null if it was not billed. */
function turnOf(book: PriceBook, { lowered, view, route }: Routing, record: CallRecord): EndedTurn | null {
  const { usage, startedAt: startedAtMs, servedModel } = record
  if (usage === null) return null
  const model = view.model ?? servedModel ?? ''
  const isOwn = servedModel === null || isSameModel(book, servedModel, model)
  const isMoved = lowered !== null || (route?.isApplied === true && route.model !== route.asked)
  return { usage, model, isOwn, isMoved, startedAtMs, lowered }
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
  const decision = decisionOf(work)
  const before = decision?.degraded ?? []
  const refused = refuseDue(due, atMs)
  if (refused !== null) {
    const degraded = [...before, ...refused.degraded]
    const { refusal } = refused
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
  const steps = [...tierStep(work, route), ...edited.taken, ...deferStep(work), ...refuseStep(work)]
  return {
    body: edited.isChanged ? edited.body : (moved?.body ?? null),
    view: edited.view,
    route: recordRoute(explained ?? route, explained === null) ?? decision?.route ?? null,
    degraded: [...before, ...unlessTold(before, steps)],
    refusal: null,
    conversation,
    lowered: edited.lowered,
  }
}

/** Of a call that has waited, what was done about it then is not told again where nothing is done now. */
function unlessTold(before: readonly TakenStep[], steps: readonly TakenStep[]): readonly TakenStep[] {
  return steps.filter(({ kind, change }) => change !== null || !before.some((step) => step.kind === kind))
}

/** Null if nobody but its caller has decided about the call before. */
function decisionOf({ waiting }: Pick<RouteCall, 'waiting'>): DeferDecision | null {
  return waiting.kind === 'waited' ? waiting.decision : null
}

function refuseDue(due: readonly DueStep[], atMs: number): LadderRefusal | null {
  const step = due.find(({ action, account }) => action.kind === 'refuse' && account.isEnforced)
  if (step === undefined) return null
  return { refusal: refuseByLadder(step, atMs), degraded: [takeStep(step, 'refused')] }
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
    guess: guessTask(desk.policy, scope, view, body),
    tags: scope.tags,
    promptTokens: estimate.tokens,
    outputTokens: desk.shortOutput(scope, model),
    isStart: isConversationStart(view),
    conversation: stateAt(known, atMs),
    pressure: to,
    atMs,
  }
}

function guessTask(
  { mode, classify }: RoutePolicy,
  { task, tags }: Scope,
  view: CallView,
  body: Uint8Array,
): string | null {
  const isAsked = mode !== 'off' && classify === 'features' && task === null && tags.length === 0
  return isAsked ? classifyCall(readFeatures(view, body)) : null
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
