/**
 * The credentials that callers have shown, for what is sent when no caller is there: batches of deferred calls, and
 * questions about batches. They are kept in memory alone, and found by a name that does not tell them.
 */

import type { Headers } from '@runguard/sdk/core'
import { credentialAccount, type Engine } from '@runguard/sdk/engine'
import { type Upstream, upstreamSender } from './upstream-sender.js'

/** Who calls. */
export interface Caller {
  /** Names the credential that work goes out with. */
  readonly account: string
  /** Names the credential that was shown: who shows it again may ask for what it left here. */
  readonly owner: string
}

/** Knows callers by what they show. */
export interface Credentials {
  /** Takes note of what a caller shows. */
  meet(headers: Headers): Caller
}

/** What credentials are used for, and where. */
export interface CredentialParts extends Upstream {
  readonly engine: Pick<Engine, 'deferred'>
  /** The address of the upstream, with its path. */
  readonly address: string
  /** The gateway's own API key, used instead of what callers show that is a gateway key; null if it has none. */
  readonly held: string | null
}

/** So many are remembered; the one that was met first makes room. */
const MAX_REMEMBERED = 1_000

/** Remembers credentials from now on. A gateway with a key of its own works on what waits for that at once. */
export function rememberCredentials(parts: CredentialParts): Credentials {
  const callers = new Map<string, Caller>()
  const lend = (credential: Headers): string => {
    const account = credentialAccount(parts.address, JSON.stringify(credential))
    parts.engine.deferred.lend(account, upstreamSender(parts, credential))
    return account
  }
  const heldAccount = parts.held === null ? null : lend({ 'x-api-key': parts.held })
  return {
    meet: (headers) => {
      const { shown, credential } = readCredential(headers)
      const known = callers.get(shown)
      if (known !== undefined) return known
      const account = heldAccount !== null && shown.includes('rgk_') ? heldAccount : lend(credential)
      const caller = { account, owner: credentialAccount('', shown) }
      callers.set(shown, caller)
      const [oldest] = callers.keys()
      if (callers.size > MAX_REMEMBERED && oldest !== undefined) callers.delete(oldest)
      return caller
    },
  }
}

function readCredential(headers: Headers): { readonly shown: string; readonly credential: Headers } {
  const { 'x-api-key': apiKey, authorization, 'x-runguard-key': gatewayKey } = headers
  const credential = {
    ...(apiKey !== undefined && { 'x-api-key': apiKey }),
    ...(authorization !== undefined && { authorization }),
  }
  return { shown: gatewayKey ?? apiKey ?? authorization ?? '', credential }
}
