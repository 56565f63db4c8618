/** Parameters of a request, beside its blocks, on which cached prefixes depend. */

import type { BlockPart, CallView } from '../body/call.js'
import { parseSlice } from '../body/cursor.js'
import { asObject } from '../body/json-object.js'
import { rememberByModel } from './cache-model.js'

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
const defaultsOf = rememberByModel<StatedParameters>((model) => ({
  speed: 'standard',
  outputFormat: '',
  toolChoice: 'auto',
  thinking: alwaysThinking.test(model) ? 'adaptive' : '',
  effort: mediumByDefault.test(model) ? 'medium' : 'high',
}))

const alwaysThinking = /^claude-(?:fable|mythos)-|^claude-opus-5-5\b/
const mediumByDefault = /^claude-(?:opus|haiku)-5-5\b/

/**
 * Reads them from a Messages body. `max_tokens`, `stop_sequences`, `metadata` and `stream` change no prefix.
 *
 * @param view of exactly this body
 * @throws MalformedBodyError if one of them cannot be read
 */
export function readParameters({ model, speed, stated }: CallView, body: Uint8Array): StatedParameters {
  const defaults = defaultsOf(model ?? '')
  const found: { -readonly [Key in keyof StatedParameters]: string } = { ...defaults, speed: speed ?? defaults.speed }
  for (const { key, start, end } of stated) {
    if (key === 'cache_control') continue
    const value = parseSlice(body, start, end)
    if (key === 'tool_choice') found.toolChoice = nameToolChoice(value)
    else if (key === 'thinking') found.thinking = nameThinking(value)
    else if (key === 'output_format') found.outputFormat = nameFormat(value)
    else {
      const { effort, format } = asObject(value)
      found.effort = typeof effort === 'string' ? effort : defaults.effort
      found.outputFormat = nameFormat(format)
    }
  }
  return found
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
