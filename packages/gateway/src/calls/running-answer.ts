/** A call that is on its way to the upstream, for whoever has to end it from this side. */

import type { Socket } from 'node:net'
import type { CallEnd } from '@runguard/sdk/core'
import type { Watch } from '@runguard/sdk/engine'
import type { Dispatcher } from 'undici'

/** What every handler of undici's `dispatch` begins with here. */
export abstract class RunningAnswer {
  protected readonly socket: Socket
  protected readonly watch: Watch
  protected controller: Dispatcher.DispatchController | null = null
  /** Why this side ended it; null while the upstream decides. */
  protected stopped: CallEnd | null = null

  constructor(socket: Socket, watch: Watch) {
    this.socket = socket
    this.watch = watch
  }

  /** True if the answer goes to this connection. An answer that waits for its turn on one hears nothing of its end. */
  serves(socket: Socket): boolean {
    return this.socket === socket
  }

  /** Ends the call from this side, also before its request has started. Whoever ends it first says why. */
  stop(end: CallEnd): void {
    if (this.stopped !== null) return
    this.stopped = end
    this.controller?.abort(new Error(end))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.stopped === null) this.watch.sent()
    else controller.abort(new Error(this.stopped))
  }
}
