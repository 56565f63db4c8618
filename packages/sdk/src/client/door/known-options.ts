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
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`the options of ${what} are an object, not ${options === null ? 'null' : typeof options}`)
  }
  const names = Object.keys(known)
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw new TypeError(`${what} has no option ${quote(name)}${hint(name, names)}`)
  }
}
