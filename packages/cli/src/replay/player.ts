/** Plays calls of the past to an engine of now: the real one, over a store in memory, in virtual time, without a network. */

import { type Account, type Budget, type CallEnd, type CallRecord, resolveEndpoint, scanCall } from '@runguard/sdk/core'
import { type Admission, createEngine, type DoorGuard, type Engine, type EngineConfig } from '@runguard/sdk/engine'
import { forgetfulStore } from '@runguard/sdk/store'
import { followModels, type ModelFollower, type SentCall } from './model-follower.js'
import { countPieces, errorAnswer, type StreamPlan, streamedAnswer, wholeAnswer } from './past-answer.js'
import { bodyOf, numberReaders } from './past-body.js'
import type { PastCall, PastOutcome, ReplayedCall } from './past-call.js'
import { followRuns, type StoppedRun } from './run-follower.js'
import { type VirtualTime, virtualTime } from './virtual-time.js'

/** What calls are played to. */
export interface Stage {
  readonly config: EngineConfig
  readonly budgets: readonly Budget[]
  /** Whether the calls have their conversations with them. */
  readonly hasContent: boolean
  /** Called for each call, when it has ended. */
  onCall(call: ReplayedCall): void
  /** Called for each run that would have been stopped, when it is known what became of it. */
  onStopped(run: StoppedRun): void
}

type Sent = Extract<Admission, { kind: 'send' }>

/** What playing one call needs. */
interface Play {
  readonly engine: Engine
  readonly time: VirtualTime
  readonly models: ModelFollower
}

/**
 * Plays calls in the order of their time; resolves with the accounts of all budgets when the last of them has ended. Only
 * what runs at the same time is in memory.
 */
export async function playCalls(
  calls: AsyncIterable<PastCall> | Iterable<PastCall>,
  stage: Stage,
): Promise<readonly Account[]> {
  const store = forgetfulStore()
  const time = virtualTime(0)
  const ended = new Map<string, CallRecord>()
  const engine = createEngine({
    config: stage.config,
    budgets: stage.budgets,
    store,
    runtime: time,
    onRecord: (record) => ended.set(record.id, record),
    readers: numberReaders(stage.hasContent),
  })
  const play: Play = { engine, time, models: followModels() }
  const runs = followRuns(stage.onStopped)
  let running = 0
  const start = async (past: PastCall): Promise<void> => {
    running += 1
    const id = await playCall(play, past)
    running -= 1
    const record = ended.get(id)
    ended.delete(id)
    if (record === undefined) throw new Error(`the call ${past.id} ended without a record`)
    if (record.ending.reason === 'refused') runs.refused(past, record.errorCode ?? '')
    stage.onCall({ kind: 'judged', past, record })
  }
  await runThrough(calls, time, {
    isIdle: () => running === 0,
    start: async (past) => (runs.isUnmade(past) ? stage.onCall({ kind: 'not-made', past }) : await start(past)),
  })
  runs.end()
  return await closeStage(engine, store, time)
}

interface Runner {
  isIdle(): boolean
  /** Resolves when the call has ended. */
  start(past: PastCall): Promise<void>
}

/** Starts each call at its time, whatever of the others still runs. Rejects with the first failure. */
async function runThrough(
  calls: AsyncIterable<PastCall> | Iterable<PastCall>,
  time: VirtualTime,
  { isIdle, start }: Runner,
): Promise<void> {
  const failures: unknown[] = []
  const check = (): void => {
    if (failures.length > 0) throw failures[0]
  }
  for await (const past of calls) {
    await moveTo(past.atMs, time, isIdle)
    start(past).catch((error: unknown) => failures.push(error))
    await time.settle()
    check()
  }
  while (!isIdle()) {
    await time.runNext()
    check()
  }
}

/** What the end of a call sets off is through after this time. */
const SETTLING_MS = 1_000

/** Once nothing runs, the years up to the next call are passed over: what does its rounds would do them for years. */
async function moveTo(atMs: number, time: VirtualTime, isIdle: () => boolean): Promise<void> {
  if (!isIdle()) {
    await time.runUntil(atMs, isIdle)
    await time.runUntil(Math.min(atMs, time.tick() + SETTLING_MS))
  }
  await time.skipTo(atMs)
}

async function closeStage(engine: Engine, store: ReturnType<typeof forgetfulStore>, time: VirtualTime) {
  let isClosed = false
  const closing = engine.close().finally(() => {
    isClosed = true
  })
  await time.settle()
  while (!isClosed) await time.runNext()
  await closing
  return await store.balances({})
}

