import { invalid } from './api-error.js'
import { isList, isObject, type Json, type JsonObject } from './json.js'
import type { Ttl } from './prompt-cache.js'

/*
 * Readers for single fields. Each gives the value or throws the API's 400 that names the field;
 * `path` is what stands before the name in that message, with its dot.
 */

/** A non-empty string. */
export function readText(fields: JsonObject, name: string, path = ''): string {
  const value = fields[name]
  if (value === undefined) throw invalid(path + name, 'Field required')
  if (typeof value !== 'string') throw invalid(path + name, 'Input should be a valid string')
  if (value === '') throw invalid(path + name, 'String should have at least 1 character')
  return value
}

/** A whole number of at least `least`. */
export function readInteger(fields: JsonObject, name: string, least: number, path = ''): number {
  const value = fields[name]
  if (value === undefined) throw invalid(path + name, 'Field required')
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw invalid(path + name, 'Input should be a valid integer')
  }
  if (value < least) throw invalid(path + name, `Input should be greater than or equal to ${least}`)
  return value
}

/** A boolean that is false when absent. */
export function readFlag(fields: JsonObject, name: string): boolean {
  const value = fields[name]
  if (value === undefined || value === null) return false
  if (typeof value !== 'boolean') throw invalid(name, 'Input should be a valid boolean')
  return value
}

/** One of a few strings; required unless there is a fallback. */
export function readChoice<Choice extends string>(
  fields: JsonObject,
  name: string,
  choices: readonly Choice[],
  path = '',
  fallback?: Choice,
): Choice {
  const value = fields[name]
  if (value === undefined || value === null) {
    if (fallback === undefined) throw invalid(path + name, 'Field required')
    return fallback
  }
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw invalid(path + name, `Input should be ${choices.map((c) => `'${c}'`).join(', ')}`)
  return choice
}

/** A list of strings that is empty when absent. */
export function readStrings(fields: JsonObject, name: string): string[] {
  const value = fields[name]
  if (value === undefined || value === null) return []
  if (!isList(value)) throw invalid(name, 'Input should be a valid list')
  return value.map((entry, index) => {
    if (typeof entry !== 'string') throw invalid(`${name}.${index}`, 'Input should be a valid string')
    return entry
  })
}

/** The breakpoint in a field `cache_control`, or null where there is none. */
export function readMarker(fields: JsonObject, path: string): Ttl | null {
  const value = fields.cache_control
  if (value === undefined || value === null) return null
  if (!isObject(value)) throw invalid(`${path}cache_control`, 'Input should be an object')
  readChoice(value, 'type', ['ephemeral'], `${path}cache_control.`)
  return readChoice<Ttl>(value, 'ttl', ['5m', '1h'], `${path}cache_control.ephemeral.`, '5m')
}

/**
 * Content as a list of blocks, a plain string being one text block. Checks what every block must have.
 * `types` limits the kinds of block where the API does.
 */
export function readBlocks(value: Json | undefined, path: string, types?: readonly string[]): JsonObject[] {
  if (value === undefined || value === null) return []
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  if (!isList(value)) throw invalid(path, 'Input should be a valid list')
  return value.map((block, index) => readBlock(block, `${path}.${index}`, types))
}

function readBlock(block: Json, path: string, types: readonly string[] | undefined): JsonObject {
  if (!isObject(block)) throw invalid(path, 'Input should be an object')
  const type = readText(block, 'type', `${path}.`)
  if (types !== undefined && !types.includes(type))
    throw invalid(`${path}.type`, `Input should be '${types.join("', '")}'`)
  if (type === 'text') checkText(block, path)
  if (readMarker(block, `${path}.`) !== null && (type === 'thinking' || type === 'redacted_thinking')) {
    throw invalid(`${path}.${type}.cache_control`, 'Extra inputs are not permitted')
  }
  return block
}

function checkText(block: JsonObject, path: string): void {
  if (typeof block.text !== 'string') throw invalid(`${path}.text.text`, 'Input should be a valid string')
  if (block.text !== '') return
  if (block.cache_control) throw invalid(path, 'cache_control cannot be set for empty text blocks')
  throw invalid(path, 'text content blocks must be non-empty')
}
