/** What the options of batches may be. */

import type { PollPace } from '../../core/batch/batch-backoff.js'
import type { BatchLimits } from '../../core/batch/batch-plan.js'
import { asObject } from '../../core/body/json-object.js'
import type { OptionKind } from '../../core/config/known-options.js'

const PROMPTS = 'a list of prompts, each { custom_id, user_message } or { custom_id, params }'

/** A list. */
export const promptList: OptionKind = { words: PROMPTS, fits: Array.isArray }

/** What gives one prompt after the other, such as a list. A text gives characters. */
export const promptIterable: OptionKind = { words: PROMPTS, fits: (value) => gives(value, Symbol.iterator) }

/** The same, or what gives them as they come. */
export const promptStream: OptionKind = {
  words: PROMPTS,
  fits: (value) => gives(value, Symbol.iterator) || gives(value, Symbol.asyncIterator),
}

/** A `PollPace`. */
export const pollPace: OptionKind = {
  words: 'an object with firstMs, longestMs and perMinute, each a number above 0',
  fits: (value) => areNumbers(value, ['firstMs', 'longestMs', 'perMinute'] satisfies (keyof PollPace)[]),
}

/** A `BatchLimits`. */
export const limitPair: OptionKind = {
  words: 'an object with items and bytes, each a number above 0',
  fits: (value) => areNumbers(value, ['items', 'bytes'] satisfies (keyof BatchLimits)[]),
}

/** Likely, so it may have a fraction. */
export const tokenNumber: OptionKind = {
  words: 'a number of tokens, 0 or more',
  fits: (value) => typeof value === 'number' && value >= 0,
}

/** A batch as it is named in the list of batches. */
export const namedBatch: OptionKind = {
  words: 'a batch with id and created_at, or null',
  fits: (value) => value === null || areTexts(value, ['id', 'created_at']),
}

function gives(value: unknown, way: typeof Symbol.iterator | typeof Symbol.asyncIterator): boolean {
  return typeof value === 'object' && value !== null && way in value
}

function areNumbers(value: unknown, names: readonly string[]): boolean {
  const known = asObject(value)
  return names.every((name) => {
    const number = known[name]
    return typeof number === 'number' && number > 0
  })
}

function areTexts(value: unknown, names: readonly string[]): boolean {
  const known = asObject(value)
  return names.every((name) => typeof known[name] === 'string')
}
