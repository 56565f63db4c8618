/** Calls of a program that may wait. */

import { asObject } from '../../core/body/json-object.js'
import { identify } from '../../core/budget/scope.js'
import { checkKind, checkOptions, type Names, show } from '../../core/config/known-options.js'
import { oneOf, someText, texts } from '../../core/config/option-kinds.js'
import { readWithin, withinAdvice } from '../../core/defer/defer-within.js'
import { errorFromRefusal } from '../../core/refusal/refusal-error.js'
import type { DeferralDraft } from '../../engine/deferred-submit.js'
import { attributionHeaders, attributionNames } from '../attribution.js'
import { CLOSED } from '../door/closed.js'
import type { Door } from '../door/door-types.js'
import { checkRequest } from '../request-check.js'
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
      checkRequest('defer', params)
      checkOptions('defer', options, optionNames)
      if (door.isClosed) throw errorFromRefusal(CLOSED)
      const joined = join()
      const draft = draftCall(door, joined.account, params, options)
      if (options.when === 'degraded') return directs.offer<Message>(joined.client, { draft, params, options })
      const { deferred } = await door.engine.whenLoaded
      return openCall<Message>(door, idOf(await deferred.submit({ draft, headers: {} })))
    },
    deferred: <Message>(id: string) => {
      checkKind('the id of a deferred call', id, someText)
      if (client !== undefined) join()
      return directs.find<Message>(id) ?? openCall<Message>(door, id)
    },
  }
}

const NO_CLIENT = 'Deferred calls are sent by a client of the guard: createGuard({ client: new Anthropic() }).'
const optionNames = {
  within: true,
  when: oneOf('always', 'degraded'),
  id: true,
  on: true,
  betas: texts,
} satisfies Names<DeferOptions>

function draftCall(door: Door, account: string, params: object, options: DeferOptions): DeferralDraft {
  const { within, id = door.runtime.id(), on = {}, betas = [] } = options
  const withinMs = typeof within === 'string' ? readWithin(within) : null
  if (withinMs === null) throw new TypeError(withinAdvice)
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id)) {
    throw new TypeError(`The id of a deferred call has 1 to 64 of a-z A-Z 0-9 _ -, not ${show(id)}`)
  }
  checkOptions('on', on, attributionNames)
  const { metadata } = asObject(params)
  const { user_id: userId } = asObject(metadata)
  return {
    ...{ id, account, owner: account, withinMs, client: null, webhook: null },
    scope: identify(attributionHeaders(on), typeof userId === 'string' ? userId : null, null),
    headers: betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') },
    body: new TextEncoder().encode(writtenParams(params)),
  }
}

function writtenParams(params: object): string {
  try {
    return JSON.stringify(params)
  } catch (cause) {
    throw new TypeError('The params of defer cannot be written as JSON.', { cause })
  }
}
