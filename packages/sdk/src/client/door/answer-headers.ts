/** What RunGuard says in the head of an answer. */

import type { Headers as PlainHeaders } from '../../core/budget/scope.js'
import type { CallRecord } from '../../core/cost/record.js'
import { costHeader, ownHeaders } from '../../engine/own-headers.js'
import type { Watch } from '../../engine/watch.js'

/** Headers that speak to RunGuard or come from it: they never travel on. */
const OWN_PREFIX = 'x-runguard-'

/** Writes what is known of a call by now into the head of its answer. */
export function tellCall(headers: Headers, watch: Watch, record?: CallRecord): void {
  setAll(headers, ownHeaders(watch))
  if (record !== undefined) setAll(headers, costHeader(record))
}

/** @param told names and values in turn */
function setAll(headers: Headers, told: readonly string[]): void {
  for (let at = 0; at < told.length; at += 2) headers.set(told[at] ?? '', told[at + 1] ?? '')
}

/** A copy without RunGuard's own. Copied as a whole it keeps case and order of the names; one made of pairs does not. */
export function withoutOwn(headers: Headers, plain: PlainHeaders = plainHeaders(headers)): Headers {
  const kept = new Headers(headers)
  removeOwn(kept, plain)
  return kept
}

/** Takes RunGuard's own out of headers. @param plain the same, or more, read before: headers put themselves in order first */
export function removeOwn(headers: Headers, plain: PlainHeaders): void {
  for (const name in plain) if (name.startsWith(OWN_PREFIX)) headers.delete(name)
}

/** As the engine reads them. */
export function plainHeaders(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = {}
  headers.forEach((value, name) => {
    plain[name] = value
  })
  return plain
}

/** The same of an answer's: `fetch` has undone the coding already, and left the header. */
export function decodedHeaders(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = {}
  headers.forEach((value, name) => {
    if (name !== 'content-encoding') plain[name] = value
  })
  return plain
}
