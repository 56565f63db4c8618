/** What options may be, by kinds that come up again and again. */

import { hasFields, type OptionKind } from './known-options.js'

/** An empty one is none. */
export const someText: OptionKind = {
  words: 'a text that is not empty',
  fits: (value) => typeof value === 'string' && value !== '',
}

/** Any text. */
export const anyText: OptionKind = { words: 'a text', fits: isText }

/** A list of texts, which may be empty. */
export const texts: OptionKind = {
  words: 'a list of texts',
  fits: (value) => Array.isArray(value) && value.every(isText),
}

/** Something that is called. */
export const callback: OptionKind = { words: 'a function', fits: (value) => typeof value === 'function' }

/** Yes or no: a text such as `'false'` would be a yes. */
export const flag: OptionKind = { words: 'true or false', fits: (value) => typeof value === 'boolean' }

/** An object with names of its own. */
export const fields: OptionKind = { words: 'an object', fits: hasFields }

/** Null: nothing stops it. */
export const abortSignal: OptionKind = {
  words: 'an AbortSignal',
  fits: (value) => value === null || hasMethods(value, ['addEventListener', 'removeEventListener']),
}

/** Such as a number of tokens. */
export const wholeCount: OptionKind = { words: 'a whole number, 1 or more', fits: (value) => isWhole(value, 1) }

/** The same, or none. */
export const wholeOrNone: OptionKind = { words: 'a whole number, 0 or more', fits: (value) => isWhole(value, 0) }

/** What is known by its methods. @param words as they follow on `runtime is`: `a runtime, such as systemRuntime()` */
export function withMethods(words: string, methods: readonly string[]): OptionKind {
  return { words, fits: (value) => hasMethods(value, methods) }
}

/** One of a few words. */
export function oneOf(...words: readonly string[]): OptionKind {
  const quoted = words.map((each) => `'${each}'`)
  return {
    words: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
    fits: (value) => isText(value) && words.includes(value),
  }
}

/** True for what has all of these methods. */
export function hasMethods(value: unknown, methods: readonly string[]): boolean {
  return methods.every((method) => typeof partOf(value, method) === 'function')
}

/** A part of a client, or of what stands in for one: the mocks and proxies of tests are functions too. */
export function partOf(value: unknown, name: string): unknown {
  const hasParts = typeof value === 'function' || (typeof value === 'object' && value !== null)
  return hasParts ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}
