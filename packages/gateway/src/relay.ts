/** The relay: moves the bytes of one answer from the upstream to the caller, and shows them to the watch. */

import type { ServerResponse } from 'node:http'
import { answerRefusal, type CallEnd, type Refusal } from '@runguard/sdk/core'
import { costHeader, type DoorGuard, ownHeaders, type Watch } from '@runguard/sdk/engine'
import type { Dispatcher } from 'undici'
import { RunningAnswer } from './calls/running-answer.js'
import { CorruptEncodingError, isReadable, type Tap, tapEncoded } from './encoding.js'
import { type FlatHeaders, plainHeaders, responseHeaders } from './headers.js'

type Controller = Dispatcher.DispatchController

/** An answer that is priced at its end is held back up to here; a larger one goes out as it comes, without its cost. */
const MAX_HELD_BYTES = 32 * 1024 * 1024

interface Head {
  readonly status: number
  readonly headers: FlatHeaders
}

/**
 * A handler for undici's `dispatch`. Bytes are forwarded first and read by the watch after; back-pressure of the
 * caller pauses the upstream, and whoever goes away ends the other side too.
 */
export class Relay extends RunningAnswer implements Dispatcher.DispatchHandler {
  private readonly response: ServerResponse
  private readonly onEnd: () => void
  private head: Head | null = null
  private held: Buffer[] | null = null
  private heldBytes = 0
  private arrived: Buffer[] = []
  private tap: Tap | null = null
  /** Where the stream may have to be ended: what is sent on is what it lets pass. */
  private guard: DoorGuard | null = null
  /** True once the upstream has sent all of it. */
  private hasEnded = false
  /** True once the caller has an answer that was ended before its time. */
  private isCut = false

  constructor(response: ServerResponse, watch: Watch, onEnd: () => void) {
    super(response.req.socket, watch)
    this.response = response
    this.onEnd = onEnd
    response.on('close', () => {
      if (!response.writableFinished) this.stop('caller-aborted')
    })
    response.on('drain', () => this.readOn())
    // Who left while the request was still looked at has left for good: no event will say so again.
    if (response.destroyed || this.socket.destroyed) this.stop('caller-aborted')
  }

  override stop(end: CallEnd): void {
    if (this.stopped !== null) return
    super.stop(end)
    if (!this.response.destroyed) this.response.destroy()
  }

