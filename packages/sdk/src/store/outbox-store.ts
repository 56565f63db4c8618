/** Alerts, and the messages about them that are on their way: what several gateways share of them. */

import type { Alert, AlertKind } from '../core/alert/alert.js'
import type { Delivery, DeliveryStatus } from '../core/alert/delivery.js'

/** Where a page of a list ended: the moment and the id of its last row. */
export interface PagePlace {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly id: string
}

/** Which alerts; every condition that is given must be met. */
export interface AlertQuery {
  /** `acknowledged`: those of the open ones that somebody has seen. */
  readonly status?: 'open' | 'acknowledged' | 'resolved'
  readonly kind?: AlertKind
  /** Only those behind this place. */
  readonly after?: PagePlace
  readonly limit: number
}

/** Which messages; every condition that is given must be met. */
export interface DeliveryQuery {
  /** The key of their alert. */
  readonly alert?: string
  readonly channel?: string
  readonly status?: DeliveryStatus
  readonly after?: PagePlace
  readonly limit: number
}

/** Somebody wants to send what is due. Times are milliseconds since the epoch. */
export interface DeliveryTake {
  readonly channel: string
  readonly owner: string
  readonly at: number
  /** Nobody else gets what is given before this moment, or before it is written back. */
  readonly lockUntil: number
  readonly limit: number
}

/** Alerts and their messages. */
export interface OutboxStore {
  /**
   * Keeps the alert with new messages about it, in one commit, if the version before it is the one that is kept (for 1: if
   * none is kept of its key). False, and nothing is kept, if not.
   */
  writeAlert(alert: Alert, deliveries: readonly Delivery[]): Promise<boolean>
  /** By its key or its id. */
  findAlert(name: string): Promise<Alert | null>
  /** The last opened first. */
  listAlerts(query: AlertQuery): Promise<readonly Alert[]>
  /** Open ones that are over by that moment, at most so many. */
  endingAlerts(at: number, limit: number): Promise<readonly Alert[]>
  /** Adds a message, such as one that is to be sent once more. */
  addDelivery(delivery: Delivery): Promise<void>
  /**
   * Gives messages that wait, are due, and are in nobody's hands, those due first come first; each to one asker alone. One
   * that waits behind another of the same alert and channel is not given before that one has ended.
   */
  takeDeliveries(take: DeliveryTake): Promise<readonly Delivery[]>
  /** Writes back what was taken, if it is still in the hands of the owner who took it. False if not. */
  endAttempt(delivery: Delivery, owner: string): Promise<boolean>
  findDelivery(id: string): Promise<Delivery | null>
  /** The last made first. */
  listDeliveries(query: DeliveryQuery): Promise<readonly Delivery[]>
  /** Forgets alerts that were over before that moment and whose messages have ended, and the messages. */
  forgetAlerts(before: number): Promise<void>
}
