/** Sign-ins that failed, as the audit log is told of them: enough to see that somebody tries, never so many as they try. */

import { readToken } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { AuditStore } from '@runguard/sdk/store'
import { networkOf } from './login-limits.js'

/** A try that failed. */
export interface FailedTry {
  readonly address: string
  /** `login`: at the page; `header`: with a request; `oidc`: by the sign-in of an organisation. */
  readonly way: 'login' | 'header' | 'oidc'
  /** What was shown: of it only the id is written down, and only if it has one. */
  readonly token?: string
}

/** Tells the audit log. */
export interface FailedTries {
  /** Never rejects: nobody is let in because it could not be written down. */
  note(failed: FailedTry): Promise<void>
}

const WINDOW_MS = 10 * 60_000
const MOST = 20
const MOST_OF_ONE = 3

/** Within ten minutes three of one network are written down and twenty of all; the next entry says how many were not. */
export function openFailedTries(store: Pick<AuditStore, 'addAudit'>, runtime: Runtime): FailedTries {
  const isToBeWritten = createGate(runtime)
  let leftOut = 0
  return {
    async note({ address, way, token = '' }) {
      if (!isToBeWritten(networkOf(address))) {
        leftOut += 1
        return
      }
      const after = { way, notWrittenBefore: leftOut }
      leftOut = 0
      const subject = readToken(token.trim())?.id ?? ''
      const entry = {
        at: runtime.now(),
        action: 'session.failed',
        subject,
        address: address || null,
        before: null,
        after,
      }
      try {
        await store.addAudit({ ...entry, actor: NOBODY })
      } catch (error) {
        runtime.log.warn('sign-in-not-noted', { error: String(error) })
      }
    },
  }
}

function createGate(runtime: Runtime): (network: string) => boolean {
  const byNetwork = new Map<string, number>()
  let windowEnd = Number.NEGATIVE_INFINITY
  let written = 0
  return (network) => {
    if (runtime.tick() >= windowEnd) {
      windowEnd = runtime.tick() + WINDOW_MS
      written = 0
      byNetwork.clear()
    }
    const ofOne = byNetwork.get(network) ?? 0
    if (written >= MOST || ofOne >= MOST_OF_ONE) return false
    written += 1
    byNetwork.set(network, ofOne + 1)
    return true
  }
}

const NOBODY = { kind: 'nobody', id: '', name: '' } as const
