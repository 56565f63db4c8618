/** Which part of the Claude API an address means, under whatever base address a program has set. */

import { type Endpoint, resolveEndpoint } from '../../core/body/endpoint.js'
import { forgetOldest } from '../../core/bounded/bounded.js'

/** A program asks for few addresses, over and over. */
const MAX_REMEMBERED = 100

const known = new Map<string, Endpoint>()

/** The endpoint that a request is for; remembered, because reading an address takes longer than all else a door does. */
export function findEndpoint(method: string, url: string): Endpoint {
  const key = `${method} ${url}`
  const found = known.get(key)
  if (found !== undefined) return found
  const read = readEndpoint(method, url)
  known.set(key, read)
  // Each batch has addresses of its own: those of the first hundred must not keep all others out.
  forgetOldest(known, MAX_REMEMBERED)
  return read
}

/**
 * The endpoint that the longest end of the path names: a proxy may put a path of its own in front (`/anthropic/v1/…`),
 * and what is metered must be found behind it.
 */
function readEndpoint(method: string, url: string): Endpoint {
  const { pathname, search } = parseAddress(url)
  const whole = resolveEndpoint(method, `${pathname}${search}`)
  if (whole.kind !== 'other') return whole
  const segments = pathname.split('/').slice(1)
  for (let first = 1; first < segments.length; first++) {
    const rest = segments.slice(first)
    // A slash at the end names nothing, and would read as the root.
    if (rest.every((segment) => segment === '')) break
    const endpoint = resolveEndpoint(method, `/${rest.join('/')}${search}`)
    if (endpoint.kind !== 'other') return endpoint
  }
  return whole
}

/** The address beside it that counts the tokens of a prompt; null if the path does not end as that of messages. */
export function countTokensUrl(url: string): string | null {
  if (!URL.canParse(url)) return null
  const address = new URL(url)
  if (!address.pathname.endsWith('/messages')) return null
  address.pathname += '/count_tokens'
  return address.href
}

function parseAddress(url: string): Pick<URL, 'pathname' | 'search'> {
  return URL.canParse(url) ? new URL(url) : { pathname: '/', search: '' }
}
