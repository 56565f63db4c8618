import { readJson } from './body.js'
import { readVersion } from './caller.js'
import {
  deliverError,
  deliverJson,
  deliverMessage,
  deliverNothing,
  deliverSilence,
  deliverStream,
  type Manner,
} from './deliver.js'
import { type Exchange, headerOf } from './exchange.js'
import { errorOfFault, type Fault } from './faults.js'
import { isObject, textOf } from './json.js'
import { type Answer, wholeMessage, writeAnswer } from './message.js'
import { checkContext, countPrompt, renderPrompt } from './prompt.js'
import type { CacheReading } from './prompt-cache.js'
import { type Reply, type SpokenReply, speak } from './reply.js'
import { type ApiVersion, type MessagesRequest, readCountRequest, readMessagesRequest } from './request.js'
import { chooseReply } from './script.js'
import { THREADS_BETA, type ThreadTurn } from './threads.js'
import type { World } from './world.js'

/** `POST /v1/messages/count_tokens`. */
export async function countTokens(exchange: Exchange, world: World): Promise<void> {
  const version = readVersion(exchange)
  const body = await readJson(exchange.request)
  const request = readCountRequest(body, version, exchange.draft.atMs)
  note(exchange, request, textOf(isObject(body) ? body : {}, 'model'))
  const prompt = renderPrompt(request, exchange.draft.workspace ?? '')
  const fault = world.faults.take(exchange.draft.path)
  if (fault !== undefined && (await standIn(exchange, fault))) return
  await deliverJson(exchange, { input_tokens: countPrompt(prompt) })
}

/** `POST /v1/messages`, as JSON or as a stream. */
export async function serveMessages(exchange: Exchange, world: World): Promise<void> {
  const version = readVersion(exchange)
  const turn = world.threads.begin(await readJson(exchange.request), {
    workspace: exchange.draft.workspace ?? '',
    hasBeta: (headerOf(exchange.request, 'anthropic-beta') ?? '').includes(THREADS_BETA),
    atMs: exchange.draft.atMs,
  })
  try {
    await answerTurn(exchange, world, turn, version)
  } finally {
    turn.end(exchange.draft.ending === 'complete')
  }
}

async function answerTurn(
  exchange: Exchange,
  world: World,
  { body, keep }: ThreadTurn,
  version: ApiVersion,
): Promise<void> {
  const request = readMessagesRequest(body, version, exchange.draft.atMs)
  note(exchange, request, textOf(isObject(body) ? body : {}, 'model'))
  const prompt = renderPrompt(request, exchange.draft.workspace ?? '')
  checkContext(request, prompt)
  const reply = request.maxTokens === 0 ? { parts: [] } : chooseFor(exchange, world, request)
  const fault = world.faults.take(exchange.draft.path) ?? reply.fault
  if (fault !== undefined && (await standIn(exchange, fault))) return
  const reading = world.cache.look(prompt, exchange.draft.atMs)
  const spoken = speak(reply, request)
  const answer = writeAnswer(spoken, request, prompt, reading, (prefix) => world.nextId(prefix))
  if (isKept(answer, reply)) keep(wholeMessage(answer), exchange.draft.atMs)
  await send(exchange, request, answer, mannerOf(world, reading, spoken, fault))
}

/** What the model declined is not there to go on from, nor what another model said in its place. */
function isKept({ stopReason }: Answer, { extraRun }: Reply): boolean {
  return stopReason !== 'refusal' && extraRun?.kind !== 'fallback'
}

function chooseFor(exchange: Exchange, world: World, request: MessagesRequest): Reply {
  const header = headerOf(exchange.request, 'x-sim-script')
  const context = { header, userAgent: exchange.draft.userAgent, served: world.log.length }
  return chooseReply(request, context, world.options.scripts, world.options.script)
}

function mannerOf(world: World, reading: CacheReading, spoken: SpokenReply, fault: Fault | undefined): Manner {
  return { pacing: spoken.pacing, fault, onBegin: () => world.cache.publish(reading) }
}

async function send(exchange: Exchange, request: MessagesRequest, answer: Answer, manner: Manner): Promise<void> {
  exchange.draft.messageId = answer.id
  exchange.draft.model = answer.model
  exchange.draft.stopReason = answer.stopReason
  if (request.isStream) await deliverStream(exchange, answer, manner)
  else await deliverMessage(exchange, answer, manner)
}

/** Notes a fault, and acts out those that take the place of an answer; true if it was one of them. */
export async function standIn(exchange: Exchange, fault: Fault): Promise<boolean> {
  exchange.draft.fault = fault.kind
  if (fault.kind === 'status') await deliverError(exchange, errorOfFault(fault))
  else if (fault.kind === 'hang') await deliverSilence(exchange)
  else if (fault.kind === 'cut-before-head') deliverNothing(exchange)
  else return false
  return true
}

function note({ draft }: Exchange, request: MessagesRequest, requestedModel: string): void {
  draft.requestedModel = requestedModel
  draft.model = request.model.id
  draft.isStream = request.isStream
}
