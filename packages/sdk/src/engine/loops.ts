/** Loops: whether an agent goes round in circles, asked before each of its calls is sent. */

import type { CallView, ThreadView } from '../core/body/call.js'
import { agentOf, requestKey } from '../core/body/conversation.js'
import { scanCall } from '../core/body/scan.js'
import type { Scope } from '../core/budget/scope.js'
import type { PriceBook } from '../core/cost/price.js'
import type { CallRecord, RecordedLoop } from '../core/cost/record.js'
import { totalPrompt } from '../core/cost/usage.js'
import { completeRounds, rememberAsked } from '../core/loop/asked-rounds.js'
import type { LoopFinding } from '../core/loop/loop-finding.js'
import { loopLimitsOf } from '../core/loop/loop-limits.js'
import { addNudge, applyNudges } from '../core/loop/loop-nudge.js'
import { nudgeText, refuseLoop } from '../core/loop/loop-refusal.js'
import type { SessionLoopDetector } from '../core/loop/loop-session.js'
import { judgeLoop, type LoopPolicy, type LoopVerdict } from '../core/loop/loop-verdict.js'
import { readRounds, type SeenRound, type SeenRounds } from '../core/loop/steps.js'
import { stepsOf } from '../core/loop/steps-keys.js'
import {
  type AgentMemory,
  type AgentName,
  costSince,
  findNews,
  forgetRounds,
  lastKnown,
  rememberCost,
  rememberRounds,
} from '../core/loop/steps-memory.js'
import type { Refusal } from '../core/refusal/errors.js'
import { findCheaperModel, replaceModel } from '../core/route/cheaper-model.js'
import type { SessionStore } from '../store/session-store.js'
import { type KnownAgent, rememberAgents } from './agents.js'
import { type AnswerTap, openTap } from './answer-tap.js'
import type { Runtime } from './runtime.js'
import { followThreads } from './threads.js'

/** A call before it is sent. */
export interface LoopCall {
  readonly view: CallView
  readonly body: Uint8Array
  readonly scope: Scope
}

/** What was found out about a call. */
export interface Inspection {
  readonly agent: AgentName
  /** Equal for equal requests. */
  readonly request: string
  /** Whether the call answers a person's message and not a tool's result. */
  readonly isFromPerson: boolean
  /** Set if the loop is to be stopped. */
  readonly refusal: Refusal | null
  /** The same where loops are only told: what the call would have been refused with. */
  readonly observed: Refusal | null
  /** True if more, or less, is done about the loop than at the agent's last call. */
  readonly isNews: boolean
  /** What to send instead of the caller's body; null: that. */
  readonly body: Uint8Array | null
  /** Null if the agent is in no loop. */
  readonly loop: RecordedLoop | null
  /** Where the API keeps the conversation, the answer has to be listened to: the next request shows none of it. */
  readonly thread: { readonly view: ThreadView; readonly tap: AnswerTap } | null
}

/** The loops of all agents. */
export interface Loops {
  /** Null if loops are not looked for. Never rejects. */
  inspect(call: LoopCall): Promise<Inspection | null>
  /** A call that was inspected has ended. @param answer equal for equal answers; null if none came */
  ended(inspection: Inspection, record: CallRecord, answer: string | null): void
  /** Resolves when what is remembered of agents was kept, or could not be. */
  flush(): Promise<void>
}

/** What loops need. */
export interface LoopParts {
  readonly store: SessionStore
  readonly runtime: Runtime
  readonly policy: LoopPolicy
  readonly book: PriceBook
}

