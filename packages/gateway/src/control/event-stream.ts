/** One listener's stream of server-sent events. */

import type { Runtime } from '@runguard/sdk/engine'
import type { ApiEvent } from '../api/events.js'
import type { EventHub, NumberedEvent } from './event-hub.js'

/** What a stream is made of. */
export interface StreamParts {
  readonly hub: EventHub
  readonly runtime: Runtime
  /** The last event that the listener has; null for none. */
  readonly lastId: string | null
  /** The listener's connection. */
  readonly signal: AbortSignal
  /** Whether the listener may still listen: asked again and again. */
  readonly mayListen: () => Promise<boolean>
}

/** Whoever is so far behind is let go: it may come back and ask for what it missed. */
const MAX_WAITING = 500
const BEAT_MS = 15_000
/** A session that was ended hears nothing more after so long. */
const CHECK_MS = 3_000
/** Pieces that a connection takes before it has to read. */
const AHEAD = 16

/** Opens the stream. It ends when its listener leaves, is too slow, or may no longer listen. */
export function openEventStream(parts: StreamParts): ReadableStream<Uint8Array> {
  const { hub, runtime, lastId, signal, mayListen } = parts
  const queue = new EventQueue()
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    queue.open(controller)
    const { missed, stop } = hub.listen(lastId, (event) => queue.say(eventText(event)))
    const begin = missed?.map(eventText).join('') ?? unnumbered({ kind: 'gap', at: runtime.now() })
    // In one piece: whoever has just come is not behind, however much it missed.
    queue.say(`retry: 2000\n\n${begin}`)
    queue.atEnd(stop)
    queue.atEnd(repeat(runtime, BEAT_MS, () => queue.say(unnumbered({ kind: 'beat', at: runtime.now() }))))
    const check = (): void => void mayListen().then((may) => may || queue.end(), queue.end)
    queue.atEnd(repeat(runtime, CHECK_MS, check))
    queue.atEnd(hub.atClose(queue.end))
    if (signal.aborted) queue.end()
    else signal.addEventListener('abort', queue.end, { once: true })
  }
  return new ReadableStream<Uint8Array>({ start, pull: queue.flush, cancel: queue.end }, { highWaterMark: AHEAD })
}

/** What a listener has not read yet. */
class EventQueue {
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #waiting: string[] = []
  #endings: (() => void)[] = []
  readonly #encoder = new TextEncoder()

  open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller
  }

  /** Runs `task` when the stream ends. */
  atEnd(task: () => void): void {
    if (this.#controller === null) task()
    else this.#endings.push(task)
  }

  say(text: string): void {
    this.#waiting.push(text)
    this.flush()
    if (this.#waiting.length > MAX_WAITING) this.end()
  }

  readonly flush = (): void => {
    const controller = this.#controller
    if (controller === null || this.#waiting.length === 0 || (controller.desiredSize ?? 0) <= 0) return
    controller.enqueue(this.#encoder.encode(this.#waiting.join('')))
    this.#waiting = []
  }

  readonly end = (): void => {
    const controller = this.#controller
    this.#controller = null
    for (const task of this.#endings.splice(0)) task()
    try {
      controller?.close()
    } catch {
      // Its listener has closed it already.
    }
  }
}

/** Again and again, until what is given back is called. */
function repeat(runtime: Runtime, ms: number, task: () => void): () => void {
  let stop = (): void => {}
  const again = (): void => {
    stop = runtime.schedule(ms, () => {
      again()
      task()
    })
  }
  again()
  return () => stop()
}

/** What is said to one listener alone, and is nothing to go on from. */
function unnumbered(event: ApiEvent): string {
  return `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`
}

function eventText(event: NumberedEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${event.data()}\n\n`
}
