/** The body of an answer on its way to whoever reads it: as fast as it is read, and as far as it may go. */

import type { DoorGuard } from '../../engine/watch.js'
import type { RunningCall } from './running-call.js'

type Reader = ReadableStreamDefaultReader<Uint8Array>
type Controller = ReadableStreamDefaultController<Uint8Array>

/** What a watched body is made of. */
export interface AnswerParts {
  readonly call: RunningCall
  readonly reader: Reader
  /** Where the answer may have to be ended. */
  readonly guard: DoorGuard | null
  /** What was read of it already. */
  readonly read?: readonly Uint8Array[]
}

/**
 * A body that asks the upstream for more when it is read, and shows to the watch what it passes on.
 *
 * Nothing that outlives the reader may hold the stream: an answer that is dropped unread ends when it is collected.
 */
export function streamAnswer(parts: AnswerParts): ReadableStream<Uint8Array> {
  return new ReadableStream(new AnswerSource(parts), { highWaterMark: 0 })
}

const WOKEN = Symbol('woken')

class AnswerSource {
  private readonly call: RunningCall
  private readonly reader: Reader
  private readonly guard: DoorGuard | null
  private readonly waiting: Uint8Array[]
  private reading: ReturnType<Reader['read']> | null = null
  private wake: (() => void) | null = null

  constructor({ call, reader, guard, read = [] }: AnswerParts) {
    this.call = call
    this.reader = reader
    this.guard = guard
    this.waiting = [...read]
    if (guard !== null) guard.onTurn = () => this.wake?.()
    call.letGo = (reason) => {
      letGo(reader, reason)
      this.wake?.()
    }
  }

  /** Called when somebody reads: passes on at least one byte, or ends. */
  async pull(controller: Controller): Promise<void> {
    const early = this.waiting.shift()
    if (early !== undefined) return controller.enqueue(early)
    for (let isServed = false; !isServed; ) isServed = await this.step(controller)
  }

  cancel(reason: unknown): Promise<void> {
    this.call.end('caller-aborted')
    return this.reader.cancel(reason)
  }

  /** True if whoever reads got something. */
  private async step(controller: Controller): Promise<boolean> {
    if (this.guard?.flow === 'cut') return this.cut(controller, this.guard)
    try {
      const next = await this.next()
      if (this.call.stopped !== null) throw this.call.stopped.reason
      if (next === WOKEN) return false
      this.reading = null
      return next.done ? this.finish(controller) : this.pass(controller, next.value)
    } catch (error) {
      return this.fail(controller, error)
    }
  }

  /** The next piece, unless the guard turns first: hidden thinking sends nothing for minutes, and may have to be cut. */
  private async next(): Promise<Awaited<ReturnType<Reader['read']>> | typeof WOKEN> {
    if (this.guard === null) return await this.reader.read()
    const woken = new Promise<typeof WOKEN>((resolve) => {
      this.wake = () => resolve(WOKEN)
    })
    if (this.guard.flow === 'wait') return await woken
    this.reading ??= this.reader.read()
    return await Promise.race([woken, this.reading])
  }

  /** To the caller first, to the watch second; only a guard has to see a piece before. */
  private pass(controller: Controller, bytes: Uint8Array): boolean {
    if (this.guard !== null) return serve(controller, this.guard.pass(bytes))
    const isServed = serve(controller, bytes)
    this.call.watch.chunk(bytes)
    return isServed
  }

  private finish(controller: Controller): boolean {
    if (this.guard !== null) serve(controller, this.guard.finish())
    this.call.end('complete')
    controller.close()
    return true
  }

  /** Ends the answer for whoever reads it, whole and valid, and lets the upstream go. */
  private cut(controller: Controller, guard: DoorGuard): boolean {
    serve(controller, guard.cut())
    this.call.end(guard.cutEnd)
    letGo(this.reader, guard.cutEnd)
    controller.close()
    return true
  }

  private fail(controller: Controller, error: unknown): boolean {
    this.call.end('upstream-failed')
    if (this.guard !== null) serve(controller, this.guard.finish())
    controller.error(error)
    return true
  }
}

function serve(controller: Controller, bytes: Uint8Array): boolean {
  if (bytes.length > 0) controller.enqueue(bytes)
  return bytes.length > 0
}

/** Whether the upstream hears of it in time changes nothing any more. */
function letGo(reader: Reader, reason: unknown): void {
  reader.cancel(reason).catch(() => {})
}
