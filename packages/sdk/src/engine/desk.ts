/** What the steps of a call share, and what they hand on to each other. */

import type { CacheTtl } from '../core/call.js'
import type { Settled } from '../core/ending.js'
import type { PriceBook, UnknownModelPolicy } from '../core/price.js'
import type { CallRecord } from '../core/record.js'
import type { TokenRatio } from '../core/token-ratio.js'
import type { TokenEstimate } from '../core/tokens.js'
import type { Usage } from '../core/usage.js'
import type { Runtime } from './runtime.js'

/** How calls are priced and judged. */
export interface EngineConfig {
  readonly book: PriceBook
  readonly unknownModel: UnknownModelPolicy
}

/** What the steps of a call share. */
export interface Desk {
  readonly config: EngineConfig
  readonly runtime: Runtime
  /** What has been learned of a model's tokens. */
  ratioOf(model: string): TokenRatio
  /** Compares what was expected of a call with what it was. */
  learn(admitted: Admitted, settled: Settled): void
  /** Keeps a record and tells whoever listens. */
  record(record: CallRecord): void
}

/** The part of a record that is known before the answer. */
export type Opening = Pick<
  CallRecord,
  | 'id'
  | 'startedAt'
  | 'overheadMs'
  | 'endpoint'
  | 'route'
  | 'scope'
  | 'client'
  | 'requestedModel'
  | 'isStream'
  | 'estimate'
  | 'requestBytes'
>

/** What is expected of a metered call. */
export interface Expectation {
  readonly model: string
  readonly estimate: TokenEstimate
  /** Stands in for what the answer never says. */
  readonly usage: Usage
  /** The lifetime that all markers of the request agree on. */
  readonly ttl: CacheTtl | null
}

/** What `admit` leaves of a call: everything the watch needs, and nothing that keeps the body in memory. */
export interface Admitted {
  readonly opening: Opening
  readonly startedTick: number
  /** Null for calls whose body is not read. */
  readonly expectation: Expectation | null
}
