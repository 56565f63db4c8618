/** Admit, for batches: a creation is held for as a whole, results settle it, and whatever is asked beside is free. */

import { batchAction } from '../core/batch/batch-action.js'
import type { Call } from '../core/body/incoming-call.js'
import { identify } from '../core/budget/scope.js'
import { enforcedRefusal, keepObjection } from '../core/refusal/objection.js'
import { type Admission, openRequest, refuse } from './admission.js'
import { holdBatch } from './batch-holding.js'
import { readBatch } from './batch-reading.js'
import { type BatchCall, watchBatch } from './batch-watch.js'
import type { Desk, Opening } from './desk.js'

/** The way in for every call about batches. Never rejects for anything a caller sends. */
export async function admitBatch(desk: Desk, call: Call): Promise<Admission> {
  const opening = openBatchCall(desk, call)
  if (call.problem !== null) return refuse(desk, opening, call.problem)
  const action = batchAction(call.method, call.endpoint.target)
  const { publicBase: base = null, credential: account = null, readAtTick: startedTick } = call
  const asked = { opening, action, base, account, startedTick }
  if (action.kind === 'create') return admitCreation(desk, call, asked)
  const row = 'batch' in action ? await desk.batches.find(action.batch) : null
  return { kind: 'send', watch: watchBatch(desk, { ...asked, row, creation: null }), body: null }
}

type Asked = Omit<BatchCall, 'row' | 'creation'>

async function admitCreation(desk: Desk, call: Call, asked: Asked): Promise<Admission> {
  const { id, scope } = asked.opening
  const reading = await readBatch(desk, call, scope)
  if (reading.kind === 'refused') return refuse(desk, asked.opening, reading.refusal)
  const { reserve, model } = reading
  const overheadMs = desk.runtime.tick() - call.readAtTick
  const opening: Opening = { ...asked.opening, requestedModel: model, overheadMs }
  const low = await desk.routes.object({ id, scope })
  if (low !== null) return refuse(desk, { ...opening, degraded: low.degraded }, low.refusal)
  const objection = await desk.breakers.admit({ id, scope, model, isFromPerson: false })
  const stopped = enforcedRefusal(objection)
  if (stopped !== null) return refuse(desk, opening, stopped)
  const reservation = await holdBatch(desk, opening, reserve)
  if (reservation.kind === 'refused') return refuse(desk, opening, reservation.refusal)
  const { hold, observed = null } = reservation
  const told = objection ?? (observed === null ? null : { refusal: observed, isEnforced: false })
  const sent: Opening = { ...opening, refusal: told === null ? null : keepObjection(told) }
  const creation = { reserve, hold }
  return { kind: 'send', watch: watchBatch(desk, { ...asked, opening: sent, row: null, creation }), body: null }
}

function openBatchCall(desk: Desk, call: Call): Opening {
  return {
    ...openRequest(desk, call),
    id: desk.runtime.id(),
    scope: call.scope ?? identify(call.headers, null, call.endpoint.project, call.account),
    requestedModel: null,
    isStream: false,
    estimate: null,
    loop: null,
  }
}
