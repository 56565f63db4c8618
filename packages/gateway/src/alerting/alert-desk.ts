/** Raising, resolving and acknowledging alerts: what is kept, and who is told. */

import {
  type Alert,
  type AlertDraft,
  type AlertPolicy,
  acknowledgeAlert,
  type ChannelConfig,
  type Delivery,
  type DeliveryAction,
  isToldOf,
  openAlert,
  openDelivery,
  recipientsOf,
  resolveAlert,
} from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { OutboxStore } from '@runguard/sdk/store'

/** What the desk works with. */
export interface DeskParts {
  readonly outbox: OutboxStore
  readonly runtime: Runtime
  readonly policy: AlertPolicy
  /** Where the pages of this gateway are reached; null: messages have no links. */
  readonly publicUrl: string | null
  /** The head of the audit log at this moment. */
  readonly auditHead: () => Promise<string | null>
  /** Called when an alert was opened, acknowledged or resolved here. */
  readonly onChange: (alert: Alert) => void
  /** Messages wait on these channels. */
  readonly onQueued: (channels: readonly string[]) => void
}

/** Who changes one alert at the same moment as another looks again so often. */
const MOST_TRIES = 5

/** Keeps alerts in one outbox. Every method rejects if the store does. */
export class AlertDesk {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  /** Tells a draft unless it was told; false if it was. */
  async raise(draft: AlertDraft): Promise<boolean> {
    if (draft.kind === 'breaker' && (await this.#isOpen(draft))) return false
    const alert = await this.opened(draft)
    return await this.#write(alert, recipientsOf(alert, this.#parts.policy), 'trigger', draft.openedAt)
  }

  /** The alert that a draft becomes here. */
  async opened(draft: AlertDraft): Promise<Alert> {
    const { runtime, publicUrl } = this.#parts
    const links = publicUrl === null ? [] : [{ text: 'Alerts', url: `${publicUrl}/runguard/alerts` }]
    return openAlert(draft, { id: runtime.id(), links, auditHead: await this.#auditHead() })
  }

  /** Ends an alert, by its key or id. */
  resolve(name: string, at: number): Promise<Alert | null> {
    return this.#change(name, 'resolve', at, (alert) => resolveAlert(alert, at))
  }

  /** Notes who has seen an alert, by its key or id; null if there is none that is open and was not seen. */
  acknowledge(name: string, by: string, at: number): Promise<Alert | null> {
    return this.#change(name, 'acknowledge', at, (alert) => acknowledgeAlert(alert, by, at))
  }

  async #change(
    name: string,
    action: DeliveryAction,
    at: number,
    step: (alert: Alert) => Alert | null,
  ): Promise<Alert | null> {
    const { outbox } = this.#parts
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const alert = await outbox.findAlert(name)
      const changed = alert === null ? null : step(alert)
      if (changed === null) return null
      const told = (await this.#toldOf(changed)).filter(({ kind }) => isToldOf(kind, action, changed.kind))
      if (await this.#write(changed, told, action, at)) return changed
    }
    return null
  }

  /** Who was told of the alert has to hear the rest, whatever the configuration says by now. */
  async #toldOf({ key }: Alert): Promise<readonly Pick<ChannelConfig, 'name' | 'kind'>[]> {
    const deliveries = await this.#parts.outbox.listDeliveries({ alert: key, limit: MOST_DELIVERIES })
    const triggers = deliveries.filter(({ action, resendOf }) => action === 'trigger' && resendOf === null)
    return triggers.map(({ channel: name, channelKind: kind }) => ({ name, kind }))
  }

  async #write(
    alert: Alert,
    channels: readonly Pick<ChannelConfig, 'name' | 'kind'>[],
    action: DeliveryAction,
    at: number,
  ): Promise<boolean> {
    const { outbox, runtime, onChange, onQueued } = this.#parts
    const deliveries = channels.map((channel): Delivery => openDelivery(runtime.id(), channel, { alert, action, at }))
    if (!(await outbox.writeAlert(alert, deliveries))) return false
    onChange(alert)
    onQueued(deliveries.map(({ channel }) => channel))
    return true
  }

  /** A breaker that opens again because a call that tried it failed has been told. */
  async #isOpen({ kind, about }: AlertDraft): Promise<boolean> {
    const open = await this.#parts.outbox.listAlerts({ status: 'open', kind, limit: MOST_OPEN })
    return open.some((alert) => alert.about === about)
  }

  /** An alert is worth more than the proof in it. */
  async #auditHead(): Promise<string | null> {
    try {
      return await this.#parts.auditHead()
    } catch (error) {
      this.#parts.runtime.log.warn('audit-head-unknown', { error: String(error) })
      return null
    }
  }
}

const MOST_DELIVERIES = 1_000
const MOST_OPEN = 500