/** A watch over the agents that come by. Throws `RangeError` for limits that are none. */
export function watchLoops(parts: LoopParts): Loops {
  const agents = rememberAgents(parts.store, parts.runtime, loopLimitsOf(parts.policy.limits))
  const threads = followThreads(agents, parts.store, parts.runtime)
  return {
    inspect: async (call) => {
      if (parts.policy.mode === 'off') return null
      const previous = call.view.thread?.previous ?? null
      const found =
        previous === null ? agents.find(agentOf(call.scope, call.view, call.body)) : threads.find(call.scope, previous)
      const agent = found instanceof Promise ? await found : found
      const before = agent.memory
      const inspection = await inspectCall(parts, agent, call)
      const { memory } = agent
      // What the next request does not show by itself must not be lost with this process. Threads are kept when they answer.
      const isUnseen = call.view.hasUnseenPrompt && call.view.thread === null
      const isUrgent = memory.episode !== before.episode || memory.nudges !== before.nudges || isUnseen
      const kept = isUrgent ? agents.keepNow(agent) : null
      if (!isUrgent && memory.rounds !== before.rounds) agents.keepSoon(agent)
      // Whoever serves the next request must put a nudge back into its place: it is kept before the model sees it.
      if (memory.nudges !== before.nudges) await kept
      return inspection
    },
    ended: (inspection, record, answer) => {
      const agent = agents.recall(inspection.agent)
      if (agent === null) return
      recordEnd(agent, inspection.request, record, answer)
      const heard = inspection.thread?.tap.read() ?? null
      if (inspection.thread === null || heard === null) return
      const { view: thread } = inspection.thread
      threads.answered(agent, rememberAsked(heard, parts.policy.tools), {
        thread,
        isFromPerson: inspection.isFromPerson,
      })
    },
    flush: agents.flush,
  }
}

/** A side question of a client, or a person's message: nobody stops those, and they say nothing about the loop. */
const NO_LOOP = { refusal: null, observed: null, isNews: false, loop: null } as const

async function inspectCall(parts: LoopParts, agent: KnownAgent, call: LoopCall): Promise<Inspection> {
  const { view, body } = call
  const isContinued = learnRounds(parts, agent, call)
  agent.request = requestKey(view, body, agent.request)
  const about = {
    agent: nameOf(agent),
    request: agent.request.full,
    isFromPerson: !isContinued,
    thread: view.thread === null ? null : { view: view.thread, tap: openTap() },
  }
  const verdict = isContinued ? await judge(parts, agent) : null
  if (verdict === null) return { body: withNudges(agent, call), ...about, ...NO_LOOP }
  agent.memory = { ...agent.memory, episode: verdict.episode }
  const done = act(parts, agent, call, verdict)
  if (done.refusal !== null) agent.detector.recordRefusal(about.request)
  const { action } = done.loop
  const last = lastKnown(agent.memory)
  // Sent again after another conversation of the same session, a stopped request is no new stop.
  const isNews = agent.told !== action && !(action === 'stop' && agent.stoppedAt === last)
  agent.told = action
  if (action === 'stop') agent.stoppedAt = last
  return { isNews, ...about, ...done }
}

/** The name alone: it goes out to listeners, and what is remembered stays here. */
function nameOf({ memory: { session, agent } }: KnownAgent): AgentName {
  return { session, agent }
}

/** Takes in what the request tells that was not known. False if it tells of no round since a person wrote. */
function learnRounds({ policy, runtime }: LoopParts, agent: KnownAgent, { view, body }: LoopCall): boolean {
  const seen = readSeen(agent.memory, view, body)
  const { hasUnseenPrompt } = view
  const { memory, fresh } = findNews(agent.memory, seen, { hasUnseenPrompt, isSpokenTo: agent.isSpokenTo })
  const goesOn = seen.rounds.length > 0 || seen.opening === 'known'
  agent.isSpokenTo = !goesOn && (seen.opening === 'person' || agent.isSpokenTo)
  if (memory !== agent.memory) agent.detector.reset()
  let number = memory.count
  for (const round of fresh) feed(agent.detector, round, number++, policy)
  agent.memory = fresh.length === 0 ? memory : rememberRounds(memory, fresh, runtime.now())
  return goesOn || (hasUnseenPrompt && seen.opening !== 'person')
}

function readSeen(memory: AgentMemory, view: CallView, body: Uint8Array): SeenRounds {
  const known = lastKnown(memory)
  const seen = readRounds(view, body, known)
  const { asked } = memory
  const isAnswered = asked !== null && asked.message === view.thread?.previous
  return isAnswered ? completeRounds(asked, view, body, seen, known) : seen
}

function feed(detector: SessionLoopDetector, round: SeenRound, number: number, { tools }: LoopPolicy): void {
  if (round.news !== null) detector.recordNews(round.news)
  if (round.calls.length > 0 || (round.steps?.length ?? 0) > 0) detector.recordRound(stepsOf(round, number, tools))
  else if (round.text !== null) detector.recordText(round.text)
}

