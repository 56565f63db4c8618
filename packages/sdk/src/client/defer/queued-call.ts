/** A call of the queue, as a program sees it. */

import { checkOptions } from '../../core/config/known-options.js'
import { errorFromRefusal } from '../../core/refusal/refusal-error.js'
import type { Deferral } from '../../engine/deferred-submit.js'
import type { DeferredCallState } from '../../engine/deferred-telling.js'
import { throwIfAborted } from '../door/abort.js'
import { CLOSED } from '../door/closed.js'
import type { Door } from '../door/door-types.js'
import { DeferredCallError, errorOfAnswer } from './defer-errors.js'
import { type DeferredCall, resultOptions } from './defer-types.js'

/** The id of a call that was taken. @throws RunGuardError if it was refused */
export function idOf(deferral: Deferral): string {
  if (deferral.kind === 'taken') return deferral.job.id
  throw errorFromRefusal(deferral.refusal, { requestId: deferral.id })
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000

/** The call of this id, whether there is one or not. */
export function openCall<Message>(door: Door, id: string): DeferredCall<Message> {
  const { engine, runtime } = door
  const find = async (): Promise<DeferredCallState> => {
    const { deferred } = await engine.whenLoaded
    const found = await deferred.find(id)
    if (found !== null) return found
    throw new DeferredCallError(id, 'unknown', null, `There is no deferred call ${JSON.stringify(id)} in the store.`)
  }
  return {
    id,
    result: async (options = {}) => {
      checkOptions('result', options, resultOptions)
      const { signal } = options
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
        throwIfAborted(signal)
        const { job, answer } = await find()
        if (answer === null && door.isClosed) throw errorFromRefusal(CLOSED)
        if (answer === null) await runtime.sleep(pauseMs, signal)
        else if (job.outcome === 'succeeded') return JSON.parse(answer) as Message
        else throw errorOfAnswer(id, job.outcome ?? 'failed', answer)
      }
    },
    status: async () => {
      const { state, outcome, createdAt, deadline, endedAt } = (await find()).job
      return { state, outcome, createdAt, deadline, endedAt }
    },
    cancel: async () => {
      await find()
      const { deferred } = await engine.whenLoaded
      return deferred.cancel(id)
    },
  }
}
