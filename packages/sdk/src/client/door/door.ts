/** The door for programs: one request in, through the engine, to the upstream, and back. It holds no rule. */

import { isBatchCreation } from '../../core/batch/batch-action.js'
import type { Endpoint } from '../../core/body/endpoint.js'
import type { Call } from '../../core/body/incoming-call.js'
import { errorFromRefusal } from '../../core/refusal/refusal-error.js'
import type { Engine } from '../../engine/engine.js'
import { wasNeverSent } from '../../engine/send-failure.js'
import type { Watch } from '../../engine/watch.js'
import { throwIfAborted, unlessAborted } from './abort.js'
import { watchAnswer } from './answer.js'
import { plainHeaders, withoutOwn } from './answer-headers.js'
import { findEndpoint } from './claude-endpoint.js'
import { CLOSED } from './closed.js'
import type { Account, Door, DoorRequest, OutgoingRequest, Send } from './door-types.js'
import { countInput } from './input-count.js'
import { sendOwnRequest } from './own-request.js'
import { leaveBody, type ReadBody, readBatchBody, readBody, readText } from './request-body.js'
import { RunningCall } from './running-call.js'

/** Takes one request through the engine: {@link GuardEngine.passRequest}. */
export async function passRequest(
  engine: Engine,
  door: Door,
  account: Account,
  request: DoorRequest,
  send: Send,
): Promise<Response> {
  if (door.isClosed) throw errorFromRefusal(CLOSED)
  const plain = plainHeaders(request.headers)
  const reading = readRequest(request, plain)
  const read = reading instanceof Promise ? await reading : reading
  const asked = callFrom(door, account, { request, read, plain, send })
  const admitting = engine.admit(asked)
  door.admitting.add(admitting)
  const admission = await admitting
  door.admitting.delete(admitting)
  if (admission.kind === 'refuse') {
    throwIfAborted(request.signal)
    const isLeft = door.isClosed && admission.refusal.code === 'runguard_caller_gone'
    throw errorFromRefusal(isLeft ? CLOSED : admission.refusal, { requestId: admission.id })
  }
  const call = openCall(door, account, admission.watch, request.signal)
  try {
    const outgoing = prepareRequest(request, read, asked.headers, admission.body)
    const response = await sendCall(door, call, { outgoing, bytes: admission.body ?? read.body, send })
    return await watchAnswer(call, response, (stream) => door.dropped.register(stream, call))
  } catch (error) {
    // As a rule it has ended already, by what went wrong; nothing may be left running.
    call.stop('upstream-failed', error)
    throw error
  }
}

/** A request with its endpoint, read as far as the endpoint wants it. */
type ReadRequest = ReadBody & { readonly endpoint: Endpoint }

/** A promise only where there is something to wait for: calls are texts, as a rule, and these are here already. */
function readRequest(
  { method, url, body, signal }: DoorRequest,
  plain: Call['headers'],
): ReadRequest | Promise<ReadRequest> {
  const endpoint = findEndpoint(method, url)
  const isBatch = isBatchCreation(method, endpoint)
  if (endpoint.kind !== 'messages' && !isBatch) return { endpoint, ...leaveBody(body) }
  const encoding = plain['content-encoding'] ?? null
  if (typeof body === 'string' && encoding === null && !isBatch) return { endpoint, ...readText(body) }
  const reading = (isBatch ? readBatchBody : readBody)(body, encoding)
  // Text is here already; a stream may never end.
  const read = typeof body === 'string' ? reading : unlessAborted(signal, reading)
  return read.then((whole) => ({ endpoint, ...whole }))
}

/** A request as the door has it. */
interface Asked {
  readonly request: DoorRequest
  readonly read: ReadRequest
  /** Its headers. */
  readonly plain: Record<string, string>
  readonly send: Send
}

function callFrom(door: Door, account: Account, { request, read, plain, send }: Asked): Call {
  const { endpoint, body, pieces, receivedBytes, problem } = read
  return {
    method: request.method,
    endpoint,
    headers: Object.assign(plain, account.headersFor(plain)),
    body,
    receivedBytes,
    readAtTick: door.runtime.tick(),
    problem,
    isGone: () => door.isClosed || request.signal?.aborted === true,
    countInput: (sent) => countInput(door, request, sent, send),
    sendAgain: (sent) => sendOwnRequest(door, request, sent, send),
    onOwnCall: (record) => account.onEnd(record),
    ...(pieces && { pieces }),
    ...(account.cascade && { cascade: account.cascade }),
    ...(account.whyAtOnce && { whyAtOnce: account.whyAtOnce }),
    ...(account.lend && endpoint.kind === 'batches' && { credential: account.lend() }),
  }
}

function openCall(door: Door, account: Account, watch: Watch, signal: AbortSignal | null): RunningCall {
  const leave = (): void => call.stop('caller-aborted', signal?.reason)
  const call: RunningCall = new RunningCall(watch, (record) => {
    door.running.delete(call)
    signal?.removeEventListener('abort', leave)
    account.onEnd(record)
  })
  door.running.add(call)
  signal?.addEventListener('abort', leave)
  if (signal?.aborted === true) leave()
  if (door.isClosed) call.stop('gateway-stopped', errorFromRefusal(CLOSED, { requestId: watch.id }))
  return call
}

/** A request as it goes out. */
interface Sending {
  readonly outgoing: OutgoingRequest
  /** Its body; null if that was not read. */
  readonly bytes: Uint8Array | null
  readonly send: Send
}

async function sendCall(door: Door, call: RunningCall, { outgoing, bytes, send }: Sending): Promise<Response> {
  if (call.stopped !== null) throw call.stopped.reason
  call.isOnItsWay = true
  door.passing.add(outgoing.headers)
  keepBytes(door, outgoing, bytes)
  try {
    return await firstOf(call, send(outgoing))
  } catch (error) {
    if (wasNeverSent(error)) call.isOnItsWay = false
    call.end('upstream-failed')
    throw error
  } finally {
    door.passing.delete(outgoing.headers)
    door.encoded.delete(outgoing.headers)
  }
}

/** The answer, unless the call is stopped before it comes. */
function firstOf(call: RunningCall, answer: Promise<Response>): Promise<Response> {
  return new Promise((resolve, reject) => {
    call.letGo = reject
    answer.then((response) => {
      if (call.stopped === null) return resolve(response)
      response.body?.cancel().catch(() => {})
      // As a rule that is known by now; whoever stopped it while it was being sent had nobody to tell.
      reject(call.stopped.reason)
    }, reject)
  })
}

/** Without a type the network would add another one to a text than to bytes; what is compressed is no text of its bytes. */
function keepBytes(door: Door, { headers, body: text }: OutgoingRequest, bytes: Uint8Array | null): void {
  const isPlain = headers.has('content-type') && !headers.has('content-encoding')
  if (typeof text === 'string' && bytes !== null && isPlain) door.encoded.set(headers, { text, bytes })
}

const utf8 = new TextDecoder()

/** Byte for byte what came, unless the engine changed it; of the same type, because some clients look into it again. */
function prepareRequest(
  { url, headers, body: came }: DoorRequest,
  read: ReadBody,
  plain: Call['headers'],
  edited: Uint8Array | null,
): OutgoingRequest {
  const kept = withoutOwn(headers, plain)
  if (edited === null) return { url, headers: kept, body: read.outgoing }
  kept.delete('content-encoding')
  if (kept.has('content-length')) kept.set('content-length', String(edited.length))
  return { url, headers: kept, body: typeof came === 'string' ? utf8.decode(edited) : edited }
}
