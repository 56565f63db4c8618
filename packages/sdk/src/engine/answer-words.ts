/** Words in an answer. */

import { asObject, type JsonObject } from '../core/body/json-object.js'

const MAX_NAME_LENGTH = 200

/** A name that an upstream gave, cut, because it may send anything; null if it is none. */
export function nameIn(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, MAX_NAME_LENGTH) : null
}

/** Null if it is no JSON object. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as JsonObject) : null
  } catch {
    return null
  }
}

/** `error.details.error_code` where there is one, else `error.type`; cut, because an upstream may send anything. */
export function errorCodeOf(data: JsonObject): string | null {
  const error = asObject(data.error)
  const code = asObject(error.details).error_code ?? error.type
  return typeof code === 'string' ? code.slice(0, 100) : null
}