  onResponseStart(
    controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 100 and 103 announce an answer, they are none.
    if (status < 200) return
    const plain = plainHeaders(headers)
    const encoding = plain['content-encoding']
    const guard = this.watch.head(status, plain)
    // A coding that nobody can read cannot be cut in either; it was not asked for.
    this.guard = isReadable(encoding) ? guard : null
    if (this.guard !== null) this.guard.onTurn = () => this.follow()
    this.tap = tapEncoded(encoding, (chunk) => this.take(chunk))
    // What a guard lets pass has no coding, and not always the length of what came.
    const isGuarded = this.guard !== null
    this.head = { status, headers: responseHeaders((controller.rawHeaders ?? []) as Buffer[], isGuarded) }
    this.held = this.watch.isPricedAtEnd ? [] : null
    if (this.held === null) {
      this.writeHead([])
      process.nextTick(() => this.forward())
    }
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.held !== null) {
      this.hold(chunk)
      this.read(chunk)
      return
    }
    if (this.arrived.length === 0) process.nextTick(() => this.forward())
    this.arrived.push(chunk)
  }

  /** Sends on what arrived in one read of the upstream, in one piece: each write of a chunk costs more than its bytes. */
  private forward(): void {
    const bytes = this.arrived.length === 1 ? (this.arrived[0] as Buffer) : Buffer.concat(this.arrived)
    this.arrived = []
    if (bytes.length === 0 && this.isOpen()) this.response.flushHeaders()
    if (bytes.length === 0) return
    if (this.guard === null) this.send(bytes)
    this.read(bytes)
  }

  /** Decoded bytes: the watch sees them, and where a guard stands the caller gets what it lets pass. */
  private take(bytes: Buffer): void {
    if (this.guard === null) this.watch.chunk(bytes)
    else {
      this.send(this.guard.pass(bytes))
      this.follow()
    }
  }

  private isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded
  }

  private send(bytes: Uint8Array): void {
    if (bytes.length > 0 && this.isOpen() && !this.response.write(bytes)) this.pause()
  }

  /** Does what the guard says now. */
  private follow(): void {
    const flow = this.guard?.flow
    if (flow === 'wait') this.pause()
    else if (flow === 'cut') this.cut()
    else this.readOn()
  }

  /** A connection that is left paused behind its answer would never bring the next one. */
  private pause(): void {
    if (!this.hasEnded) this.controller?.pause()
  }

  /** Reading goes on when both sides are ready for more. */
  private readOn(): void {
    if (this.guard?.flow !== 'wait' && !this.response.writableNeedDrain) this.controller?.resume()
  }

  /** Ends the answer for the caller, whole and valid, and the upstream with it. */
  private cut(): void {
    if (this.stopped !== null || this.guard === null) return
    this.stopped = this.guard.cutEnd
    this.isCut = true
    this.response.end(this.guard.cut())
    this.controller?.abort(new Error(this.stopped))
  }

  private read(bytes: Buffer): void {
    if (this.tap === null) this.take(bytes)
    else this.tap.feed(bytes)
  }

  onResponseEnd(): void {
    this.hasEnded = true
    this.controller?.resume()
    if (this.arrived.length > 0) this.forward()
    if (this.tap === null) this.finish()
    else void this.tap.finish().then(() => this.finishDecoded(this.tap?.isBroken === true))
  }

  /** What could not be decoded was not sent on either, where a guard stands: the caller must not take it for the whole. */
  private finishDecoded(isBroken: boolean): void {
    if (this.guard === null || !isBroken) this.finish()
    else this.onResponseError(this.controller, new CorruptEncodingError('its coding breaks off'))
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (this.arrived.length > 0) this.forward()
    const end = this.stopped ?? 'upstream-failed'
    const settle = (): void => {
      const record = this.watch.end(end)
      this.onEnd()
      if (record.ending.kind === 'exact' && this.held !== null) {
        // All of it is here, and paid: an error now would make the caller pay again.
        this.release(costHeader(record))
        this.response.end()
        return
      }
      if (!this.isCut) this.breakOff(error)
    }
    if (this.tap === null) settle()
    else void this.tap.finish().then(settle, settle)
  }

  private hold(chunk: Buffer): void {
    this.heldBytes += chunk.length
    this.held?.push(chunk)
    if (this.heldBytes > MAX_HELD_BYTES) this.release([])
  }

  /** Sends what was held back, under its head. */
  private release(extra: FlatHeaders): void {
    const held = this.held ?? []
    this.held = null
    this.writeHead(extra)
    for (const chunk of held) this.response.write(chunk)
  }

  private finish(): void {
    const record = this.watch.end('complete')
    this.onEnd()
    if (this.held !== null) this.release(costHeader(record))
    if (this.isOpen()) this.response.end(this.guard?.finish())
  }

  private writeHead(extra: FlatHeaders): void {
    const { status, headers } = this.head as Head
    this.response.writeHead(status, [...headers, ...ownHeaders(this.watch), ...extra])
  }

  /** The answer cannot be completed: say so while that is possible, else let the connection show it. */
  private breakOff(error: Error): void {
    if (this.guard !== null) this.send(this.guard.finish())
    const isUntouched = !this.response.headersSent && !this.response.destroyed
    if (isUntouched) refuse(this.response, unreachable(error), this.watch.id)
    else this.response.destroy()
  }
}

/** What a caller is told where no answer came. */
export function unreachable(error: Error): Refusal {
  const cause = (error as NodeJS.ErrnoException).code ?? error.name
  return {
    code: 'runguard_upstream_unreachable',
    message: `RunGuard got no answer from the upstream (${cause}). Check the upstream address and the network.`,
  }
}

/** Answers in the API's error shape. */
export function refuse(response: ServerResponse, refusal: Refusal, requestId: string): void {
  const answer = answerRefusal(refusal, requestId)
  response.writeHead(answer.status, { ...answer.headers, 'x-runguard-request-id': requestId })
  response.end(answer.body)
}