const paths = { messages: '/v1/messages', 'count-tokens': '/v1/messages/count_tokens' } as const

/** Resolves with the id of its record. */
async function playCall({ engine, time, models }: Play, past: PastCall): Promise<string> {
  const body = bodyOf(past)
  const admission = await engine.admit({
    method: 'POST',
    endpoint: resolveEndpoint('POST', paths[past.endpoint]),
    headers: {},
    // As it was identified then, gateway key and team included: headers could not say those.
    scope: past.scope,
    body,
    receivedBytes: body.length,
    readAtTick: time.tick(),
    problem: null,
    // The API counted these tokens when it billed them.
    countInput: async () => countOf(past),
  })
  if (admission.kind === 'refuse') return admission.id
  const sent = readSent(admission.body ?? body)
  const { outcome } = past
  if (outcome.kind === 'unsent') admission.watch.end('upstream-failed')
  else if (outcome.kind === 'failed') await fail(time, past, admission, outcome)
  else if (outcome.kind === 'free') finishFree(admission)
  else await answer(time, past, admission, planAnswer(past, sent, models))
  return admission.watch.id
}

function countOf({ outcome }: PastCall): number | null {
  if (outcome.kind !== 'answered') return null
  const [first] = outcome.usage.parts
  return first === undefined ? null : first.input + first.write5m + first.write1h + first.read
}

function readSent(body: Uint8Array): SentCall {
  const { model, maxTokens } = scanCall(body)
  return { model: model ?? '', maxTokens }
}

function finishFree({ watch }: Sent): void {
  watch.sent()
  watch.head(200, { 'content-type': 'application/json' })
  watch.end('complete')
}

async function fail(
  time: VirtualTime,
  { headMs }: PastCall,
  { watch }: Sent,
  { status, errorCode }: Extract<PastOutcome, { kind: 'failed' }>,
): Promise<void> {
  watch.sent()
  await time.sleep(headMs)
  watch.head(status, { 'content-type': 'application/json' })
  watch.chunk(errorAnswer(errorCode))
  watch.end('complete')
}

function planAnswer(past: PastCall, sent: SentCall, models: ModelFollower): StreamPlan {
  const { usage, model } = models.usageOf(past, sent)
  const output = usage.parts.at(-1)?.output ?? 0
  const end = past.outcome.kind === 'answered' ? past.outcome.end : 'complete'
  const upTo = end === 'cut' ? Math.max(output, sent.maxTokens ?? output) : output
  return { model, usage, upTo, isComplete: end !== 'broken' }
}

async function answer(time: VirtualTime, past: PastCall, { watch }: Sent, plan: StreamPlan): Promise<void> {
  watch.sent()
  await time.sleep(past.headMs)
  const type = past.isStream ? 'text/event-stream' : 'application/json'
  const guard = watch.head(200, { 'content-type': type })
  if (past.isStream && guard !== null) return await stream(time, past, { guard, watch }, plan)
  await time.sleep(restOf(past))
  const pieces = past.isStream ? streamedAnswer(plan) : [wholeAnswer(plan.model, plan.usage)]
  for (const piece of plan.isComplete || past.isStream ? pieces : []) watch.chunk(piece)
  watch.end(endOf(past, plan))
}

/** From the head of the answer to its end. */
function restOf({ answerMs, headMs }: PastCall): number {
  return Math.max(0, answerMs - headMs)
}

/** How a door would have told of the end. */
function endOf({ record }: PastCall, { isComplete }: StreamPlan): CallEnd {
  const reason = record?.ending.reason
  if (isComplete || reason === 'stream-incomplete' || reason === 'usage-missing') return 'complete'
  return reason === 'caller-aborted' || reason === 'gateway-stopped' ? reason : 'upstream-failed'
}

/** A stream that a budget may end: its pieces come one by one, so that it ends where it would have ended. */
async function stream(
  time: VirtualTime,
  past: PastCall,
  { guard, watch }: { readonly guard: DoorGuard; readonly watch: Sent['watch'] },
  plan: StreamPlan,
): Promise<void> {
  const pauseMs = restOf(past) / countPieces(plan.usage.parts.at(-1)?.output ?? 0)
  for (const piece of streamedAnswer(plan)) {
    guard.pass(piece)
    while (guard.flow === 'wait') await new Promise<void>((resolve) => (guard.onTurn = resolve))
    if (guard.flow === 'cut') {
      guard.cut()
      return
    }
    await time.sleep(pauseMs)
  }
  guard.finish()
  watch.end(endOf(past, plan))
}
