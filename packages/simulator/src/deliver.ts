import { type ApiError, errorBody, typeForStatus } from './api-error.js'
import type { Exchange } from './exchange.js'
import type { Fault } from './faults.js'
import type { Json, JsonObject } from './json.js'
import { type Answer, wholeMessage } from './message.js'
import type { Pacing } from './reply.js'
import { type StreamStep, streamSteps } from './stream.js'
import { noProgress, usageAt } from './usage.js'
import { Wire } from './wire.js'

/** How an answer is to be sent. */
export interface Manner {
  readonly pacing: Pacing
  readonly fault: Fault | undefined
  /** Called when the first byte leaves. */
  readonly onBegin: () => void
}

/** Sends a JSON body that is not a message. */
export async function deliverJson(exchange: Exchange, body: Json, status = 200): Promise<void> {
  const wire = new Wire(exchange.response, exchange.gone)
  const text = exchange.request.method === 'HEAD' ? '' : JSON.stringify(body)
  wire.open(status, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) })
  await wire.write(text)
  await wire.end()
  close(exchange, wire, status)
}

/** Sends a body piece by piece, late or not to its end where a fault asks for that. */
export async function deliverPieces(
  exchange: Exchange,
  contentType: string,
  pieces: Iterable<string>,
  fault: Fault | undefined,
): Promise<void> {
  const wire = openWire(exchange, fault)
  exchange.draft.fault = fault?.kind ?? null
  if (fault?.kind === 'slow') await exchange.clock.sleep(fault.firstByteMs, exchange.gone)
  if (exchange.gone.aborted) return
  wire.open(200, { 'content-type': contentType })
  for (const piece of pieces) await wire.write(piece)
  if (fault?.kind === 'cut-at-end') wire.cut()
  else await wire.end()
  close(exchange, wire, 200)
}

/** Sends an error. */
export async function deliverError(exchange: Exchange, error: ApiError): Promise<void> {
  for (const [name, value] of Object.entries(error.headers)) exchange.response.setHeader(name, value)
  await deliverJson(exchange, error.body(exchange.draft.id), error.status)
  exchange.draft.errorType = error.type
  if (exchange.draft.ending === 'complete') exchange.draft.ending = 'error'
}

/** Sends an answer as one JSON message. A client that leaves early still pays for all of it: it was generated. */
export async function deliverMessage(exchange: Exchange, answer: Answer, manner: Manner): Promise<void> {
  const { draft } = exchange
  const wire = openWire(exchange, manner.fault)
  bill(exchange, answer, answer.final)
  if (!(await waitForFirstByte(exchange, manner))) return
  const text = spoil(JSON.stringify(hideUsage(wholeMessage(answer), manner.fault)), manner.fault)
  const difference = manner.fault?.kind === 'wrong-length' ? manner.fault.differenceBytes : 0
  const length = { 'content-length': String(Math.max(0, Buffer.byteLength(text) + difference)) }
  manner.onBegin()
  wire.open(200, { 'content-type': 'application/json', ...(manner.fault?.kind === 'gzip' ? {} : length) })
  await wire.write(text)
  if (difference === 0 && manner.fault?.kind !== 'cut-at-end') await wire.end()
  else wire.cut()
  close(exchange, wire, 200)
  if (manner.fault?.kind === 'malformed-json' && draft.ending === 'complete') draft.ending = 'cut'
}

