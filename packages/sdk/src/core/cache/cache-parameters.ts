/** Parameters of a request, beside its blocks, on which cached prefixes depend. */

import { isBareString } from '../body/bare-string.js'
import type { BlockPart, CallView } from '../body/call.js'
import { type Cursor, eachMember, parseSlice, peek, skipString, skipValue } from '../body/cursor.js'
import { asObject } from '../body/json-object.js'

/** What the cache reads besides the blocks. Two requests share a level only if these agree for it and those before it. */
export interface CacheParameters {
  readonly speed: string
  /** True if any document has citations switched on. */
  readonly isCiting: boolean
  /** The format of the answer, which the API explains to the model in a text of its own; `''` for none. */
  readonly outputFormat: string
  readonly toolChoice: string
  readonly thinking: string
  readonly effort: string
  /** True if there is a picture anywhere. */
  readonly hasImages: boolean
}

/** Those that a request states outside of its blocks. */
export type StatedParameters = Pick<CacheParameters, 'speed' | 'outputFormat' | 'toolChoice' | 'thinking' | 'effort'>

/** The level at which a change of the parameter begins to matter. */
export const parameterLevels: Readonly<Record<keyof CacheParameters, BlockPart>> = {
  speed: 'system',
  isCiting: 'system',
  outputFormat: 'system',
  toolChoice: 'messages',
  thinking: 'messages',
  effort: 'messages',
  hasImages: 'messages',
}

/** Not stated: where the API's default is known, the same as stating it. */
function defaultsOf(model: string): StatedParameters {
  return {
    speed: 'standard',
    outputFormat: '',
    toolChoice: 'auto',
    thinking: alwaysThinking.test(model) ? 'adaptive' : '',
    effort: mediumByDefault.test(model) ? 'medium' : 'high',
  }
}

const alwaysThinking = /^claude-(?:fable|mythos)-|^claude-opus-5-5\b/
const mediumByDefault = /^claude-(?:opus|haiku)-5-5\b/

const QUOTE = 0x22
const OBJECT = 0x7b
const OBJECT_END = 0x7d
const ARRAY = 0x5b
const ARRAY_END = 0x5d

/**
 * Reads them from a Messages body. `max_tokens`, `stop_sequences`, `metadata` and `stream` change no prefix.
 *
 * @param view of exactly this body
 * @throws MalformedBodyError if the body is not a JSON object
 */
export function readParameters(view: CallView, body: Uint8Array): StatedParameters {
  const defaults = defaultsOf(view.model ?? '')
  const found: { -readonly [Key in keyof StatedParameters]: string } = {
    ...defaults,
    speed: view.speed ?? defaults.speed,
  }
  const cursor: Cursor = { bytes: body, at: 0, elements: 0 }
  eachMember(cursor, (key) => {
    const start = cursor.at
    const isObject = peek(cursor) === OBJECT
    if (key === 'messages') skipMessages(cursor, view)
    else skipValue(cursor)
    if (!isObject) return
    if (key === 'tool_choice') found.toolChoice = nameToolChoice(parseSlice(body, start, cursor.at))
    else if (key === 'thinking') found.thinking = nameThinking(parseSlice(body, start, cursor.at))
    else if (key === 'output_config') {
      const { effort, format } = asObject(parseSlice(body, start, cursor.at))
      found.effort = typeof effort === 'string' ? effort : defaults.effort
      found.outputFormat = nameFormat(format)
    } else if (key === 'output_format') found.outputFormat = nameFormat(parseSlice(body, start, cursor.at))
  })
  return found
}

/** The blocks were walked over before: only what stands behind the last of them is left. */
function skipMessages(cursor: Cursor, { blocks }: CallView): void {
  const last = blocks.at(-1)
  if (last?.part !== 'messages' || last.start < cursor.at) {
    skipValue(cursor)
    return
  }
  // Open around a bare string: its message and the list of messages; around a block, the list of blocks as well.
  let depth = isBareString(cursor.bytes, last) ? 2 : 3
  cursor.at = last.end
  while (depth > 0 && cursor.at < cursor.bytes.length) {
    const byte = cursor.bytes[cursor.at]
    if (byte === QUOTE) {
      skipString(cursor)
      continue
    }
    if (byte === OBJECT || byte === ARRAY) depth += 1
    else if (byte === OBJECT_END || byte === ARRAY_END) depth -= 1
    cursor.at += 1
  }
}

function nameToolChoice(value: unknown): string {
  const { type, name, disable_parallel_tool_use: isSingle } = asObject(value)
  return [type ?? 'auto', type === 'tool' ? name : null, isSingle === true ? 'one at a time' : null]
    .filter((word) => typeof word === 'string')
    .join(' ')
}

function nameThinking(value: unknown): string {
  const { type, budget_tokens: budget } = asObject(value)
  return [type, budget].filter((word) => typeof word === 'string' || typeof word === 'number').join(' ')
}

/** A schema nested deeper than the stack goes has no text: it is equal to every other such one. */
function nameFormat(format: unknown): string {
  if (format === undefined || format === null) return ''
  try {
    return JSON.stringify(format)
  } catch {
    return 'too deep to compare'
  }
}
