/** How well the prompt cache served a call. */

import { sumTokens } from '../cost/usage.js'
import { isObject, type RawObject, readUsage } from '../cost/usage-reading.js'

/** The prompt of a call by how its tokens were billed. */
export interface CacheHit {
  /** Read from the cache. */
  readonly cacheReadTokens: number
  /** Written to it, whatever the lifetime. */
  readonly cacheWriteTokens: number
  /** Neither read nor written. */
  readonly regularInputTokens: number
  /** Read, as a share of the whole prompt: 0 to 1, and 0 for no prompt at all. */
  readonly cacheHitRate: number
}

/**
 * What the cache did for an answer.
 *
 * @param response a message of the API, or its `usage`. Counters that are null or absent count as 0; where the API lists
 *   several runs of models (`iterations`), all of them count.
 *
 * Throws `TypeError` if there is no usage in it, such as for a promise that nobody awaited.
 */
export function checkCacheHit(response: object): CacheHit {
  const { usage } = readUsage(findUsage(response), { model: '' })
  const { input, write5m, write1h, read } = sumTokens(usage)
  const prompt = input + write5m + write1h + read
  return {
    cacheReadTokens: read,
    cacheWriteTokens: write5m + write1h,
    regularInputTokens: input,
    cacheHitRate: prompt === 0 ? 0 : read / prompt,
  }
}

function findUsage(response: unknown): RawObject {
  const found = isObject(response) && isObject(response.usage) ? response.usage : response
  if (isObject(found) && ('input_tokens' in found || 'output_tokens' in found)) return found
  throw new TypeError(
    'There is no usage in this response: give the message that the API answered, awaited, or its usage.',
  )
}
