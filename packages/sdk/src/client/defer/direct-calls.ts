/** Calls that wait only where a budget wants it: the others are sent at once. */

import { asObject } from '../../core/body/json-object.js'
import type { Offer } from '../../engine/deferred-offer.js'
import type { DeferralDraft } from '../../engine/deferred-submit.js'
import { attributionHeaders } from '../attribution.js'
import type { Account, Door } from '../door/door-types.js'
import { openWays } from '../door/ways.js'
import { type CreatingClient, createMessage } from '../messages-client.js'
import type { DeferClient } from './client-sender.js'
import type { DeferOptions, DeferredCall } from './defer-types.js'
import { type DirectCall, startDirectCall } from './direct-call.js'
import { idOf, openCall } from './queued-call.js'

/** A call that may wait. */
export interface OfferedRequest {
  readonly draft: DeferralDraft
  readonly params: object
  readonly options: Pick<DeferOptions, 'on'>
}

/** The calls of a guard that are sent at once, as long as they run. */
export interface DirectCalls {
  /** Rejects as `defer` does. */
  offer<Message>(client: DeferClient, request: OfferedRequest): Promise<DeferredCall<Message>>
  /** Null if none of this id runs. */
  find<Message>(id: string): DeferredCall<Message> | null
}

/** None yet. */
export function openDirectCalls(door: Door): DirectCalls {
  const running = new Map<string, { readonly sent: string; readonly call: DirectCall<unknown> }>()
  const find = <Message>(id: string) => (running.get(id)?.call ?? null) as DirectCall<Message> | null
  return {
    find,
    offer: async <Message>(client: DeferClient, request: OfferedRequest) => {
      const { draft } = request
      const sent = JSON.stringify(draft.headers) + new TextDecoder().decode(draft.body)
      const again = (): DirectCall<Message> | null => {
        const before = running.get(draft.id)
        if (before !== undefined && before.sent !== sent) throw new TypeError(OTHER_REQUEST)
        return find<Message>(draft.id)
      }
      const known = again()
      if (known !== null) return known
      const offer = await offerOf(door, request)
      if (offer.kind !== 'at-once') return openCall<Message>(door, idOf(offer))
      const started = again()
      if (started !== null) return started
      const call = startDirectCall<Message>({
        ...{ id: draft.id, withinMs: draft.withinMs, runtime: door.runtime },
        ask: (signal) => ask(door, client, request, { signal, why: offer.why }),
      })
      running.set(draft.id, { sent, call })
      void call.ended.then(() => running.delete(draft.id))
      return call
    },
  }
}

const OTHER_REQUEST = 'Another request with this id is on its way: take a new id for a new request.'

/** What could be no deferred call is refused as one, whatever budgets say today. */
async function offerOf({ engine }: Door, { draft, params, options }: OfferedRequest): Promise<Offer> {
  const { deferred } = await engine.whenLoaded
  if (asObject(params).stream === true) return deferred.submit({ draft, headers: {} })
  return deferred.offer({ draft, headers: { ...draft.headers, ...attributionHeaders(options.on ?? {}) } })
}

/** As long as the API answers what is not streamed. Said because the client refuses long answers otherwise. */
const TIMEOUT_MS = 600_000

async function ask(
  door: Door,
  client: DeferClient,
  { draft, params, options }: OfferedRequest,
  { signal, why }: { readonly signal: AbortSignal; readonly why: string | null },
): Promise<object> {
  if (!canCreate(client)) throw new TypeError('The client of the guard has no messages.create.')
  const account: Account = {
    whyAtOnce: why,
    headersFor: () => attributionHeaders(options.on ?? {}),
    onEnd: () => {},
  }
  const headers = draft.headers as Record<string, string>
  const wrapped = openWays(door, account).wrap(client)
  return await createMessage(wrapped, params as never, { signal, headers, timeout: TIMEOUT_MS })
}

function canCreate(client: DeferClient): client is DeferClient & CreatingClient {
  return typeof asObject(asObject(client).messages).create === 'function'
}
