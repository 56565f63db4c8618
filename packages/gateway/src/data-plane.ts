/** The data plane: one request in, through the engine, to the upstream, and back. It holds no rule. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Call, Endpoint, Refusal } from '@runguard/sdk/core'
import type { Engine, Runtime } from '@runguard/sdk/engine'
import type { Dispatcher } from 'undici'
import { type Caller, type CallerRules, identifyCaller } from './access/callers.js'
import { reachProblem } from './access/key-reach.js'
import { type CompiledCascades, serveCascade, startCascade } from './calls/cascade.js'
import { type DeferralDesk, deferCall, isDeferral } from './calls/deferral.js'
import type { RunningAnswer } from './calls/running-answer.js'
import { requestHeaders } from './headers.js'
import type { InputCounter } from './input-counter.js'
import { sendOwnRequest } from './own-request.js'
import { Relay, refuse } from './relay.js'
import { type ReadRequest, readRequest } from './request.js'

/** What every call of one gateway shares. */
export interface DataPlane {
  readonly engine: Engine
  readonly runtime: Runtime
  readonly upstream: Dispatcher
  /** Path in front of every target, without a trailing slash. */
  readonly upstreamPrefix: string
  readonly maxBodyBytes: number
  readonly countInput: InputCounter
  /** Whose calls are taken; null: everybody's. */
  readonly callers: CallerRules | null
  /** The calls that are running now. */
  readonly running: Set<RunningAnswer>
  readonly cascades: CompiledCascades
  readonly deferral: DeferralDesk
  /** Requests that are being read or admitted now. */
  readonly serving: Set<Promise<void>>
}

/** Refuses a call without looking at its body; it is recorded as every other, on the account of its key. */
export async function refuseCall(
  plane: DataPlane,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  problem: Refusal,
): Promise<void> {
  request.resume()
  const caller = await identifyCaller(plane.callers, request)
  if (caller.kind === 'refuse') return turnAway(request, response, caller.refusal, plane.runtime.id())
  const read = { outgoing: null, body: null, receivedBytes: 0, problem, caller }
  const admission = await plane.engine.admit(callFrom(plane, request, endpoint, read))
  response.setHeader('connection', 'close')
  if (admission.kind === 'refuse') refuse(response, admission.refusal, admission.id)
}

/** Serves one call, from its request to the last byte of its answer. */
export async function serveCall(
  plane: DataPlane,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const caller = await identifyCaller(plane.callers, request)
  if (caller.kind === 'refuse') return turnAway(request, response, caller.refusal, plane.runtime.id())
  const problem = caller.account === null || plane.callers?.upstreamKey == null ? null : reachProblem(endpoint)
  if (problem !== null) return turnAway(request, response, problem, plane.runtime.id())
  // Gone while its key was looked up: nothing more would be heard of it.
  if (request.destroyed) return
  const read = { ...(await readRequest(request, endpoint, plane.maxBodyBytes)), caller }
  const credential = plane.deferral.credentials.meet(caller.headers)
  const asked = { ...callFrom(plane, request, endpoint, read), credential }
  const call = isDeferral(asked) ? await deferCall(plane.deferral, asked, response) : asked
  if (call === null) return
  if (await isServedByCascade(plane, { request, response, endpoint, read, call })) return
  const admission = await plane.engine.admit(call)
  if (admission.kind === 'refuse') {
    // Whatever of the request is still on its way was not read: the connection cannot carry another one.
    if (!request.complete) response.setHeader('connection', 'close')
    refuse(response, admission.refusal, admission.id)
    return
  }
  const relay: Relay = new Relay(response, admission.watch, () => plane.running.delete(relay))
  plane.running.add(relay)
  dispatch(plane, request, endpoint, { ...read, edited: admission.body }, relay)
}

/** Nobody's call: it is not recorded, or whoever finds the address could fill the store. */
function turnAway(request: IncomingMessage, response: ServerResponse, refusal: Refusal, id: string): void {
  request.resume()
  response.setHeader('connection', 'close')
  refuse(response, refusal, id)
}

/** What was read, and whose it is. */
type KnownRequest = ReadRequest & { readonly caller: Caller }

interface Incoming {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly endpoint: Endpoint
  readonly read: KnownRequest
  readonly call: Call
}

/** Most gateways have no cascades: their calls are not looked at here. */
async function isServedByCascade(plane: DataPlane, incoming: Incoming): Promise<boolean> {
  if (plane.cascades.size === 0) return false
  const { request, response, endpoint, read, call } = incoming
  const started = await startCascade(plane.engine, call)
  if (started === null) return false
  await serveCascade(
    {
      ...plane,
      verifiers: plane.cascades,
      call,
      response,
      dispatch: (body, handler) => dispatch(plane, request, endpoint, { ...read, edited: body }, handler),
    },
    started,
  )
  return true
}

function callFrom(plane: DataPlane, request: IncomingMessage, endpoint: Endpoint, read: KnownRequest): Call {
  return {
    method: request.method ?? 'GET',
    endpoint,
    headers: read.caller.headers,
    account: read.caller.account,
    body: read.body,
    ...(read.pieces && { pieces: read.pieces }),
    publicBase: publicBase(request, endpoint),
    receivedBytes: read.receivedBytes,
    readAtTick: plane.runtime.tick(),
    problem: read.problem,
    isGone: () => request.socket.destroyed,
    countInput: async (body) => {
      const headers = requestHeaders(read.caller.rawHeaders, request.headers.connection, true)
      return plane.countInput({ target: endpoint.target, headers, body })
    },
    isWelcome: async () => (await identifyCaller(plane.callers, request)).kind === 'caller',
    sendAgain: async (body) => {
      const headers = requestHeaders(read.caller.rawHeaders, request.headers.connection, true)
      return sendOwnRequest(plane.upstream, { path: plane.upstreamPrefix + endpoint.target, headers, body })
    },
  }
}

/** Where this caller has reached the gateway, as it wrote it; null if it did not say. */
function publicBase({ headers: { host } }: IncomingMessage, { project }: Endpoint): string | null {
  if (host === undefined || !/^[\w.:[\]-]{1,255}$/.test(host)) return null
  return `http://${host}${project === null ? '' : `/p/${encodeURIComponent(project)}`}`
}

/** What was read, and what the engine made of it. */
type Outgoing = KnownRequest & { readonly edited: Uint8Array | null }

function dispatch(
  plane: DataPlane,
  request: IncomingMessage,
  endpoint: Endpoint,
  read: Outgoing,
  relay: Dispatcher.DispatchHandler,
): void {
  const isEdited = read.edited !== null
  const headers = requestHeaders(read.caller.rawHeaders, request.headers.connection, isEdited)
  const { outgoingBytes = null } = read
  if (outgoingBytes !== null && read.outgoing !== null) headers.push('content-length', String(outgoingBytes))
  const path = plane.upstreamPrefix + endpoint.target
  const method = (request.method ?? 'GET') as Dispatcher.HttpMethod
  plane.upstream.dispatch({ path, method, headers, body: read.edited ?? read.outgoing }, relay)
}
