/** Alerting: events of the engine in, messages to people and programs out, through an outbox that survives everything. */

import {
  type Alert,
  type AlertEvent,
  type AlertPolicy,
  AlertRules,
  type AlertSignal,
  type Delivery,
  draftGivenUp,
  draftTest,
  openDelivery,
  repeatDelivery,
  resolveAlert,
  stepDelivery,
} from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import { type AlertQuery, type DeliveryQuery, memoryOutbox, type Store } from '@runguard/sdk/store'
import { AlertDesk, type DeskParts } from './alert-desk.js'
import { findOver, type SweptStore } from './alert-sweep.js'
import { type Channel, openChannel } from './channel.js'
import { DeliveryPump } from './delivery-pump.js'
import { type AlertSend, httpSend } from './http-send.js'
import { StoreWatch } from './store-watch.js'

/** What alerting is made of. */
export interface AlertingParts {
  readonly store: SweptStore & Pick<Store, 'listRecords'>
  readonly runtime: Runtime
  /** As the configuration has it. */
  readonly policy: AlertPolicy
  /** The price list in force, and the day it was gathered in milliseconds since the epoch. */
  readonly prices?: { readonly version: string; readonly asOf: number }
  /** By default over HTTP. */
  readonly send?: AlertSend
  /** Where the pages of this gateway are reached, for links. */
  readonly publicUrl?: string
  readonly auditHead?: () => Promise<string | null>
  /** Called when an alert was opened, acknowledged or resolved by this process. */
  readonly onChange?: (alert: Alert) => void
}

/** A channel, as it may be shown. */
export interface ChannelStanding {
  readonly name: string
  readonly kind: Channel['kind']
  /** The host, no more. */
  readonly place: string
  /** Its last message; null before the first. */
  readonly last: Delivery | null
}

/** Alerts of one gateway. */
export interface Alerting {
  /** Takes note of something. Never waits, never throws. */
  tell(event: AlertEvent): void
  alerts(query: AlertQuery): Promise<readonly Alert[]>
  channels(): Promise<readonly ChannelStanding[]>
  /** Sends a test now, and gives what became of it; null if there is no such channel. */
  test(channel: string): Promise<Delivery | null>
  deliveries(query: DeliveryQuery): Promise<readonly Delivery[]>
  /** Sends a message once more, as a new one; null if there is no such message. */
  resend(delivery: string): Promise<Delivery | null>
  /** Null if there is no such alert that is open and that nobody has seen. @param by who says so */
  acknowledge(alert: string, by: string): Promise<Alert | null>
  /** Resolves when what was told is kept, and nothing is on its way. */
  idle(): Promise<void>
  /** Ends it: what is on its way may arrive, what waits is left to the next start. */
  close(): Promise<void>
}

/** How often messages that others wrote, and those that have become due, are looked for. */
const TICK_MS = 1_000
/** How often is looked for what is over. */
const SWEEP_MS = 15_000
const FORGET_MS = 3_600_000
/** Enough of the past to know what is usual. */
const SEED_RECORDS = 5_000
/** More than this is not kept while the store is away. */
const MOST_WAITING = 1_000

/** Opens alerting. What waits from before is sent. */
export function openAlerting(parts: AlertingParts): Alerting {
  const alerting = new OpenAlerting(parts)
  alerting.start()
  return alerting
}

class OpenAlerting implements Alerting {
  readonly #parts: AlertingParts
  readonly #send: AlertSend
  readonly #rules: AlertRules
  readonly #desk: AlertDesk
  /** What says that the store is away cannot be kept there. */
  readonly #spare: AlertDesk
  readonly #spareOutbox = memoryOutbox()
  readonly #channels: readonly Channel[]
  readonly #pumps: readonly DeliveryPump[]
  readonly #sparePumps: readonly DeliveryPump[]
  readonly #storeWatch: StoreWatch
  #signals: AlertSignal[] = []
  #draining: Promise<void> | null = null
  #stopTimers: () => void = () => {}
  #isClosed = false
  #isSeeded = false

  constructor(parts: AlertingParts) {
    const { runtime, policy, store } = parts
    this.#parts = parts
    const send = parts.send ?? httpSend(runtime)
    this.#send = send
    this.#rules = new AlertRules(policy.watch)
    this.#channels = policy.channels.map((config) => openChannel(config, { runtime, send }))
    this.#desk = new AlertDesk(this.#deskParts(store, () => this.#pumps))
    this.#spare = new AlertDesk(this.#deskParts(this.#spareOutbox, () => this.#sparePumps))
    this.#pumps = this.#openPumps(store)
    this.#sparePumps = this.#openPumps(this.#spareOutbox)
    this.#storeWatch = new StoreWatch(runtime, (event) => this.tell(event))
  }

  start(): void {
    this.#stopTimers = this.#every(TICK_MS, SWEEP_MS)
    for (const pump of this.#pumps) pump.wake()
    void this.#seed()
  }

  tell(event: AlertEvent): void {
    try {
      this.#queue(this.#rules.look(event))
    } catch (error) {
      this.#parts.runtime.log.error('alert-rule-failed', { kind: event.kind, error: String(error) })
    }
  }

  alerts(query: AlertQuery): Promise<readonly Alert[]> {
    return this.#parts.store.listAlerts(query)
  }

  channels(): Promise<readonly ChannelStanding[]> {
    const standings = this.#channels.map(async ({ name, kind, place }): Promise<ChannelStanding> => {
      const [last = null] = await this.#parts.store.listDeliveries({ channel: name, limit: 1 })
      return { name, kind, place, last }
    })
    return Promise.all(standings)
  }

  async test(name: string): Promise<Delivery | null> {
    const { runtime, store } = this.#parts
    const channel = this.#channels.find((each) => each.name === name)
    if (channel === undefined) return null
    const at = runtime.now()
    const id = runtime.id()
    const alert = await this.#desk.opened(draftTest(id, name, at))
    const delivery = openDelivery(id, channel, { alert, action: 'trigger', at })
    const ended = stepDelivery(delivery, await channel.deliver(delivery), runtime.now(), 0)
    await store.writeAlert({ ...alert, resolvedAt: at }, [ended])
    return ended
  }

  deliveries(query: DeliveryQuery): Promise<readonly Delivery[]> {
    return this.#parts.store.listDeliveries(query)
  }

  async resend(id: string): Promise<Delivery | null> {
    const { runtime, store } = this.#parts
    const delivery = await store.findDelivery(id)
    if (delivery === null) return null
    const again = repeatDelivery(runtime.id(), delivery, runtime.now())
    await store.addDelivery(again)
    this.#wake(this.#pumps, [again.channel])
    return again
  }

  acknowledge(alert: string, by: string): Promise<Alert | null> {
    return this.#desk.acknowledge(alert, by, this.#parts.runtime.now())
  }

  async idle(): Promise<void> {
    while (this.#draining !== null) await this.#draining
    await Promise.all([...this.#pumps, ...this.#sparePumps].map((pump) => pump.idle()))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopTimers()
    for (const pump of [...this.#pumps, ...this.#sparePumps]) pump.close()
    await this.idle()
    await this.#send.close?.()
  }
}
