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
  /** Runs `task` when the hub is closed, unless what is given back is called before. */
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
  const name = runtime.id()
  const listeners = new Set<Listener>()
  const past: (NumberedEvent & { readonly tick: number })[] = []
  const endings = new Set<() => void>()
  let count = 0
  const since = (lastId: string): Missed => {
    const missed = lastId.startsWith(`${name}-`) ? count - Number(lastId.slice(name.length + 1)) : Number.NaN
    return missed >= 0 && missed <= past.length ? past.slice(past.length - missed) : null
  }
  return {
    publish: (kind, make) => {
      count += 1
      let text: string | null = null
      const event = {
        id: `${name}-${count}`,
        tick: runtime.tick(),
        kind,
        data: () => {
          text ??= JSON.stringify(make())
          return text
        },
      }
      past.push(event)
      if (past.length > REMEMBERED) past.shift()
      for (const listener of listeners) listener(event)
    },
    listen: (lastId, listener) => {
      listeners.add(listener)
      return { missed: lastId === null ? [] : since(lastId), stop: () => void listeners.delete(listener) }
    },
    place: () => {
      const before = runtime.tick() - SHARED_MS
      const newer = past.length - 1 - past.findLastIndex(({ tick }) => tick < before)
      return `${name}-${count - newer}`
    },
    atClose: (task) => {
      endings.add(task)
      return () => void endings.delete(task)
    },
    close: () => {
      listeners.clear()
      for (const task of endings) task()
    },
  }
}
