/** Who makes a call to the model, and with what it is sent on. */

import type { IncomingMessage } from 'node:http'
import type { Headers, KeyAccount, Refusal } from '@runguard/sdk/core'
import { callerHeaders, type FlatHeaders, plainHeaders } from '../headers.js'
import type { GatewayKeys } from './gateway-keys.js'

/** A caller that may go on. */
export interface Caller {
  readonly kind: 'caller'
  /** Null for one without a gateway key. */
  readonly account: KeyAccount | null
  /** As the upstream is to get them, as far as credentials go: a gateway key is nowhere in them. */
  readonly rawHeaders: readonly string[]
  /** The same, one string per name. */
  readonly headers: Headers
}

/** Whose calls are taken. */
export interface CallerRules {
  readonly keys: GatewayKeys
  /** What calls with a gateway key are sent with; null: with what they bring beside it. */
  readonly upstreamKey: string | null
}

/** Looks at what a request shows. Without rules everybody may call, with what they bring. */
export async function identifyCaller(
  rules: CallerRules | null,
  request: IncomingMessage,
): Promise<Caller | { readonly kind: 'refuse'; readonly refusal: Refusal }> {
  const { rawHeaders } = request
  const headers = callerHeaders(plainHeaders(request.headers))
  if (rules === null) return { kind: 'caller', account: null, rawHeaders, headers }
  if (rules.keys.isIn(request.url ?? '')) return { kind: 'refuse', refusal: KEY_IN_ADDRESS }
  const found = await rules.keys.resolve(headers)
  if (found.kind === 'refuse') return found
  if (found.kind === 'none') return withoutTokens(rules, { kind: 'caller', account: null, rawHeaders, headers })
  const replaced = replaceCredential(rawHeaders, found.presented, rules.upstreamKey)
  if (replaced === null) return { kind: 'refuse', refusal: NO_UPSTREAM_KEY }
  const { account } = found
  return withoutTokens(rules, {
    kind: 'caller',
    account,
    rawHeaders: replaced,
    headers: callerHeaders(joinHeaders(replaced)),
  })
}

/**
 * Looked at as it would go out, so that no second header of a name, no cookie and no header of a tool takes a token of ours
 * to the API, or into the record of the call.
 */
function withoutTokens({ keys }: CallerRules, caller: Caller): Caller | { kind: 'refuse'; refusal: Refusal } {
  const isMisplaced = caller.rawHeaders.some((text, at) => at % 2 === 1 && keys.isIn(text))
  return isMisplaced ? { kind: 'refuse', refusal: KEY_MISPLACED } : caller
}

const KEY_IN_ADDRESS: Refusal = {
  code: 'runguard_key_refused',
  message:
    'There is a token of RunGuard in the address, where every log on the way keeps it: replace it, and send the new one ' +
    'as x-api-key.',
}

const KEY_MISPLACED: Refusal = {
  code: 'runguard_key_refused',
  message:
    'There is a token of RunGuard in a header where RunGuard looks for none, or more than one: send one gateway key, as ' +
    'x-api-key, as a bearer token, or as x-runguard-key.',
}

const NO_UPSTREAM_KEY: Refusal = {
  code: 'runguard_key_refused',
  message:
    'This gateway key is right, but RunGuard has no key of the API to send the call with: whoever runs it sets ' +
    'access.upstreamKey; or send a credential of your own, and the gateway key as x-runguard-key.',
}

const CREDENTIALS = new Set(['x-api-key', 'authorization'])

/**
 * The headers with the upstream's credential instead of the caller's. Whatever else holds the gateway key goes too.
 *
 * @param upstreamKey null: credentials that the caller has besides stay
 * @returns null if there is no credential left to send
 */
export function replaceCredential(
  rawHeaders: readonly string[],
  presented: string,
  upstreamKey: string | null,
): FlatHeaders | null {
  const kept: FlatHeaders = []
  let hasCredential = false
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    const isCredential = CREDENTIALS.has(name.toLowerCase())
    if (value.includes(presented) || (isCredential && upstreamKey !== null)) continue
    hasCredential ||= isCredential
    kept.push(name, value)
  }
  if (upstreamKey === null) return hasCredential ? kept : null
  return [...kept, ...credential(upstreamKey)]
}

/** Keys of the API, and the tokens of a sign-in, go to places of their own. */
function credential(key: string): FlatHeaders {
  return key.startsWith('sk-ant-oat') ? ['authorization', `Bearer ${key}`] : ['x-api-key', key]
}

function joinHeaders(rawHeaders: FlatHeaders): Headers {
  const joined = new Map<string, string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '']
    const before = joined.get(name)
    joined.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(joined)
}
