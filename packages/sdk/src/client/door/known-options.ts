/** Options that nobody knows are slips: passed over in silence they would leave a budget out. */

import { hint, quote } from '../../core/config/written-schema.js'

/** Every name of an interface, once: `satisfies Names<Options>` finds the one that is missing. */
export type Names<Options> = { readonly [Name in keyof Required<Options>]: true }

/**
 * Throws `TypeError` for what is no object, and for an option that is not among `known`; then the one that was probably
 * meant is named.
 *
 * @param what has the options: `AgentSession`
 */
export function checkOptions(what: string, options: unknown, known: Readonly<Record<string, true>>): void {
  const problem = findNoObject(what, options)
  if (problem !== null) throw new TypeError(problem)
  const names = Object.keys(known)
  for (const name of Object.keys(options as object)) {
    if (!names.includes(name)) throw new TypeError(`${what} has no option ${quote(name)}${hint(name, names)}`)
  }
}

/** What is wrong with options that are no object at all; null if they are one. */
export function findNoObject(what: string, options: unknown): string | null {
  const kind = Array.isArray(options) ? 'a list' : typeof options
  if (kind === 'object' && options !== null) return null
  return `the options of ${what} are an object, not ${options === null ? 'null' : kind}`
}
