import { ApiError } from './api-error.js'
import type { Batch, BatchItem, ItemEnding } from './batch.js'
import { errorOfFault } from './faults.js'
import { type JsonObject, textOf } from './json.js'
import { type LogDraft, openEntry } from './log.js'
import { type Answer, wholeMessage, writeAnswer } from './message.js'
import { checkContext, renderPrompt } from './prompt.js'
import { type Reply, speak } from './reply.js'
import { type MessagesRequest, readBatchParams } from './request.js'
import { chooseReply } from './script.js'
import { usageAt } from './usage.js'
import type { World } from './world.js'

/** Faults for the items of batches are queued under this name instead of a path. */
export const batchItemFaults = 'batch-item'

/** An item that ran: what its line in the results says, and what it leaves behind. */
export interface RanItem {
  readonly ending: ItemEnding
  readonly result: JsonObject
  readonly entry: LogDraft
  /** Makes what it wrote to the prompt cache visible to others. */
  readonly publish: () => void
}

/** How long after the creation of its batch an item ends, in milliseconds; infinite for one that hangs. */
export function durationOf(item: BatchItem, batch: Batch, world: World): number {
  const otherwise = world.options.batchMs
  try {
    const reply = replyTo(readBatchParams(item.params, batch.caller.version, batch.createdAtMs), batch, world)
    return reply.fault?.kind === 'hang' ? Number.POSITIVE_INFINITY : (reply.batchMs ?? otherwise)
  } catch {
    return otherwise // it is refused when it runs
  }
}

/** Runs one item at a time on the clock. Never throws: what goes wrong is its result. */
export function runItem(item: BatchItem, batch: Batch, atMs: number, world: World): RanItem {
  const entry = openItemEntry(item, batch, atMs, world)
  try {
    const request = readBatchParams(item.params, batch.caller.version, atMs)
    entry.model = request.model.id
    return answerItem(request, batch, entry, world)
  } catch (error) {
    return failItem(entry, error)
  }
}

function answerItem(request: MessagesRequest, batch: Batch, entry: LogDraft, world: World): RanItem {
  const prompt = renderPrompt(request, batch.caller.workspace)
  checkContext(request, prompt)
  const reply = replyTo(request, batch, world)
  const fault = world.faults.take(batchItemFaults) ?? reply.fault
  entry.fault = fault?.kind ?? null
  if (fault?.kind === 'status') throw errorOfFault(fault)
  const reading = world.cache.look(prompt, entry.atMs)
  const answer = writeAnswer(speak(reply, request), request, prompt, reading, (prefix) => world.nextId(prefix))
  noteAnswer(entry, answer)
  return {
    ending: 'succeeded',
    result: { type: 'succeeded', message: wholeMessage(answer) },
    entry,
    publish: () => world.cache.publish(reading),
  }
}

function failItem(entry: LogDraft, error: unknown): RanItem {
  const shown = error instanceof ApiError ? error : new ApiError(500, 'Internal server error')
  entry.status = shown.status
  entry.errorType = shown.type
  entry.ending = 'error'
  return {
    ending: 'errored',
    result: { type: 'errored', error: shown.body(entry.id) },
    entry,
    publish: () => undefined,
  }
}

function replyTo(request: MessagesRequest, { caller }: Batch, world: World): Reply {
  const context = { header: caller.script, userAgent: caller.userAgent, served: world.log.length }
  return chooseReply(request, context, world.options.scripts, world.options.script)
}

function openItemEntry(item: BatchItem, batch: Batch, atMs: number, world: World): LogDraft {
  const { userAgent, sessionId, workspace } = batch.caller
  const path = `/v1/messages/batches/${batch.id}`
  return {
    ...openEntry({ id: world.nextId('req'), atMs, method: 'POST', path, userAgent, sessionId }),
    workspace,
    requestedModel: textOf(item.params, 'model'),
    batchItem: { batchId: batch.id, customId: item.customId },
  }
}

function noteAnswer(entry: LogDraft, answer: Answer): void {
  entry.model = answer.model
  entry.messageId = answer.id
  entry.stopReason = answer.stopReason
  entry.usage = usageAt(answer.start, answer.final)
  entry.isBilled = true
  entry.status = 200
  entry.ending = 'complete'
}