/** Null if there is no loop, or an operator said that it may go on. */
async function judge({ policy, store, runtime }: LoopParts, agent: KnownAgent): Promise<LoopVerdict | null> {
  const finding = agent.detector.find()
  if (finding === null) {
    agent.told = null
    if (agent.memory.episode !== null) agent.memory = { ...agent.memory, episode: null }
    return null
  }
  const verdict = judgeLoop(policy, finding, agent.memory.episode, costSince(agent.memory, finding.sinceRound))
  if (verdict.action === 'notice') return verdict
  return (await isLetGo(store, runtime, agent)) ? null : verdict
}

/** Asked only where more than a notice is at hand: so an operator's word counts at once, and costs nothing before. */
async function isLetGo(store: SessionStore, runtime: Runtime, agent: KnownAgent): Promise<boolean> {
  try {
    const mark = await store.findMark(agent.memory.session)
    if (mark === null || (!mark.isExempt && mark.resumedAt <= agent.memory.resumedAt)) return false
    agent.detector.reset('operator')
    agent.told = null
    // The rounds stay known, or the next request would tell of them again.
    const { rounds } = agent.memory
    agent.memory = {
      ...forgetRounds(agent.memory),
      rounds,
      resumedAt: Math.max(agent.memory.resumedAt, mark.resumedAt),
    }
    return true
  } catch (error) {
    runtime.log.warn('session-mark-not-read', { error: String(error) })
    return false
  }
}

type Done = Pick<Inspection, 'refusal' | 'observed' | 'body'> & { readonly loop: RecordedLoop }

function act(parts: LoopParts, agent: KnownAgent, call: LoopCall, verdict: LoopVerdict): Done {
  const model = verdict.action === 'downgrade' ? findCheaperModel(call.view, parts.book, parts.runtime.now()) : null
  // Where no other model may take over, that step of the ladder is not there.
  const isStopped = verdict.action === 'stop' || (verdict.action === 'downgrade' && model === null)
  if (!verdict.isEnforced) {
    return {
      refusal: null,
      observed: isStopped ? refuseLoop(verdict, agent.memory) : null,
      body: withNudges(agent, call),
      loop: recordLoop(verdict, isStopped ? 'stop' : verdict.action),
    }
  }
  if (isStopped) {
    const refusal = refuseLoop(verdict, agent.memory)
    return { refusal, observed: null, body: null, loop: recordLoop(verdict, 'stop') }
  }
  const isNudged = verdict.action === 'nudge' && nudge(agent, call, verdict.finding)
  const loop = recordLoop(verdict, verdict.action === 'nudge' && !isNudged ? 'notice' : verdict.action)
  const nudged = withNudges(agent, call)
  const edited = model === null ? nudged : withModel(nudged ?? call.body, model)
  return { refusal: null, observed: null, body: edited, loop }
}

/** False if there is no place for one. */
function nudge(agent: KnownAgent, { view, body }: LoopCall, finding: LoopFinding): boolean {
  const nudges = addNudge(view, body, agent.memory.nudges, nudgeText(finding))
  if (nudges !== null) agent.memory = { ...agent.memory, nudges }
  return nudges !== null
}

/** Every nudge stands in every later request too, or caches and the model's own thinking would be cut off. */
function withNudges({ memory }: KnownAgent, { view, body }: LoopCall): Uint8Array | null {
  const nudged = memory.nudges.length === 0 ? body : applyNudges(body, view, memory.nudges)
  return nudged === body ? null : nudged
}

function withModel(body: Uint8Array, model: string): Uint8Array {
  return replaceModel(body, scanCall(body), model)
}

function recordLoop({ finding, spent, isEnforced }: LoopVerdict, action: LoopVerdict['action']): RecordedLoop {
  const { rule, repeats, rounds, cycle } = finding
  return { action, isEnforced, rule, repeats, rounds, cycle, spent }
}

/** What was never billed never happened, as far as the agent's loops go. */
function recordEnd(agent: KnownAgent, request: string, record: CallRecord, answer: string | null): void {
  const { usage, cost, startedAt, durationMs } = record
  const [part] = usage?.parts ?? []
  if (part === undefined) return
  agent.memory = rememberCost(agent.memory, cost.nano)
  const atMs = startedAt + durationMs
  agent.detector.noteTurn({ atMs, cost: cost.nano, promptTokens: totalPrompt(part), request, answer })
}
