import { isList, isObject, type Json, type JsonObject, textOf, without } from './json.js'
import type { Model } from './models.js'

/**
 * The simulator's own way to count. It is a rule, not a tokenizer: whoever knows the text knows the count.
 *
 * - text and thinking: one token per started `bytesPerToken` UTF-8 bytes (3 from Opus 4.7 on, 4 before)
 * - a tool definition: 8, plus its compact JSON; the first tool of a request: 320 more
 * - a tool call: 8, plus its name and the compact JSON of its input; a tool result: 8, plus its content
 * - an image: see `countImage`; a document: its text, else 1,500 per started 100 kB of base64
 * - anything else: 4, plus its compact JSON
 * - each turn (a run of messages of one role): 4
 *
 * `cache_control` and thinking signatures never count.
 */
export const overheads = { turn: 4, tool: 8, toolPrompt: 320, toolCall: 8, toolResult: 8, other: 4 } as const

/** Tokens of a text: its UTF-8 bytes over the model's bytes per token, rounded up. */
export function countText(text: string, model: Model): number {
  return Math.ceil(Buffer.byteLength(text) / model.bytesPerToken)
}

/** Tokens of a tool call, the same whether the model writes it or reads it back. */
export function countCall(name: string, input: Json | undefined, model: Model): number {
  return overheads.toolCall + countText(name + JSON.stringify(input ?? {}), model)
}

/** Tokens of one tool definition, without the prompt that comes with the first. */
export function countTool(tool: JsonObject, model: Model): number {
  return overheads.tool + countText(JSON.stringify(without(tool, 'cache_control')), model)
}

/** Tokens of one content block of a message or of `system`. */
export function countBlock(block: JsonObject, model: Model): number {
  switch (block.type) {
    case 'text':
      return countText(textOf(block, 'text'), model)
    case 'thinking':
      return countText(textOf(block, 'thinking'), model)
    case 'tool_use':
    case 'server_tool_use':
      return countCall(textOf(block, 'name'), block.input, model)
    case 'tool_result':
      return overheads.toolResult + countContent(block.content, model)
    case 'image':
      return countImage(block, model)
    case 'document':
      return countDocument(block, model)
    default:
      return overheads.other + countText(JSON.stringify(without(block, 'cache_control')), model)
  }
}

function countContent(content: Json | undefined, model: Model): number {
  if (typeof content === 'string') return countText(content, model)
  if (!isList(content)) return 0
  return content.reduce<number>((sum, part) => sum + (isObject(part) ? countBlock(part, model) : 0), 0)
}

function countDocument(block: JsonObject, model: Model): number {
  const source = isObject(block.source) ? block.source : {}
  if (source.type === 'text') return countText(textOf(source, 'data'), model)
  if (source.type === 'content') return countContent(source.content, model)
  return 1500 * Math.max(1, Math.ceil(textOf(source, 'data').length / 100_000))
}

/**
 * Image tokens: tiles of 28 by 28 pixels after scaling the long edge down to the model's limit, capped.
 * Sizes are read from base64 PNG and GIF headers; any other image counts as 1000 by 1000.
 */
function countImage(block: JsonObject, model: Model): number {
  const isNewer = model.bytesPerToken === 3
  const [maxEdge, maxTokens] = isNewer ? [2576, 4784] : [1568, 1568]
  const source = isObject(block.source) ? block.source : {}
  const { width, height } = imageSize(textOf(source, 'data')) ?? { width: 1000, height: 1000 }
  const scale = Math.min(1, maxEdge / Math.max(width, height))
  const tiles = Math.ceil((width * scale) / 28) * Math.ceil((height * scale) / 28)
  return Math.max(1, Math.min(maxTokens, tiles))
}

function imageSize(base64: string): { width: number; height: number } | undefined {
  const head = Buffer.from(base64.slice(0, 44), 'base64')
  if (head.length >= 24 && head.toString('latin1', 1, 4) === 'PNG') {
    return positive(head.readUInt32BE(16), head.readUInt32BE(20))
  }
  if (head.length >= 10 && head.toString('latin1', 0, 3) === 'GIF') {
    return positive(head.readUInt16LE(6), head.readUInt16LE(8))
  }
  return undefined
}

function positive(width: number, height: number): { width: number; height: number } | undefined {
  return width > 0 && height > 0 ? { width, height } : undefined
}
