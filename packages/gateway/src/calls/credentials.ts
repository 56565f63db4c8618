/**
 * The credentials that callers have shown, for what is sent when no caller is there: batches of deferred calls, and
 * questions about batches. They are kept in memory alone, and found by a name that does not tell them.
 */

import type { Headers } from '@runguard/sdk/core'
import { credentialAccount, type Engine } from '@runguard/sdk/engine'
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

/** So many are remembered; the one that was met first makes room. */
const MAX_REMEMBERED = 1_000

/** Remembers credentials from now on. */
export function rememberCredentials(parts: CredentialParts): Credentials {
  const accounts = new Map<string, string>()
  const meet: Credentials['meet'] = ({ 'x-api-key': apiKey, authorization }) => {
    const shown = `${apiKey ?? ''}\n${authorization ?? ''}`
    const known = accounts.get(shown)
    if (known !== undefined) return known
    const credential = {
      ...(apiKey !== undefined && { 'x-api-key': apiKey }),
      ...(authorization !== undefined && { authorization }),
    }
    const account = credentialAccount(parts.address, shown)
    parts.engine.deferred.lend(account, upstreamSender(parts, credential))
    accounts.set(shown, account)
    const [oldest] = accounts.keys()
    if (accounts.size > MAX_REMEMBERED && oldest !== undefined) accounts.delete(oldest)
    return account
  }
  const [name, value] = parts.held === null ? [] : (replaceCredential([], '', parts.held) ?? [])
  if (name !== undefined) meet({ [name]: value })
  return { meet }
}
