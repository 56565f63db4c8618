/** A ping: a call of the engine's own, which asks the same of breakers, budgets and the ledger as every other. */

import type { CallView } from '../core/body/call.js'
import { resolveEndpoint } from '../core/body/endpoint.js'
import type { WholeAnswer } from '../core/body/incoming-call.js'
import { scanCall } from '../core/body/scan.js'
import { matchBudgets } from '../core/budget/budget.js'
import type { Scope } from '../core/budget/scope.js'
import { warmBody } from '../core/cache/warm-body.js'
import { expectUsage } from '../core/cost/ending.js'
import { findModel } from '../core/cost/price.js'
import type { CallRecord } from '../core/cost/record.js'
import { findDueSteps } from '../core/degrade/degrade.js'
import type { Refusal } from '../core/refusal/errors.js'
import { enforcedRefusal } from '../core/refusal/objection.js'
import { tokenFacts } from '../core/tokens/tokens.js'
import { openRequest, refuse } from './admission.js'
import type { Desk, Expectation, Opening } from './desk.js'
import type { WarmPrompt } from './keep-warm.js'
import { reserveCall } from './reserving.js'
import { openWatch, type Watch } from './watch.js'

/**
 * Sends it, and waits for its end. Null if it was not sent. Never rejects.
 *
 * @param stop fires when its answer is not waited for any more: it is then charged by estimate
 */
export async function sendPing(desk: Desk, prompt: WarmPrompt, stop: AbortSignal): Promise<CallRecord | null> {
  try {
    return await send(desk, prompt, stop)
  } catch (error) {
    desk.runtime.log.error('keep-warm-failed', { error: String(error) })
    return null
  }
}

async function send(desk: Desk, prompt: WarmPrompt, stop: AbortSignal): Promise<CallRecord | null> {
  const startedTick = desk.runtime.tick()
  const body = warmBody(prompt.body)
  const view = scanCall(body)
  const expectation = expectPing(desk, prompt, view, body)
  const opening = openPing(desk, prompt, expectation, body.length, startedTick)
  const { id, scope } = opening
  if (!(await prompt.isWelcome()) || (await runsLow(desk, id, scope))) return null
  const refused = (refusal: Refusal): null => {
    refuse(desk, opening, refusal, prompt.watch(id).end(null, false, { diagnosis: null, stopReason: null }))
    return null
  }
  const passage = { id, scope, model: view.model, isFromPerson: false }
  const stopped = enforcedRefusal(await desk.breakers.admit(passage))
  if (stopped !== null) return refused(stopped)
  // Money that is there, and not the last of it: nobody asked for this call.
  const asked = { id, view, body, scope, expectation, hasCheaper: true }
  const reservation = await reserveCall(desk, { ...asked, isGone: () => stop.aborted, countInput: async () => null })
  if (reservation.kind === 'refused') return refused(reservation.refusal)
  const admitted = { opening, expectation, startedTick, hold: reservation.hold, inspection: null, routing: null }
  // That it has no answer says nothing about answers.
  const watch = openWatch({ ...desk, learn() {} }, { ...admitted, cache: prompt.watch(id) })
  const record = await feed(watch, prompt.send, body, stop)
  prompt.onOwnCall(record)
  return record
}

async function feed(watch: Watch, send: WarmPrompt['send'], body: Uint8Array, stop: AbortSignal): Promise<CallRecord> {
  if (stop.aborted) return watch.end('gateway-stopped')
  watch.sent()
  const answer = await unlessStopped(send(body), stop)
  if (answer === null) return watch.end(stop.aborted ? 'gateway-stopped' : 'upstream-failed')
  watch.head(answer.status, answer.headers)
  watch.chunk(answer.body)
  return watch.end('complete')
}

/** The answer, or null as soon as nobody waits for it. */
function unlessStopped(answer: Promise<WholeAnswer | null>, stop: AbortSignal): Promise<WholeAnswer | null> {
  return new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve(null), { once: true })
    void answer.then(resolve)
  })
}

/** On the first step of a ladder nothing is spent any more that nobody waits for. */
async function runsLow(desk: Desk, id: string, scope: Scope): Promise<boolean> {
  const budgets = desk.budgets()
  const accounts = matchBudgets(budgets, scope, id, desk.runtime.now()).filter(
    ({ budget }) => (budgets.byId.get(budget)?.degrade ?? []).length > 0,
  )
  return accounts.length > 0 && findDueSteps(budgets, await desk.balances.refresh(accounts)).length > 0
}

function expectPing(desk: Desk, { scope }: WarmPrompt, view: CallView, body: Uint8Array): Expectation {
  const model = view.model ?? ''
  const estimate = desk.estimateInput(view, body, tokenFacts(findModel(desk.config.book, model)), desk.ratioOf(model))
  return { model, scope, estimate, usage: expectUsage(view, estimate.tokens, 0), ttl: null }
}

/** How such calls are told apart in records, beside the mark in what they say of the cache. */
const CLIENT = 'runguard (keeps a prompt warm)'

function openPing(
  desk: Desk,
  { scope }: WarmPrompt,
  { model, estimate }: Expectation,
  receivedBytes: number,
  readAtTick: number,
): Opening {
  const endpoint = resolveEndpoint('POST', '/v1/messages')
  const headers = { 'user-agent': CLIENT }
  const { tokens, bound } = estimate
  return {
    ...openRequest(desk, { method: 'POST', endpoint, headers, body: null, receivedBytes, readAtTick, problem: null }),
    id: desk.runtime.id(),
    scope,
    requestedModel: model,
    isStream: false,
    estimate: { tokens, bound },
    loop: null,
  }
}
