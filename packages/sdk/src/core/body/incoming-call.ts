/** A Call as a door hands it to the engine. */

import type { Headers, Scope } from '../budget/scope.js'
import type { CallRecord } from '../cost/record.js'
import type { DeferDecision } from '../defer/defer.js'
import type { Refusal } from '../refusal/errors.js'
import type { CascadeAttempt } from '../route/cascade-facts.js'
import type { KeyAccount } from '../team/gateway-key.js'
import type { Endpoint } from './endpoint.js'

/** An answer that was read to its end. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: Headers
  /** Decoded. */
  readonly body: Uint8Array
}

/** One request as a door hands it to the engine: transport-neutral, nothing decided yet. */
export interface Call {
  readonly method: string
  readonly endpoint: Endpoint
  readonly headers: Headers
  /** Of the gateway key that it came with, which the door has checked. Absent or null without one. */
  readonly account?: KeyAccount | null
  /** On whose account it runs, where a door knows that: instead of what its headers and its body say. */
  readonly scope?: Scope
  /** Names what it is sent with, where the door has lent that to the engine. */
  readonly credential?: string
  /** The decoded body; null where the door passes it on unread (uploads, batches, unknown paths). */
  readonly body: Uint8Array | null
  /** The decoded body of a creation of a batch, in pieces of any size: it may be too large to be one. May be read once. */
  pieces?(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /**
   * Where callers reach this door, without a slash at the end: addresses of the API in answers are made to lead there.
   * Absent or null where they lead through the door anyway.
   */
  readonly publicBase?: string | null
  /** Length of the request as it was received, in bytes; 0 if unknown. */
  readonly receivedBytes: number
  /** When the door had read the request, on the runtime's `tick` clock. */
  readonly readAtTick: number
  /** Set for one try of a cascade: its model is chosen. Absent for all other calls. */
  readonly cascade?: CascadeAttempt
  /** Set for a call that has waited, and that no batch answers in time: with what made it wait, null if its caller did. */
  readonly waited?: DeferDecision | null
  /** Why it goes at once although it may wait, in words for people, where a door has asked. Absent: nobody has. */
  readonly whyAtOnce?: string | null
  /** Set if the door could not read the request; the call is then refused, and recorded as every other. */
  readonly problem: Refusal | null
  /** Whether the caller has gone away meanwhile. Absent where a door cannot know. */
  isGone?(): boolean
  /**
   * Asks the API how many tokens the prompt has, which costs nothing; null if it gives no count. Asked at most once, and
   * only where the call would be refused or kept waiting without. Absent where a door cannot ask. Never rejects.
   *
   * @param body what is to be sent, decoded: not the caller's, where it was edited
   */
  countInput?(body: Uint8Array): Promise<number | null>
  /**
   * Sends another request on the way of this one, with its credentials, at any time after it; null if no answer came.
   * Absent where a door cannot. Never rejects.
   *
   * @param body what is to be sent, decoded
   */
  sendAgain?(body: Uint8Array): Promise<WholeAnswer | null>
  /** Whether the caller would still be let in, now that some time has passed. Absent where everybody is. */
  isWelcome?(): Promise<boolean>
  /** Told of a call of the engine's own on the account of this one, when it has ended. */
  onOwnCall?(record: CallRecord): void
}
