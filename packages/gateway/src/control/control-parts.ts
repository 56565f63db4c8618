/** What the routes of the control plane work with. */

import type { PriceBook } from '@runguard/sdk/core'
import type { Engine, Runtime } from '@runguard/sdk/engine'
import type { AuditStore, Registry, SessionStore, Store, TeamStore, TrafficStore } from '@runguard/sdk/store'
import type { Access } from '../access/access.js'
import type { Alerting } from '../alerting/alerting.js'
import type { ApiSettings } from '../api/settings.js'
import type { BudgetDesk } from './budget-desk.js'
import type { EventHub } from './event-hub.js'
import type { Summing } from './summing.js'
import type { Tiers } from './wire/budget-wire.js'

/** Everything that is remembered. */
export type ControlStore = Store & Registry & SessionStore & TrafficStore & TeamStore & AuditStore

/** What routes work with. */
export interface ControlParts {
  readonly store: ControlStore
  readonly runtime: Runtime
  readonly access: Access
  readonly budgets: BudgetDesk
  readonly hub: EventHub
  readonly summing: Summing
  readonly engine: Pick<Engine, 'learned' | 'feedback' | 'heed'>
  readonly book: PriceBook
  /** Null where no alerts are told. */
  readonly alerting: Alerting | null
  /** Calls that are being answered now. */
  readonly running: () => number
  /** What Prometheus reads; null where nothing is counted. */
  readonly metrics: (() => Promise<{ readonly type: string; readonly text: string }>) | null
  readonly routing: { readonly mode: string; readonly tiers: Tiers }
  readonly version: string
  /** True where the upstream is a simulator: no call costs anything. */
  readonly isSimulated: boolean
  readonly settings: () => Omit<ApiSettings, 'prices'>
}
