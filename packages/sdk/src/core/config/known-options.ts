/** Options that nobody knows are slips: passed over in silence they would leave a budget out. */

import { hint, quote } from './config-names.js'

/** What an option may be: in words, and decided. An option that is `undefined` is not there, and fits. */
export interface OptionKind {
  /** As they follow on `maxTokens is`: `a whole number, 1 or more`. */
  readonly words: string
  fits(value: unknown): boolean
}

/**
 * Every name of an interface, once, with what its value may be: `satisfies Names<Options>` finds the one that is missing.
 * True: whoever uses the value looks at it.
 */
export type Names<Options> = { readonly [Name in keyof Required<Options>]: true | OptionKind }

/**
 * Throws `TypeError` for what is no object, for an option that is not among `known` (then the one that was probably meant
 * is named), and for a value that its option cannot have.
 *
 * @param what has the options: `AgentSession`
 */
export function checkOptions(what: string, options: unknown, known: Readonly<Record<string, true | OptionKind>>): void {
  const problem = findNoObject(what, options)
  if (problem !== null) throw new TypeError(problem)
  for (const [name, value] of Object.entries(options as object)) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    if (kind === undefined) throw new TypeError(`${what} has no option ${quote(name)}${hint(name, Object.keys(known))}`)
    if (kind !== true && value !== undefined) checkKind(name, value, kind)
  }
}

/** Throws `TypeError` for a value that is not of the kind. */
export function checkKind(name: string, value: unknown, { words, fits }: OptionKind): void {
  if (!fits(value)) throw new TypeError(`${name} is ${words}, not ${show(value)}`)
}

/** What is wrong with options that are no object at all; null if they are one. */
export function findNoObject(what: string, options: unknown): string | null {
  return isPlainObject(options) ? null : `the options of ${what} are an object, not ${show(options)}`
}

/** A list, a date or a promise that nobody awaited has no options in it. A module and an object of a class may. */
export function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && ['Object', 'Module'].includes(tagOf(value))
}

/** What somebody passed, in a word or two that can be shown: never so long that it hides the rest of a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'symbol' || typeof value === 'function') return `a ${typeof value}`
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 60)
  if (Array.isArray(value)) return 'a list'
  const tag = tagOf(value)
  if (tag === 'Promise') return 'a promise: await it first'
  return `${/^[AEIOU]/.test(tag) ? 'an' : 'a'} ${tag === 'Object' ? 'object' : tag}`
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
