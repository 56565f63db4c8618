/** Deferred calls that go out by themselves, because no batch will answer them in time. */

import { resolveEndpoint } from '../core/body/endpoint.js'
import type { DeferredJob } from '../core/defer/defer.js'
import { answerRefusal, type RefusalCode } from '../core/refusal/errors.js'
import type { DeferredEnd } from '../store/deferred-store.js'
import type { SendToApi } from './api-sender.js'
import type { Lane } from './deferred-lane.js'
import { errorAnswer } from './deferred-results.js'
import { sendWhole, type WholeAnswer } from './whole-call.js'

const ENDPOINT = resolveEndpoint('POST', '/v1/messages')
const utf8 = new TextEncoder()
const text = new TextDecoder()

/** Refusals that may not come again before the deadline. */
const PASSING_REFUSALS: ReadonlySet<RefusalCode> = new Set([
  'runguard_budget_exceeded',
  'runguard_breaker_open',
  'runguard_ledger_unavailable',
])

/** Sends a call that waits, or overtakes the batch it is in. Resolves when it is on its way. */
export async function startDirect(lane: Lane, send: SendToApi, job: DeferredJob): Promise<void> {
  const { store, desk, owner, directs } = lane
  const { id, batch, hold } = job
  // Read first: between the move and the sending nothing may fail, because a call that was moved counts as sent.
  const request = (await store.readDeferredRequests([id])).get(id)
  if (request === undefined) return
  const moved = await store.moveDeferred({ ids: [id], from: ['waiting', 'batched'], to: 'direct', sender: owner })
  if (moved.length === 0) return
  // The direct call takes a hold of its own, at its own price; what is in a batch may be billed as well.
  if (batch === null && hold !== null) desk.journal.close(null, [{ kind: 'release', hold, at: desk.runtime.now() }])
  const running = sendDirect(lane, send, job, request)
    .catch((error: unknown) => giveUp(lane, id, error))
    .finally(() => {
      directs.delete(id)
      lane.wake()
    })
  directs.set(id, running)
}

/** Something of ours is broken, and nobody knows how far the call got. */
async function giveUp({ store, desk }: Lane, id: string, error: unknown): Promise<void> {
  const { runtime } = desk
  runtime.log.error('deferred-call-failed', { job: id, error: String(error) })
  await store.endDeferred({ id, outcome: 'interrupted', answer: LOST, at: runtime.now() }).catch((failure: unknown) => {
    runtime.log.error('deferred-call-failed', { job: id, error: String(failure) })
  })
}

async function sendDirect(lane: Lane, send: SendToApi, job: DeferredJob, request: string): Promise<void> {
  const { desk } = lane
  const { id, scope, headers: own, client } = job
  const headers = { 'anthropic-version': '2023-06-01', ...own, 'content-type': 'application/json' }
  const body = utf8.encode(request)
  const call = {
    ...{ method: 'POST', endpoint: ENDPOINT, scope, body, receivedBytes: body.length, problem: null },
    headers: { ...headers, ...(client !== null && { 'user-agent': client }) },
    readAtTick: desk.runtime.tick(),
    waited: job.decision ?? null,
  }
  const answer = await sendWhole(desk, call, headers, send)
  // The bill first, so that who reads the answer finds it in the books even if this process dies now. What cannot be
  // written stays in the journal.
  await desk.journal.flush().catch(() => {})
  const at = desk.runtime.now()
  const ending = endingOf(answer)
  if (ending.isPassing && at < job.deadline) await putBack(lane, job)
  else await endSurely(lane, { id, outcome: ending.outcome, answer: ending.answer, at })
}

const END_PAUSES_MS = [250, 1_000, 4_000, 16_000]

/** The answer is here, and paid: a store that is away for a moment must not lose it. */
async function endSurely({ store, desk }: Lane, end: DeferredEnd): Promise<void> {
  for (const pauseMs of END_PAUSES_MS) {
    try {
      await store.endDeferred(end)
      return
    } catch (error) {
      desk.runtime.log.warn('deferred-answer-unsaved', { job: end.id, error: String(error) })
      await desk.runtime.sleep(pauseMs)
    }
  }
  await store.endDeferred(end)
}

interface DirectEnding {
  readonly outcome: 'succeeded' | 'failed' | 'interrupted'
  readonly answer: string
  /** Another try may end otherwise, and cannot be billed twice. */
  readonly isPassing: boolean
}

function endingOf(answer: WholeAnswer): DirectEnding {
  if (answer.kind === 'refused') {
    const { body } = answerRefusal(answer.refusal, 'none')
    return { outcome: 'failed', answer: body, isPassing: PASSING_REFUSALS.has(answer.refusal.code) }
  }
  if (answer.kind === 'lost') {
    return answer.wasSent
      ? { outcome: 'interrupted', answer: LOST, isPassing: false }
      : { outcome: 'failed', answer: UNREACHABLE, isPassing: true }
  }
  const { status, body } = answer
  const isPassing = status === 408 || status === 409 || status === 429 || status >= 500
  return { outcome: status < 300 ? 'succeeded' : 'failed', answer: jsonOf(body), isPassing }
}

const LOST = errorAnswer(
  'api_error',
  'The connection broke while the call was on its way. It may have been answered and paid; it is not sent again by itself.',
)
const UNREACHABLE = errorAnswer('api_error', 'The API could not be reached until the deadline of the call.')
const UNREADABLE = errorAnswer('api_error', 'The API answered with something that is not JSON.')

function jsonOf(body: Uint8Array): string {
  try {
    return JSON.stringify(JSON.parse(text.decode(body)))
  } catch {
    return UNREADABLE
  }
}

/** The next round decides anew. */
async function putBack({ store }: Lane, { id, batch }: DeferredJob): Promise<void> {
  await store.moveDeferred({ ids: [id], from: ['direct'], to: batch === null ? 'waiting' : 'batched', sender: null })
}
