/** An answer that is held back whole, until it is known whether it is the one. */

import type { Socket } from 'node:net'
import type { CallEnd, CallRecord } from '@runguard/sdk/core'
import type { Watch } from '@runguard/sdk/engine'
import type { Dispatcher } from 'undici'
import { isReadable, type Tap, tapEncoded } from '../encoding.js'
import { type FlatHeaders, plainHeaders, responseHeaders } from '../headers.js'
import { RunningAnswer } from './running-answer.js'

/** What came of a call. */
export type HeldEnd =
  /** @property body as the headers say: decoded, and so without a coding, wherever that can be done; they name no length */
  | { readonly kind: 'answered'; readonly status: number; readonly headers: FlatHeaders; readonly body: Buffer }
  | { readonly kind: 'failed'; readonly error: Error }

/** What a model can say at most is a fraction of this. */
const MAX_HELD_BYTES = 32 * 1024 * 1024

/** A handler for undici's `dispatch`. Settles its call whatever happens. */
export class HeldAnswer extends RunningAnswer implements Dispatcher.DispatchHandler {
  /** How it ended, with the record of the call. Never rejects. */
  readonly ended: Promise<{ readonly end: HeldEnd; readonly record: CallRecord }>
  private readonly close: (ended: { readonly end: HeldEnd; readonly record: CallRecord }) => void
  private status = 0
  private headers: FlatHeaders = []
  private readonly chunks: Buffer[] = []
  private bytes = 0
  private tap: Tap | null = null

  constructor(socket: Socket, watch: Watch) {
    super(socket, watch)
    let close: typeof this.close = () => {}
    this.ended = new Promise((resolve) => {
      close = resolve
    })
    this.close = close
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    const plain = plainHeaders(headers)
    const encoding = plain['content-encoding']
    this.watch.head(status, plain)
    this.status = status
    this.headers = responseHeaders((controller.rawHeaders ?? []) as Buffer[], true)
    // What nobody here can read goes on as it is.
    if (isReadable(encoding)) this.tap = tapEncoded(encoding, (chunk) => this.take(chunk))
    else this.headers.push('content-encoding', encoding ?? '')
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.tap === null) this.take(chunk)
    else this.tap.feed(chunk)
  }

  onResponseEnd(): void {
    const finish = (): void => {
      if (this.tap?.isBroken === true) this.fail(new Error('its coding breaks off'))
      else this.settle('complete', { kind: 'answered', status: this.status, headers: this.headers, body: this.body() })
    }
    if (this.tap === null) finish()
    else void this.tap.finish().then(finish, finish)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const fail = (): void => this.fail(error)
    if (this.tap === null) fail()
    else void this.tap.finish().then(fail, fail)
  }

  private take(chunk: Buffer): void {
    this.bytes += chunk.length
    this.watch.chunk(chunk)
    if (this.bytes <= MAX_HELD_BYTES) this.chunks.push(chunk)
    else this.stop('upstream-failed')
  }

  private body(): Buffer {
    return Buffer.concat(this.chunks)
  }

  private fail(error: Error): void {
    this.settle(this.stopped ?? 'upstream-failed', { kind: 'failed', error })
  }

  private settle(how: CallEnd, end: HeldEnd): void {
    this.close({ end, record: this.watch.end(how) })
  }
}
