/** Calls of a program that may wait. */

import { asObject } from '../../core/body/json-object.js'
import { identify } from '../../core/budget/scope.js'
import { readWithin, withinAdvice } from '../../core/defer/defer-within.js'
import { errorFromRefusal } from '../../core/refusal/refusal-error.js'
import type { DeferralDraft } from '../../engine/deferred-submit.js'
import { attributionHeaders } from '../attribution.js'
import { CLOSED } from '../door/closed.js'
import type { Door } from '../door/door-types.js'
import { checkOptions, type Names } from '../door/known-options.js'
import { clientAccount, clientSender, type DeferClient, isDeferClient } from './client-sender.js'
import type { DeferOptions, Deferring } from './defer-types.js'
import { openDirectCalls } from './direct-calls.js'
import { idOf, openCall } from './queued-call.js'

/** @param client of the guard; undefined if it has none */
export function openDeferring(door: Door, client: object | undefined): Deferring {
  let account: string | null = null
  const directs = openDirectCalls(door)
  /** Only who uses the queue works on it. */
  const join = (): { readonly account: string; readonly client: DeferClient } => {
    if (client === undefined || !isDeferClient(client)) throw new TypeError(NO_CLIENT)
    account ??= clientAccount(client)
    const name = account
    door.engine.tell(({ deferred }) => deferred.lend(name, clientSender(client)))
    return { account, client }
  }
  return {
    defer: async <Message>(params: object, options: DeferOptions) => {
      checkOptions('defer', options, optionNames)
      if (door.isClosed) throw errorFromRefusal(CLOSED)
      const joined = join()
      const draft = draftCall(door, joined.account, params, options)
      if (isOnlyWhenLow(options)) return directs.offer<Message>(joined.client, { draft, params, options })
      const { deferred } = await door.engine.whenLoaded
      return openCall<Message>(door, idOf(await deferred.submit({ draft, headers: {} })))
    },
    deferred: <Message>(id: string) => {
      if (client !== undefined) join()
      return directs.find<Message>(id) ?? openCall<Message>(door, id)
    },
  }
}

const NO_CLIENT = 'Deferred calls are sent by a client of the guard: createGuard({ client: new Anthropic() }).'
const optionNames = { within: true, when: true, id: true, on: true, betas: true } satisfies Names<DeferOptions>

function isOnlyWhenLow({ when = 'always' }: DeferOptions): boolean {
  if (when === 'always' || when === 'degraded') return when === 'degraded'
  throw new TypeError(`when is 'always' or 'degraded', not ${JSON.stringify(when)}`)
}

function draftCall(door: Door, account: string, params: object, options: DeferOptions): DeferralDraft {
  const { within, id = door.runtime.id(), on = {}, betas = [] } = options
  const withinMs = typeof within === 'string' ? readWithin(within) : null
  if (withinMs === null) throw new TypeError(withinAdvice)
  if (!/^[\w-]{1,64}$/.test(id)) throw new TypeError('The id of a deferred call has 1 to 64 of a-z A-Z 0-9 _ -')
  const { metadata } = asObject(params)
  const { user_id: userId } = asObject(metadata)
  return {
    ...{ id, account, owner: account, withinMs, client: null, webhook: null },
    scope: identify(attributionHeaders(on), typeof userId === 'string' ? userId : null, null),
    headers: betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') },
    body: new TextEncoder().encode(JSON.stringify(params)),
  }
}
