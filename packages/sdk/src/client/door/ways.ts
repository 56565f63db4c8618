/** The ways into a door: a middleware, a `fetch`, and a client that uses one of them. */

import { show } from '../../core/config/known-options.js'
import { isRunGuardError, type RunGuardError } from '../../core/refusal/refusal-error.js'
import { clientAccount, clientSender, isDeferClient } from '../defer/client-sender.js'
import type { GuardedWays } from '../guard-types.js'
import type { Account, Door, DoorRequest, OutgoingRequest, Send } from './door-types.js'
import type { Fetch, FetchBody, Middleware } from './middleware-types.js'
import { runtimeFetch } from './network.js'
import { wrapClient } from './wrap.js'

/** The ways into a door on one account. */
export function openWays(door: Door, account: Account): GuardedWays {
  const { middleware, guardFetch } = waysOn(door, account)
  return {
    middleware,
    guardFetch: (fetch) => {
      if (typeof fetch !== 'function') throw new TypeError(`guardFetch() takes a fetch, not ${show(fetch)}`)
      return guardFetch(fetch)
    },
    fetch: guardFetch(door.fetch),
    wrap: (client) => wrapClient(client, { door, ...waysOn(door, lending(door, account, client)) }),
  }
}

/** What a client has created may be asked about later, by the client as it is, without a caller. */
function lending(door: Door, account: Account, client: object): Account {
  if (!isDeferClient(client)) return account
  const lend = (): string => {
    const name = clientAccount(client)
    door.engine.tell(({ deferred }) => deferred.lend(name, clientSender(client)))
    return name
  }
  return { ...account, lend }
}

function waysOn(door: Door, account: Account): Pick<GuardedWays, 'middleware' | 'guardFetch'> {
  const middleware: Middleware = async (request, next) => {
    const { url, method = 'GET', headers, body, signal = null } = request
    return await pass(door, account, { url, method: method.toUpperCase(), headers, body, signal }, (outgoing) =>
      next({ ...request, url: outgoing.url, headers: outgoing.headers, body: outgoing.body }),
    )
  }
  door.own.set(middleware, null)
  const guardFetch = (fetch: Fetch): Fetch => {
    const inner = door.own.get(fetch) ?? fetch
    const outward = inner === runtimeFetch ? door.network : inner
    const guarded: Fetch = async (input, init) => {
      const { request, send } = readFetch(outward, input, init)
      try {
        return await pass(door, account, request, send)
      } catch (error) {
        // A client would take what its fetch throws for a lost connection, and try again.
        if (isRunGuardError(error)) return answerError(error)
        throw error
      }
    }
    door.own.set(guarded, inner)
    return guarded
  }
  return { middleware, guardFetch }
}

function pass(door: Door, account: Account, request: DoorRequest, send: Send): Promise<Response> {
  // A guard further out has admitted it.
  if (door.passing.delete(request.headers)) return send(request)
  const { loaded, whenLoaded } = door.engine
  if (loaded !== null) return loaded.passRequest(door, account, request, send)
  return whenLoaded.then(({ passRequest }) => passRequest(door, account, request, send))
}

type FetchInput = Parameters<Fetch>[0]
type FetchInit = Parameters<Fetch>[1]

interface ReadFetch {
  readonly request: DoorRequest
  readonly send: Send
}

/** Both forms of calling `fetch`. */
function readFetch(fetch: Fetch, input: FetchInput, init: FetchInit): ReadFetch {
  if (input instanceof Request) return readRequestObject(fetch, new Request(input, init))
  const url = typeof input === 'string' ? input : String(input)
  const method = String(init?.method ?? 'GET').toUpperCase()
  // The very object, where it is one: a guard further out may have marked it.
  const headers = init?.headers instanceof Headers ? init.headers : new Headers(init?.headers)
  const request = { url, method, headers, body: ownBytes(init?.body), signal: init?.signal ?? null }
  return { request, send: ({ url, headers, body }) => fetch(url, { ...init, headers, body: body as FetchBody }) }
}

/** As `fetch` itself does: whoever has called may fill his buffer anew at once, and what was read of it stays true. */
function ownBytes(body: unknown): unknown {
  if (body instanceof ArrayBuffer) return body.slice()
  return ArrayBuffer.isView(body) ? Uint8Array.from(bytesOf(body)) : body
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function readRequestObject(fetch: Fetch, whole: Request): ReadFetch {
  const { url, method, headers, body, signal } = whole
  const send = (outgoing: OutgoingRequest): Promise<Response> => {
    const isMoved = outgoing.url !== url
    const base = isMoved ? new Request(outgoing.url, { method, signal, redirect: whole.redirect }) : whole
    const changed = outgoing.body === body ? {} : { body: outgoing.body as FetchBody }
    return fetch(new Request(base, { headers: outgoing.headers, ...changed }))
  }
  return { request: { url, method, headers, body, signal }, send }
}

function answerError(error: RunGuardError): Response {
  const { status, headers, body } = error.toWire()
  const own = error.requestId === null ? {} : { 'x-runguard-request-id': error.requestId }
  return new Response(body, { status, headers: { ...headers, ...own } })
}
