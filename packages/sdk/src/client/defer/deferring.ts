/** Calls of a program that may wait. */

import { asObject } from '../../core/body/json-object.js'
import { identify } from '../../core/budget/scope.js'
import { readWithin, withinAdvice } from '../../core/defer/defer-within.js'
import { errorFromRefusal } from '../../core/refusal/refusal-error.js'
import type { DeferredCallState } from '../../engine/deferred-telling.js'
import { attributionHeaders } from '../attribution.js'
import type { Door } from '../door/door-types.js'
import { checkOptions, type Names } from '../door/known-options.js'
import { clientAccount, clientSender, isDeferClient } from './client-sender.js'
import { DeferredCallError, errorOfAnswer } from './defer-errors.js'
import type { DeferOptions, DeferredCall, Deferring } from './defer-types.js'

/** @param client of the guard; undefined if it has none */
export function openDeferring(door: Door, client: object | undefined): Deferring {
  let account: string | null = null
  /** Only who uses the queue works on it. */
  const join = (): string => {
    if (client === undefined || !isDeferClient(client)) throw new TypeError(NO_CLIENT)
    account ??= clientAccount(client)
    door.engine.deferred.lend(account, clientSender(client))
    return account
  }
  return {
    defer: async <Message>(params: object, options: DeferOptions) => {
      checkOptions('defer', options, optionNames)
      const id = await submit(door, join(), params, options)
      return openCall<Message>(door, id)
    },
    deferred: (id) => {
      if (client !== undefined) join()
      return openCall(door, id)
    },
  }
}

const NO_CLIENT = 'Deferred calls are sent by a client of the guard: createGuard({ client: new Anthropic() }).'
const optionNames = { within: true, id: true, on: true, betas: true } satisfies Names<DeferOptions>

async function submit(door: Door, account: string, params: object, options: DeferOptions): Promise<string> {
  const { within, id = door.runtime.id(), on = {}, betas = [] } = options
  const withinMs = typeof within === 'string' ? readWithin(within) : null
  if (withinMs === null) throw new TypeError(withinAdvice)
  if (!/^[\w-]{1,64}$/.test(id)) throw new TypeError('The id of a deferred call has 1 to 64 of a-z A-Z 0-9 _ -')
  const { metadata } = asObject(params)
  const { user_id: userId } = asObject(metadata)
  const scope = identify(attributionHeaders(on), typeof userId === 'string' ? userId : null, null)
  const deferral = await door.engine.deferred.submit({
    ...{ id, account, owner: account, scope, withinMs, client: null, webhook: null },
    headers: betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') },
    body: new TextEncoder().encode(JSON.stringify(params)),
  })
  if (deferral.kind === 'taken') return deferral.job.id
  throw errorFromRefusal(deferral.refusal, { requestId: deferral.id })
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000

function openCall<Message>(door: Door, id: string): DeferredCall<Message> {
  const { engine, runtime } = door
  const find = async (): Promise<DeferredCallState> => {
    const found = await engine.deferred.find(id)
    if (found !== null) return found
    throw new DeferredCallError(id, 'unknown', null, `There is no deferred call ${JSON.stringify(id)} in the store.`)
  }
  return {
    id,
    result: async ({ signal } = {}) => {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
        signal?.throwIfAborted()
        const { job, answer } = await find()
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
      return engine.deferred.cancel(id)
    },
  }
}
