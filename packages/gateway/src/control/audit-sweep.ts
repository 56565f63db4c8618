/** Looks for what was begun and never stood in the audit log, because a gateway or a program died. */

import type { Runtime } from '@runguard/sdk/engine'
import { type AuditStore, finishAudits } from '@runguard/sdk/store'
import { repeatEvery } from '../alerting/timer.js'

const PAUSE_MS = 5 * 60_000

/** Begins. @returns what ends it */
export function sweepAudit(store: AuditStore, runtime: Runtime): () => void {
  const sweep = async (): Promise<void> => {
    try {
      const count = await finishAudits(store, runtime.now())
      if (count > 0) runtime.log.warn('audit-left-open', { count })
    } catch (error) {
      runtime.log.warn('audit-not-swept', { error: String(error) })
    }
  }
  void sweep()
  return repeatEvery(runtime, PAUSE_MS, () => void sweep())
}
