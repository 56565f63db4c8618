/** The loop that brings messages of one channel out. Channels have loops of their own: none waits for another. */

import { type Delivery, stepDelivery } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { OutboxStore } from '@runguard/sdk/store'
import type { Channel } from './channel.js'

/** What a pump works with. */
export interface PumpParts {
  readonly outbox: OutboxStore
  readonly runtime: Runtime
  /** This process: what it takes nobody else gets. */
  readonly owner: string
  readonly giveUpAfterMs: number
  /** A message that will not be sent again. Never rejects. */
  readonly onFailed: (delivery: Delivery) => void
}

/** Longer than any attempt takes: whoever is gone by then has died. */
const LOCK_MS = 20_000
/** Of one channel at once; Slack asks for one a second. */
const AT_ONCE = { slack: 1, pagerduty: 4, webhook: 4, email: 1 } as const

/** Sends what is due on one channel. */
export class DeliveryPump {
  readonly #channel: Channel
  readonly #parts: PumpParts
  /** What receivers took and the store could not be told of: not to be sent again. */
  readonly #unwritten = new Map<string, Delivery>()
  readonly #onTheirWay = new Set<Promise<void>>()
  #taking: Promise<void> | null = null
  #isWoken = false
  #isClosed = false

  constructor(channel: Channel, parts: PumpParts) {
    this.#channel = channel
    this.#parts = parts
  }

  /** Looks for what is due, as far as there is room for it. */
  wake(): void {
    this.#isWoken = true
    this.#taking ??= this.#takeAll().finally(() => {
      this.#taking = null
    })
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#taking !== null || this.#onTheirWay.size > 0) await Promise.all([this.#taking, ...this.#onTheirWay])
  }

  /** Takes nothing more. */
  close(): void {
    this.#isClosed = true
  }

  async #takeAll(): Promise<void> {
    try {
      while (this.#isWoken && !this.#isClosed) {
        this.#isWoken = false
        while ((await this.#takeSome()) > 0);
      }
    } catch (error) {
      this.#delay(error)
    }
  }

  async #takeSome(): Promise<number> {
    const { outbox, runtime, owner } = this.#parts
    const { name: channel, kind } = this.#channel
    const room = AT_ONCE[kind] - this.#onTheirWay.size
    if (room <= 0 || this.#isClosed) return 0
    const at = runtime.now()
    const taken = await outbox.takeDeliveries({ channel, owner, at, lockUntil: at + LOCK_MS, limit: room })
    for (const delivery of taken) this.#start(delivery)
    return taken.length
  }

  #start(delivery: Delivery): void {
    const attempt = this.#attempt(delivery)
      .catch((error: unknown) => this.#delay(error))
      .finally(() => {
        this.#onTheirWay.delete(attempt)
        this.wake()
      })
    this.#onTheirWay.add(attempt)
  }

  #delay(error: unknown): void {
    this.#parts.runtime.log.warn('alerts-delayed', { channel: this.#channel.name, error: String(error) })
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { outbox, runtime, owner, giveUpAfterMs, onFailed } = this.#parts
    const tried = this.#unwritten.get(delivery.id)
    const ended = tried ?? stepDelivery(delivery, await this.#channel.deliver(delivery), runtime.now(), giveUpAfterMs)
    if (ended.status === 'delivered') this.#unwritten.set(delivery.id, ended)
    const isKept = await outbox.endAttempt(ended, owner)
    this.#unwritten.delete(delivery.id)
    if (!isKept) runtime.log.warn('alert-sent-by-two', { delivery: delivery.id, channel: this.#channel.name })
    else if (ended.status === 'failed') onFailed(ended)
  }
}
