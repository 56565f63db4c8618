/** What a meter tells of an answer. */

import type { RecordedDiagnosis } from '../core/cache/cache-record.js'
import { noServerResults, type ServerResults } from '../core/cost/server-tools.js'
import type { UsageReading } from '../core/cost/usage.js'
import type { TextTally } from '../core/tokens/streamed-text.js'

/** What an answer has said so far. */
export interface Metered {
  /** As reported, final or so far; null if nothing was. */
  readonly reading: UsageReading | null
  /** True once the API has said that this is all. */
  readonly isFinal: boolean
  /** The model that answered. */
  readonly model: string | null
  /** Bytes of generated content that passed: what a broken answer is charged by. */
  readonly contentBytes: number
  /** What kinds of text they are, as far as that was heard. */
  readonly tally: TextTally
  /** Of tools that the API ran, as far as the stream showed them. */
  readonly serverResults: ServerResults
  /** Of an error answer or an `error` event. */
  readonly errorCode: string | null
  /** True for an error answer that speaks of cache markers. */
  readonly isAboutMarkers: boolean
  /** Why the model stopped (`stop_reason`); null if it did not say. */
  readonly stopReason: string | null
  /** Why a cached prefix was not read, where the request asked for it. */
  readonly diagnosis: RecordedDiagnosis | null
}

/** Reads one answer while its bytes pass. */
export interface Meter {
  /** True once the answer has said how its prompt is billed. */
  readonly hasBegun: boolean
  feed(chunk: Uint8Array): void
  /** What was fed, parsed, where somebody has done that. @param answer undefined if it is no JSON */
  hear(answer: unknown): void
  read(): Metered
}

/** Of an answer that said nothing, or that nobody could read. */
export const nothingMetered: Metered = {
  reading: null,
  isFinal: false,
  model: null,
  contentBytes: 0,
  tally: { prose: 0, code: 0, json: 0, ids: 0 },
  serverResults: noServerResults,
  errorCode: null,
  isAboutMarkers: false,
  stopReason: null,
  diagnosis: null,
}