/** Sends an answer as a stream of events. Billed is what was generated when the stream ended, however it ended. */
export async function deliverStream(exchange: Exchange, answer: Answer, manner: Manner): Promise<void> {
  const { draft } = exchange
  const wire = openWire(exchange, manner.fault)
  bill(exchange, answer, noProgress)
  if (!(await waitForFirstByte(exchange, manner))) return
  manner.onBegin()
  wire.open(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  const hasError = await sendSteps(exchange, wire, answer, manner)
  if (manner.fault?.kind === 'cut-at-end') wire.cut()
  else await wire.end()
  close(exchange, wire, 200)
  if (draft.ending !== 'complete') return
  if (hasError) draft.ending = 'error'
  else if (manner.fault?.kind === 'no-stop') draft.ending = 'cut'
}

/** Sends nothing until the client gives up. */
export async function deliverSilence(exchange: Exchange): Promise<void> {
  const { gone } = exchange
  if (!gone.aborted) await new Promise((resolve) => gone.addEventListener('abort', resolve, { once: true }))
}

/** Closes the connection without a head. */
export function deliverNothing({ draft, response }: Exchange): void {
  draft.ending = 'cut'
  response.socket?.destroy()
}

/** Sends the events one by one; true when an error event took the place of the rest. */
async function sendSteps(exchange: Exchange, wire: Wire, answer: Answer, manner: Manner): Promise<boolean> {
  const { fault, pacing } = manner
  for (const [index, step] of streamSteps(answer, pacing).entries()) {
    if (fault?.kind === 'error-event' && index === fault.afterEvents) {
      await sendErrorEvent(exchange, wire, fault)
      return true
    }
    if (fault?.kind === 'malformed-event' && index === fault.afterEvents) await wire.write(malformedEvent)
    if (index > 0 && (pacing.betweenEventsMs ?? 0) > 0)
      await exchange.clock.sleep(pacing.betweenEventsMs ?? 0, wire.gone)
    if (wire.isOver) return false
    if (fault?.kind === 'no-stop' && step.event === 'message_stop') return false
    bill(exchange, answer, step.progress)
    exchange.draft.streamedCharacters += step.characters
    await wire.write(formatEvent(step, fault))
    if (pacing.pingEvery && index % pacing.pingEvery === pacing.pingEvery - 1) await wire.write(pingEvent)
  }
  return false
}

async function sendErrorEvent(
  { draft }: Exchange,
  wire: Wire,
  fault: Extract<Fault, { kind: 'error-event' }>,
): Promise<void> {
  draft.errorType = fault.type ?? typeForStatus(529)
  const body = errorBody(draft.errorType, fault.message ?? 'Overloaded', draft.id, fault.errorCode)
  await wire.write(`event: error\ndata: ${JSON.stringify(body)}\n\n`)
}

const malformedEvent = 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"ty\n\n'
const pingEvent = 'event: ping\ndata: {"type":"ping"}\n\n'

function formatEvent({ event, data }: StreamStep, fault: Fault | undefined): string {
  return `event: ${event}\ndata: ${JSON.stringify(hideUsage(data, fault))}\n\n`
}

function openWire({ response, gone }: Exchange, fault: Fault | undefined): Wire {
  if (fault?.kind === 'cut') return new Wire(response, gone, { cutAfterBytes: Math.max(0, fault.afterBytes) })
  return new Wire(response, gone, { isCompressed: fault?.kind === 'gzip' })
}

async function waitForFirstByte({ clock, gone }: Exchange, { pacing, fault }: Manner): Promise<boolean> {
  const waitMs = (pacing.firstByteMs ?? 0) + (fault?.kind === 'slow' ? fault.firstByteMs : 0)
  if (waitMs > 0) await clock.sleep(waitMs, gone)
  return !gone.aborted
}

function bill({ draft }: Exchange, answer: Answer, progress: Answer['final']): void {
  draft.usage = usageAt(answer.start, progress)
  draft.isBilled = true
}

function close({ draft, gone }: Exchange, wire: Wire, status: number): void {
  draft.status = status
  draft.sentBytes = wire.sentBytes
  if (wire.isCut) draft.ending = 'cut'
  else draft.ending = gone.aborted ? 'aborted' : 'complete'
}

function hideUsage(data: JsonObject, fault: Fault | undefined): JsonObject {
  if (fault?.kind !== 'no-usage') return data
  return JSON.parse(JSON.stringify(data, (name, value) => (name === 'usage' ? undefined : value)))
}

function spoil(text: string, fault: Fault | undefined): string {
  return fault?.kind === 'malformed-json' ? text.slice(0, Math.ceil(text.length / 2)) : text
}
