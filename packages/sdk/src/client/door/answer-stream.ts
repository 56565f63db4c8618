/** The body of an answer on its way to whoever reads it: as fast as it is read, and as far as it may go. */

import type { DoorGuard } from '../../engine/watch.js'
import type { RunningCall } from './running-call.js'

type Reader = ReadableStreamDefaultReader<Uint8Array>
type Controller = ReadableStreamDefaultController<Uint8Array>
type Piece = Awaited<ReturnType<Reader['read']>>

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

const NOTHING = new Uint8Array(0)

/** Is told what has come instead of waiting for it: promises would be most of what a short piece costs. */
class AnswerSource {
  private readonly call: RunningCall
  private readonly reader: Reader
  private readonly guard: DoorGuard | null
  private readonly waiting: Uint8Array[]
  /** Set while somebody waits to read. */
  private controller: Controller | null = null
  /** The upstream was asked for a piece that has not come. */
  private isReading = false
  /** The last of it was passed on, or is about to be. */
  private isOver = false
  private readonly onPiece: (next: Piece) => void
  private readonly onFailure: (error: unknown) => void

  constructor({ call, reader, guard, read = [] }: AnswerParts) {
    this.call = call
    this.reader = reader
    this.guard = guard
    this.waiting = [...read]
    this.onPiece = (next) => {
      this.isReading = false
      this.goOn(next)
    }
    this.onFailure = (error) => {
      if (this.controller !== null) this.fail(this.controller, error)
    }
    if (guard !== null) guard.onTurn = () => this.goOn()
    call.letGo = (reason) => {
      letGo(reader, reason)
      this.goOn()
    }
  }

  /** Called when somebody reads: sooner or later passes on at least one byte, or ends. */
  pull(controller: Controller): void {
    if (this.isOver) return
    this.controller = controller
    const early = this.waiting.shift()
    if (early === undefined) this.goOn()
    else this.serve(controller, early)
  }

  cancel(reason: unknown): Promise<void> {
    this.controller = null
    this.call.end('caller-aborted')
    return this.reader.cancel(reason)
  }

  /** @param next what has come of the answer; absent: something else has happened, or somebody reads */
  private goOn(next?: Piece): void {
    const { controller, guard, call } = this
    if (controller === null) return
    try {
      const isCut = next === undefined && guard?.flow === 'cut'
      if (call.stopped !== null && !isCut) throw call.stopped.reason
      if (next?.done === true) this.finish(controller)
      else if (next !== undefined) this.pass(controller, next.value)
      if (this.controller === null) return
      if (guard?.flow === 'cut') this.cut(controller, guard)
      else this.readOn()
    } catch (error) {
      this.fail(controller, error)
    }
  }

  /** The guard may turn before the next piece comes: hidden thinking sends nothing for minutes, and may have to be cut. */
  private readOn(): void {
    if (this.isReading || this.guard?.flow === 'wait') return
    this.isReading = true
    this.reader.read().then(this.onPiece, this.onFailure)
  }

  /** To the caller first, to the watch second; only a guard has to see a piece before. */
  private pass(controller: Controller, bytes: Uint8Array): void {
    this.serve(controller, this.guard === null ? bytes : this.guard.pass(bytes))
    if (this.guard === null) this.call.watch.chunk(bytes)
  }

  private serve(controller: Controller, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.controller = null
    controller.enqueue(bytes)
  }

  /** Whoever takes it may ask for more before the stream is closed: there is no more. */
  private serveLast(controller: Controller, bytes: Uint8Array): void {
    this.isOver = true
    this.controller = null
    if (bytes.length > 0) controller.enqueue(bytes)
  }

  private finish(controller: Controller): void {
    this.serveLast(controller, this.guard?.finish() ?? NOTHING)
    this.call.end('complete')
    controller.close()
  }

  /** Ends the answer for whoever reads it, whole and valid, and lets the upstream go. */
  private cut(controller: Controller, guard: DoorGuard): void {
    this.serveLast(controller, guard.cut())
    this.call.end(guard.cutEnd)
    letGo(this.reader, guard.cutEnd)
    controller.close()
  }

  private fail(controller: Controller, error: unknown): void {
    this.controller = null
    try {
      this.call.end('upstream-failed')
      this.serveLast(controller, this.guard?.finish() ?? NOTHING)
      controller.error(error)
    } catch (broken) {
      // Nobody else would hear of it.
      controller.error(broken)
    }
  }
}

/** Whether the upstream hears of it in time changes nothing any more. */
function letGo(reader: Reader, reason: unknown): void {
  reader.cancel(reason).catch(() => {})
}
