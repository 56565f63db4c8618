/** One listener's stream of server-sent events. */

import type { Runtime } from '@runguard/sdk/engine'
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

/** Opens the stream. It ends when its listener leaves, is too slow, or may no longer listen. */
export function openEventStream({ hub, runtime, lastId, signal, mayListen }: StreamParts): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let waiting: string[] = []
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null
  let stopListening = (): void => {}
  let stopTimers: (() => void)[] = []

  const flush = (): void => {
    if (controller === null || waiting.length === 0 || (controller.desiredSize ?? 0) <= 0) return
    controller.enqueue(encoder.encode(waiting.join('')))
    waiting = []
  }
  const end = (): void => {
    stopListening()
    for (const stop of stopTimers) stop()
    stopTimers = []
    try {
      controller?.close()
    } catch {}
    controller = null
  }
  const say = (text: string): void => {
    waiting.push(text)
    flush()
    if (waiting.length > MAX_WAITING) end()
  }
  const repeat = (ms: number, task: () => void): void => {
    const again = (): void => {
      const stop = runtime.schedule(ms, () => {
        stopTimers = stopTimers.filter((each) => each !== stop)
        if (controller === null) return
        task()
        again()
      })
      stopTimers.push(stop)
    }
    again()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened
        say('retry: 2000\n\n')
        const { isWhole, stop } = hub.listen(lastId, (event) => say(eventText(event)))
        stopListening = stop
        if (!isWhole) say(`event: gap\ndata: ${JSON.stringify({ kind: 'gap', at: runtime.now() })}\n\n`)
        repeat(BEAT_MS, () => say(': beat\n\n'))
        repeat(CHECK_MS, () => void mayListen().then((may) => may || end(), end))
        for (const each of [signal, hub.closed]) {
          if (each.aborted) end()
          else each.addEventListener('abort', end, { once: true })
        }
      },
      pull: flush,
      cancel: end,
    },
    { highWaterMark: 16 },
  )
}

function eventText(event: NumberedEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${event.data()}\n\n`
}
