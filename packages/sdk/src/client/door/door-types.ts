/** What a door works with. */

import type { Headers as PlainHeaders } from '../../core/budget/scope.js'
import type { CallRecord } from '../../core/cost/record.js'
import type { CascadeAttempt } from '../../core/route/cascade-facts.js'
import type { Engine } from '../../engine/engine.js'
import type { Runtime } from '../../engine/runtime.js'
import type { CascadeAnswer, CascadeAsk, CascadeParts } from '../cascade-types.js'
import type { Loading } from '../engine-loading.js'
import type { Guard } from '../guard-types.js'
import type { Fetch } from './middleware-types.js'
import type { EncodedText } from './network.js'
import type { RunningCall } from './running-call.js'

/** What every call of one guard shares. */
export interface Door {
  readonly engine: Loading<GuardEngine>
  readonly runtime: Runtime
  /** The model of a tier; null if nobody has named it. A model may stand for itself. */
  modelOf(tier: string): string | null
  /** The calls that are being admitted; some of them wait for money. */
  readonly admitting: Set<Promise<unknown>>
  /** The calls that are running now. */
  readonly running: Set<RunningCall>
  /** Told of the bodies that nobody reads any more. */
  readonly dropped: FinalizationRegistry<RunningCall>
  /** Headers of requests that this guard lets pass right now: whoever meets them further in lets them pass too. */
  readonly passing: Set<Headers>
  /** Texts that are on their way, with their bytes, by the headers they go out with. */
  readonly encoded: Map<object, EncodedText>
  /** Takes the place of the runtime's own `fetch` wherever a guard may choose: see {@link EncodedText}. */
  readonly network: Fetch
  /** Every way into this door: a guarded `fetch` with the one it guards, a middleware with null. */
  readonly own: WeakMap<object, Fetch | null>
  /** The one that is guarded where none is given. */
  readonly fetch: Fetch
  isClosed: boolean
}

/** What is behind a door: the engine, what leads through it, and what is asked of the calls that went through. */
export interface GuardEngine extends Engine, Pick<Guard, 'report' | 'cacheStats'> {
  /**
   * Takes one request through the engine.
   *
   * Rejects with a `RunGuardError` if the call is refused, with the reason of the signal once that is aborted, and else as
   * `send` does.
   */
  passRequest(door: Door, account: Account, request: DoorRequest, send: Send): Promise<Response>
  /** Asks one tier after the other. Rejects as `Cascade.create` does. */
  runCascade(door: Door, account: Account, parts: CascadeParts, asked: CascadeAsk): Promise<CascadeAnswer>
}

/** A request, whatever it came through. */
export interface DoorRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: unknown
  readonly signal: AbortSignal | null
}

/** What goes out. */
export interface OutgoingRequest {
  readonly url: string
  readonly headers: Headers
  readonly body: unknown
}

/** On whose account a call runs, and who is told what it cost. */
export interface Account {
  /** What the engine is told beside the headers of the request, or instead of them. */
  headersFor(headers: PlainHeaders): Readonly<Record<string, string>>
  /** Lends the engine what calls are sent with, for what is asked about batches later, and gives its name. */
  readonly lend?: () => string
  /** Set for the calls of one try of a cascade. */
  readonly cascade?: CascadeAttempt
  /** Why a call that may wait is sent at once; null if no budget wants it to wait. */
  readonly whyAtOnce?: string | null
  onEnd(record: CallRecord): void
}

/** Sends a request on; rejects if no answer comes. */
export type Send = (outgoing: OutgoingRequest) => Promise<Response>
