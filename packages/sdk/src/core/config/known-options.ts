/**
 * Options that nobody knows are slips: passed over in silence they would leave a budget out.
 *
 * What a guard is configured with, by schemas, is as large as a file. Here are the few options of everything else: whoever
 * imports a detector of loops does not load a library for that. A program that works must not be refused: what an option
 * is told by is what is used of it, never which class, realm or copy of a package it is of.
 */

import { hint, nearestName, quote } from './config-names.js'

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
    if (value === undefined) continue
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    if (kind === undefined) throw new TypeError(`${what} has no option ${quote(name)}${hint(name, Object.keys(known))}`)
    if (kind !== true) checkKind(name, value, kind)
  }
}

/** The same for options that somebody else takes as well, who knows more of them: only what looks like a slip is none. */
export function checkPassedOptions(
  what: string,
  options: unknown,
  known: Readonly<Record<string, true | OptionKind>>,
): void {
  const names = Object.keys(known)
  const isOurs = ([name]: [string, unknown]): boolean => nearestName(name, names, surelyMeant) !== null
  checkOptions(what, hasFields(options) ? Object.fromEntries(Object.entries(options).filter(isOurs)) : options, known)
}

/** A `tag` is no `ttl`. */
function surelyMeant(name: string): number {
  return Math.floor(name.length / 3)
}

/** Throws `TypeError` for a value that is not of the kind. */
export function checkKind(name: string, value: unknown, { words, fits }: OptionKind): void {
  if (!fits(value)) throw new TypeError(`${name} is ${words}, not ${show(value)}`)
}

/** What is wrong with options that are no object at all; null if they are one. */
export function findNoObject(what: string, options: unknown): string | null {
  return hasFields(options) ? null : `the options of ${what} are an object, not ${show(options)}`
}

/** Objects, by their tags, that are something else than what stands in their fields. */
const WITHOUT_FIELDS = new Set(['Array', 'Date', 'Map', 'Promise', 'RegExp', 'Set', 'String'])

/** A list, a date or a promise that nobody awaited has no options in it. A module may, and an object of whatever class. */
export function hasFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !WITHOUT_FIELDS.has(tagOf(value))
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

/** `Date` for a date of any realm. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
