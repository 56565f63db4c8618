/** The hub: tells everybody who listens what happens, and remembers a while for those who lost the line. */

import type { Runtime } from '@runguard/sdk/engine'
import type { ApiEvent } from '../api/events.js'

/** An event with its number. */
export interface NumberedEvent {
  /** `<hub>-<number>`: tells other hubs apart, of a restart say. */
  readonly id: string
  readonly kind: ApiEvent['kind']
  /** JSON, on one line; made when first asked for, because often nobody listens. */
  data(): string
}

/** Who listens; is told at once, and must not wait. */
export type Listener = (event: NumberedEvent) => void

/** Tells what happens. */
export interface EventHub {
  publish(kind: ApiEvent['kind'], make: () => ApiEvent): void
  /** Listens from now on. `missed`: what happened since an event that the listener has; null where some is forgotten. */
  listen(lastId: string | null, listener: Listener): { readonly missed: Missed; stop(): void }
  /** The id of an event: whoever reads something from now on and listens after it misses nothing. */
  place(): string
  /** Runs `task` when the hub is closed, at once if it is; not if what is given back is called before. */
  atClose(task: () => void): () => void
  close(): void
}

type Missed = readonly NumberedEvent[] | null

/** Enough for a browser that slept for a minute on a busy gateway. */
const REMEMBERED = 1_000

/** An answer may be put together once for all who ask within so long: it may be older than an event by that much. */
export const SHARED_MS = 500

/** Opens it. */
export function createEventHub(runtime: Pick<Runtime, 'id' | 'tick'>): EventHub {
  const past = new Past(runtime.id())
  const listeners = new Set<Listener>()
  const endings = new Set<() => void>()
  let isClosed = false
  return {
    publish: (kind, make) => {
      const event = past.add(kind, make, runtime.tick())
      for (const listener of listeners) listener(event)
    },
    listen: (lastId, listener) => {
      listeners.add(listener)
      return { missed: lastId === null ? [] : past.since(lastId), stop: () => void listeners.delete(listener) }
    },
    place: () => past.placeBefore(runtime.tick() - SHARED_MS),
    atClose: (task) => {
      if (isClosed) task()
      else endings.add(task)
      return () => void endings.delete(task)
    },
    close: () => {
      isClosed = true
      for (const task of endings) task()
    },
  }
}

/** The newest events. */
class Past {
  readonly #name: string
  readonly #events: (NumberedEvent & { readonly tick: number })[] = []
  #count = 0

  /** @param name another one for each hub */
  constructor(name: string) {
    this.#name = name
  }

  /** @param tick when it happened, in milliseconds on a clock that never jumps */
  add(kind: ApiEvent['kind'], make: () => ApiEvent, tick: number): NumberedEvent {
    this.#count += 1
    let text: string | null = null
    const data = (): string => {
      text ??= JSON.stringify(make())
      return text
    }
    const event = { id: `${this.#name}-${this.#count}`, tick, kind, data }
    this.#events.push(event)
    if (this.#events.length > REMEMBERED) this.#events.shift()
    return event
  }

  /** Null if not all of it is known. */
  since(id: string): Missed {
    const prefix = `${this.#name}-`
    const missed = id.startsWith(prefix) ? this.#count - Number(id.slice(prefix.length)) : Number.NaN
    const known = this.#events.length
    return missed >= 0 && missed <= known ? this.#events.slice(known - missed) : null
  }

  /** The id of the last event before `tick`; none that is remembered may be so old, and then it is the one before them. */
  placeBefore(tick: number): string {
    const newer = this.#events.length - 1 - this.#events.findLastIndex((event) => event.tick < tick)
    return `${this.#name}-${this.#count - newer}`
  }
}
