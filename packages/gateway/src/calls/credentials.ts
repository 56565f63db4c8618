/**
 * The credentials that callers have shown, for what is sent when no caller is there: batches of deferred calls, and
 * questions about batches. They are kept in memory alone, and found by a name that does not tell them.
 */

import { type Headers, keepNewest } from '@runguard/sdk/core'
import { credentialAccount, type Engine, type SendToApi } from '@runguard/sdk/engine'
import { replaceCredential } from '../access/callers.js'
import { type Upstream, upstreamSender } from './upstream-sender.js'

/** Knows credentials by what callers show. */
export interface Credentials {
  /** Takes note of the credential of a request, and gives its name. @param headers as the upstream gets them */
  meet(headers: Headers): string
}

/** What credentials are used for, and where. */
export interface CredentialParts extends Upstream {
  readonly engine: Pick<Engine, 'deferred'>
  /** The address of the upstream, with its path. */
  readonly address: string
  /** The gateway's own credential, if it has one: what waits for it goes out without a caller. */
  readonly held: string | null
}

/** So many are remembered; the one that was not met for the longest makes room. */
const MAX_REMEMBERED = 1_000

interface Lent {
  readonly account: string
  readonly send: SendToApi
}

/** Remembers credentials from now on. */
export function rememberCredentials(parts: CredentialParts): Credentials {
  const lent = new Map<string, Lent>()
  const remember = (shown: string, each: Lent): void => keepNewest(lent, shown, each, MAX_REMEMBERED)
  const meet: Credentials['meet'] = ({ 'x-api-key': apiKey, authorization }) => {
    const shown = `${apiKey ?? ''}\n${authorization ?? ''}`
    const each = lent.get(shown) ?? {
      account: credentialAccount(parts.address, shown),
      send: upstreamSender(parts, {
        ...(apiKey !== undefined && { 'x-api-key': apiKey }),
        ...(authorization !== undefined && { authorization }),
      }),
    }
    remember(shown, each)
    // Each time: the queue lets go of those that it has not been lent for long.
    parts.engine.deferred.lend(each.account, each.send)
    return each.account
  }
  const [name, value] = parts.held === null ? [] : (replaceCredential([], '', parts.held) ?? [])
  if (name !== undefined) meet({ [name]: value })
  return { meet }
}
