/** What a call tells of its prompt on its way, and what it is told. */

import type { RecordedCache, RecordedDiagnosis } from '../core/cache/cache-record.js'
import type { Usage } from '../core/cost/usage.js'

/** What an answer says besides its bill. */
export interface ToldByAnswer {
  readonly diagnosis: RecordedDiagnosis | null
  readonly stopReason: string | null
}

/** A prompt on its way. Whatever happens, and however often, each of these counts once. */
export interface CacheWatch {
  /** The request goes out. */
  sent(): void
  /** The answer has begun, and says how the prompt is billed. */
  begun(usage: Usage): void
  /** The API did not take the markers of the request. */
  refused(): void
  /**
   * The call has ended.
   *
   * @param usage null if it is not billed
   * @param isExact whether that is what the API said
   */
  end(usage: Usage | null, isExact: boolean, told: ToldByAnswer): RecordedCache
}
