/** Looking into the blocks of a conversation. A damaged one is as an empty one: it is for the API to refuse it. */

import type { BlockView } from '../body/call.js'
import { MalformedBodyError } from '../body/cursor.js'
import { asObject, type JsonObject } from '../body/json-object.js'

/** Whether a block calls a tool: one of the caller's, of the API or of an MCP server. */
export function isCall({ kind }: BlockView): boolean {
  return kind.endsWith('tool_use')
}

/** Whether a block is the result of a tool, of whatever kind. */
export function isResult({ kind }: BlockView): boolean {
  return kind.endsWith('tool_result')
}

/** The fields of a block. */
export function fieldsOf(block: BlockView, body: Uint8Array): JsonObject {
  return asObject(parse(block, body))
}

/** The text of a text block, or of a message that is a bare string. */
export function textOf(block: BlockView, body: Uint8Array): string {
  const value = parse(block, body)
  const text = typeof value === 'string' ? value : asObject(value).text
  return typeof text === 'string' ? text : ''
}

function parse(block: BlockView, body: Uint8Array): unknown {
  try {
    return block.json(body)
  } catch (error) {
    if (error instanceof MalformedBodyError) return null
    throw error
  }
}
