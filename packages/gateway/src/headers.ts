/** Which headers travel on, in both directions. */

import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { type Headers, nameHeaders } from '@runguard/sdk/core'

/** RFC 9110 7.6.1: these speak of one connection, not of the message. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Set anew for the upstream connection. `expect` was answered here; the answer must be readable to be metered. */
const REPLACED = new Set(['host', 'content-length', 'expect', 'accept-encoding'])

const OWN_PREFIX = 'x-runguard-'

/** Names and values in turn, as `node:http` and undici take them. */
export type FlatHeaders = string[]

/**
 * The caller's headers as the upstream gets them: same names, same order, same values.
 *
 * @param isDecoded the body goes out decoded, although it may have come in encoded
 */
export function requestHeaders(
  rawHeaders: readonly string[],
  connection: string | undefined,
  isDecoded: boolean,
): FlatHeaders {
  const dropped = namedIn(connection)
  const kept: FlatHeaders = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || REPLACED.has(lower) || lower.startsWith(OWN_PREFIX) || dropped?.has(lower)) continue
    if (isDecoded && lower === 'content-encoding') continue
    kept.push(name, rawHeaders[at + 1] as string)
  }
  kept.push('accept-encoding', 'identity')
  return kept
}

/**
 * The upstream's headers as the caller gets them.
 *
 * @param isGuarded the body goes out decoded, and perhaps with other bytes than it comes in with
 */
export function responseHeaders(rawHeaders: readonly (string | Buffer)[], isGuarded: boolean): FlatHeaders {
  const kept: FlatHeaders = []
  let connection: string | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = text(rawHeaders[at])
    const lower = name.toLowerCase()
    if (lower === 'connection') connection = text(rawHeaders[at + 1])
    if (isGuarded && (lower === 'content-encoding' || lower === 'content-length')) continue
    if (!HOP_BY_HOP.has(lower) && !lower.startsWith(OWN_PREFIX)) kept.push(name, text(rawHeaders[at + 1]))
  }
  const dropped = namedIn(connection)
  return dropped === null ? kept : kept.filter((_, at) => !dropped.has((kept[at & ~1] as string).toLowerCase()))
}

/** Header bytes are Latin-1 on the wire; reading them so keeps every byte. */
function text(value: string | Buffer | undefined): string {
  return typeof value === 'string' ? value : (value?.toString('latin1') ?? '')
}

function namedIn(connection: string | undefined): Set<string> | null {
  if (connection === undefined) return null
  const names = connection.toLowerCase().split(',')
  const dropped = new Set(names.map((name) => name.trim()).filter((name) => name !== 'close' && name !== 'keep-alive'))
  return dropped.size === 0 ? null : dropped
}

/**
 * A caller's headers as the engine sees them. Names in them are UTF-8 where their bytes are, else Latin-1, as node reads
 * all of them; what travels on keeps its bytes.
 */
export function callerHeaders(headers: Headers): Headers {
  const decoded: Record<string, string> = {}
  let isPlain = true
  for (const name of nameHeaders) {
    const value = headers[name]
    if (value === undefined || !/[\x80-\xff]/.test(value)) continue
    const bytes = Buffer.from(value, 'latin1')
    if (!isUtf8(bytes)) continue
    decoded[name] = bytes.toString()
    isPlain = false
  }
  return isPlain ? headers : { ...headers, ...decoded }
}

/** One string per name. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  const plain: Record<string, string | undefined> = {}
  for (const name in headers) {
    const value = headers[name]
    plain[name] = typeof value === 'object' ? value.join(', ') : value
  }
  return plain
}
