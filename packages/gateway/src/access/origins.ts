/** Which page a browser shows while it sends us something. */

import { isIP } from 'node:net'
import type { Headers } from '@runguard/sdk/core'
import { isLoopback } from '../address.js'

/** The name in a `host` header, without its port and brackets, in lower case; null if it is none. */
function hostName(host: string | undefined): string | null {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]{2,45})\]|([^\s:[\]/@]{1,253}))(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  return (bracketed ?? plain)?.toLowerCase() ?? null
}

/**
 * A foreign name can be made to lead to this machine, and then a page of that name may read all we answer. Addresses
 * cannot; names have to be known.
 */
export function isKnownHost(headers: Headers, names: ReadonlySet<string>): boolean {
  const name = hostName(headers.host)
  return name !== null && (isLoopback(name) || isIP(name) !== 0 || names.has(name))
}

/** True if the request is to the address of this machine alone, by that address. */
export function isLocalHost(headers: Headers): boolean {
  const name = hostName(headers.host)
  return name !== null && isLoopback(name)
}

/** True for the address of a connection from this machine. */
export function isLocalAddress(address: string): boolean {
  return isLoopback(address.replace(/^::ffff:/i, ''))
}

/** True if a page of another site sends it. Browsers say so; programs say nothing. */
export function isCrossSite(headers: Headers): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  const { origin } = headers
  if (origin === undefined) return false
  // Such as `null`, which a page in a sandbox sends.
  if (!URL.canParse(origin)) return true
  return new URL(origin).host !== headers.host?.toLowerCase().replace(defaultPort(origin), '')
}

/** URLs leave it out, headers may not. */
function defaultPort(origin: string): RegExp {
  return origin.startsWith('https:') ? /:443$/ : /:80$/
}

/** True if the browser goes there as to a page: what it gets is shown, and no other page can read it. */
export function isNavigation(headers: Headers): boolean {
  return headers['sec-fetch-mode'] === 'navigate'
}
