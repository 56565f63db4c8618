/** The hub: tells everybody who listens what happens, and remembers a while for those who lost the line. */

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
  /**
   * Listens from now on, after what happened since an event that the listener has; `isWhole` is false where some of that
   * is forgotten.
   */
  listen(lastId: string | null, listener: Listener): { readonly isWhole: boolean; stop(): void }
  /** Ends all streams: called with `close`. */
  readonly closed: AbortSignal
  close(): void
}

/** Enough for a browser that slept for a minute on a busy gateway. */
const REMEMBERED = 1_000

/** @param name another one for each hub */
export function createEventHub(name: string): EventHub {
  const listeners = new Set<Listener>()
  const past: NumberedEvent[] = []
  const end = new AbortController()
  let count = 0
  return {
    closed: end.signal,
    publish: (kind, make) => {
      count += 1
      let text: string | null = null
      const event: NumberedEvent = {
        id: `${name}-${count}`,
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
      const missed = lastId === null ? [] : missedSince(past, lastId, `${name}-${count}`)
      for (const event of missed ?? []) listener(event)
      listeners.add(listener)
      return { isWhole: missed !== null, stop: () => void listeners.delete(listener) }
    },
    close: () => {
      listeners.clear()
      end.abort()
    },
  }
}

/** Null if not all of it is known. */
function missedSince(past: readonly NumberedEvent[], lastId: string, newest: string): readonly NumberedEvent[] | null {
  if (lastId === newest) return []
  const at = past.findIndex(({ id }) => id === lastId)
  return at < 0 ? null : past.slice(at + 1)
}
