import type { JsonObject } from './json.js'
import { textOf } from './json.js'
import { type Answer, addProgress, messageObject, refusalDetails, type WrittenBlock } from './message.js'
import type { Pacing } from './reply.js'
import { noProgress, type Progress, usageAt } from './usage.js'

/** One event of a stream, and how far the generation has come once it is sent. */
export interface StreamStep {
  readonly event: string
  readonly data: JsonObject
  readonly progress: Progress
  /** Characters of text, thinking and tool input that this event carries. */
  readonly characters: number
}

type Delta = { readonly type: string; readonly [field: string]: string | null }

const defaultChunkCharacters = 24

/** All events of an answer, in order. */
export function streamSteps(answer: Answer, pacing: Pacing): StreamStep[] {
  const placeholder = Math.min(1, answer.final.outputTokens)
  const steps = [startStep(answer, placeholder)]
  let before = noProgress
  for (const [index, written] of answer.blocks.entries()) {
    steps.push(...blockSteps(written, index, before, pacing))
    before = addProgress(before, written.cost)
  }
  steps.push(...endSteps(answer))
  return steps.map((step) => ({ ...step, progress: atLeast(step.progress, placeholder) }))
}

/** The first event counts a token as generated, so nothing after it may count fewer. */
function atLeast(progress: Progress, outputTokens: number): Progress {
  return progress.outputTokens >= outputTokens ? progress : { ...progress, outputTokens }
}

function startStep(answer: Answer, placeholder: number): StreamStep {
  const usage = usageAt({ ...answer.start, earlier: [] }, { ...noProgress, outputTokens: placeholder })
  const message = messageObject(answer, [], usage, false)
  return { event: 'message_start', data: { type: 'message_start', message }, progress: noProgress, characters: 0 }
}

function endSteps(answer: Answer): StreamStep[] {
  const {
    cache_creation: _split,
    service_tier: _tier,
    speed: _speed,
    inference_geo: _geo,
    ...usage
  } = usageAt(answer.start, answer.final)
  const delta = {
    stop_reason: answer.stopReason,
    stop_sequence: answer.stopSequence,
    stop_details: answer.stopReason === 'refusal' ? refusalDetails : null,
    container: null,
  }
  const data = { type: 'message_delta', delta, usage: usage as unknown as JsonObject }
  return [
    { event: 'message_delta', data, progress: answer.final, characters: 0 },
    { event: 'message_stop', data: { type: 'message_stop' }, progress: answer.final, characters: 0 },
  ]
}

function blockSteps({ block, cost }: WrittenBlock, index: number, before: Progress, pacing: Pacing): StreamStep[] {
  const step = (event: string, fields: JsonObject, progress: Progress, characters = 0): StreamStep => ({
    event,
    data: { type: event, index, ...fields },
    progress,
    characters,
  })
  const after = addProgress(before, cost)
  const chunks = deltasOf(block, pacing.chunkCharacters ?? defaultChunkCharacters)
  const totalBytes = chunks.reduce((sum, delta) => sum + Buffer.byteLength(carried(delta)), 0)
  let bytes = 0
  const deltas = chunks.map((delta) => {
    bytes += Buffer.byteLength(carried(delta))
    const progress = totalBytes === 0 ? after : addProgress(before, share(cost, bytes / totalBytes))
    return step('content_block_delta', { delta }, progress, carried(delta).length)
  })
  const start = step('content_block_start', { content_block: emptied(block) }, before)
  const ping: StreamStep = { event: 'ping', data: { type: 'ping' }, progress: before, characters: 0 }
  return [start, ...(index === 0 ? [ping] : []), ...deltas, step('content_block_stop', {}, after)]
}

/** Part of a cost, rounded up: whatever has been sent was generated. */
function share(cost: Progress, fraction: number): Progress {
  return {
    ...cost,
    outputTokens: Math.ceil(cost.outputTokens * fraction),
    thinkingTokens: Math.ceil(cost.thinkingTokens * fraction),
  }
}

/** The block as `content_block_start` shows it, before any delta. Blocks without deltas come whole. */
function emptied(block: JsonObject): JsonObject {
  switch (block.type) {
    case 'text':
      return { ...block, text: '' }
    case 'thinking':
      return { ...block, thinking: '', signature: '' }
    case 'tool_use':
    case 'server_tool_use':
      return { ...block, input: {} }
    case 'compaction':
      return { ...block, content: null }
    default:
      return block
  }
}

function deltasOf(block: JsonObject, chunkCharacters: number): Delta[] {
  switch (block.type) {
    case 'text':
      return chunk(textOf(block, 'text'), chunkCharacters).map((text) => ({ type: 'text_delta', text }))
    case 'thinking':
      return [
        ...chunk(textOf(block, 'thinking'), chunkCharacters).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: textOf(block, 'signature') },
      ]
    case 'tool_use':
    case 'server_tool_use':
      return ['', ...chunk(JSON.stringify(block.input), chunkCharacters)].map((json) => ({
        type: 'input_json_delta',
        partial_json: json,
      }))
    case 'compaction':
      return [{ type: 'compaction_delta', content: textOf(block, 'content'), encrypted_content: null }]
    default:
      return []
  }
}

/** The text of a delta that counts as generated; signatures do not. */
function carried(delta: Delta): string {
  return delta.text ?? delta.thinking ?? delta.partial_json ?? ''
}

/** Cuts between characters, never inside one. */
function chunk(text: string, characters: number): string[] {
  const size = Math.max(1, characters)
  const points = [...text]
  const chunks: string[] = []
  for (let at = 0; at < points.length; at += size) chunks.push(points.slice(at, at + size).join(''))
  return chunks
}
