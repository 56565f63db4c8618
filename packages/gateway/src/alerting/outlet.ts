/** Outlet: one outbox with what is to be written into it, and with the loops that send what waits in it. */

import { type AlertSignal, type Delivery, draftGivenUp } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import { AlertDesk, type DeskParts } from './alert-desk.js'
import type { Channel } from './channel.js'
import { DeliveryPump } from './delivery-pump.js'

/** What an outlet is made of. */
export interface OutletParts extends Omit<DeskParts, 'onQueued'> {
  readonly channels: readonly Channel[]
  readonly owner: string
  /** Called when a signal is done. */
  readonly onDone?: (signal: AlertSignal) => Promise<void>
}

/** More than this is not kept in mind while the store is away. */
const MOST_WAITING = 1_000

/** Takes signals at any time, and writes them down in their order when the outbox can be written. */
export class Outlet {
  readonly desk: AlertDesk
  readonly #runtime: Runtime
  readonly #pumps: ReadonlyMap<string, DeliveryPump>
  readonly #onDone: OutletParts['onDone']
  readonly #waiting: AlertSignal[] = []
  #writing: Promise<void> | null = null

  constructor({ channels, owner, onDone, ...parts }: OutletParts) {
    const { outbox, runtime, policy } = parts
    this.#runtime = runtime
    this.#onDone = onDone
    this.desk = new AlertDesk({ ...parts, onQueued: (names) => this.wake(names) })
    const { giveUpAfterMs } = policy
    const onFailed = (delivery: Delivery): void => this.#tellFailure(delivery)
    const pump = (channel: Channel) => new DeliveryPump(channel, { outbox, runtime, owner, giveUpAfterMs, onFailed })
    this.#pumps = new Map(channels.map((channel) => [channel.name, pump(channel)]))
  }

  /** Takes signals. Never waits. */
  tell(signals: readonly AlertSignal[]): void {
    for (const signal of signals) {
      if (this.#waiting.length < MOST_WAITING) this.#waiting.push(signal)
      else this.#runtime.log.error('alert-lost', { key: signal.kind === 'raise' ? signal.draft.key : signal.key })
    }
    this.#write()
  }

  /** Sends what is due on these channels; on all if none is named. */
  wake(names: Iterable<string> = this.#pumps.keys()): void {
    for (const name of names) this.#pumps.get(name)?.wake()
  }

  /** Tries again what could not be written, and looks for what has become due. */
  tick(): void {
    this.#write()
    this.wake()
  }

  /** Resolves when nothing can be written that is not, and nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#writing !== null) await this.#writing
    await Promise.all([...this.#pumps.values()].map((pump) => pump.idle()))
    if (this.#writing !== null) await this.idle()
  }

  /** Sends nothing more. */
  close(): void {
    for (const pump of this.#pumps.values()) pump.close()
  }

  #write(): void {
    if (this.#waiting.length === 0) return
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null
    })
  }

  async #writeAll(): Promise<void> {
    for (let signal = this.#waiting[0]; signal !== undefined; signal = this.#waiting[0]) {
      try {
        if (signal.kind === 'raise') await this.desk.raise(signal.draft)
        else await this.desk.resolve(signal.key, signal.at)
        await this.#onDone?.(signal)
      } catch (error) {
        this.#runtime.log.warn('alerts-delayed', { error: String(error) })
        return
      }
      this.#waiting.shift()
    }
  }

  /** Not of itself: a channel that fails would tell of that for ever. */
  #tellFailure({ channel, alert, lastError }: Delivery): void {
    this.#runtime.log.error('alert-not-delivered', { channel, error: lastError })
    if (alert.kind === 'delivery') return
    this.tell([{ kind: 'raise', draft: draftGivenUp(channel, lastError, this.#runtime.now()) }])
  }
}
