/** A ping: a call of the engine's own, which asks the same of breakers, budgets and the ledger as every other. */

import type { CallView } from '../core/body/call.js'
import { resolveEndpoint } from '../core/body/endpoint.js'
import { scanCall } from '../core/body/scan.js'
import { warmBody } from '../core/cache/warm-body.js'
import { expectUsage } from '../core/cost/ending.js'
import { findModel } from '../core/cost/price.js'
import type { CallRecord } from '../core/cost/record.js'
import { tokenFacts } from '../core/tokens/tokens.js'
import { openRequest, refuse } from './admission.js'
import type { Desk, Expectation, Opening } from './desk.js'
import type { WarmPrompt } from './keep-warm.js'
import { reserveCall } from './reserving.js'
import { openWatch } from './watch.js'

/** Sends it, and waits for its end. Null if it was refused, or something went wrong with it. Never rejects. */
export async function sendPing(desk: Desk, prompt: WarmPrompt): Promise<CallRecord | null> {
  try {
    return await send(desk, prompt)
  } catch (error) {
    desk.runtime.log.error('keep-warm-failed', { error: String(error) })
    return null
  }
}

async function send(desk: Desk, prompt: WarmPrompt): Promise<CallRecord | null> {
  const startedTick = desk.runtime.tick()
  const body = warmBody(prompt.body)
  const view = scanCall(body)
  const expectation = expectPing(desk, prompt, view, body)
  const opening = openPing(desk, prompt, expectation, body.length, startedTick)
  const { id, scope } = opening
  const stopped = await desk.breakers.admit({ id, scope, model: view.model, isFromPerson: false })
  if (stopped !== null) return nothing(refuse(desk, opening, stopped))
  // Money that is there, and not the last of it: nobody asked for this call.
  const asked = { id, view, body, scope, expectation, hasCheaper: true }
  const reservation = await reserveCall(desk, { ...asked, isGone: () => false, countInput: async () => null })
  if (reservation.kind === 'refused') return nothing(refuse(desk, opening, reservation.refusal))
  const admitted = { opening, expectation, startedTick, hold: reservation.hold, inspection: null, routing: null }
  // That it has no answer says nothing about answers.
  const watch = openWatch({ ...desk, learn() {} }, { ...admitted, cache: prompt.watch(id) })
  watch.sent()
  const answer = await prompt.send(body)
  if (answer === null) return watch.end('upstream-failed')
  watch.head(answer.status, answer.headers)
  watch.chunk(answer.body)
  const record = watch.end('complete')
  prompt.onOwnCall(record)
  return record
}

function nothing(_refused: unknown): null {
  return null
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
