/** How well the prompt cache served. */

import { checkOptions, type Names } from '../core/config/known-options.js'
import type { ReportQuery, Store } from '../store/store.js'

/** Which calls; all of them by default. Milliseconds since the epoch: `since` inclusive, `until` exclusive. */
export type CacheStatsQuery = Pick<ReportQuery, 'since' | 'until'>

/** Input tokens by the way they came, summed over calls. */
export interface CacheStats {
  readonly calls: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  /** Neither read from the cache nor written to it. */
  readonly regularInputTokens: number
  /** Read ÷ all input, between 0 and 1; 0 if there was none. */
  readonly cacheHitRate: number
}

const queryNames = { since: true, until: true } satisfies Names<CacheStatsQuery>

/** Sums over the records of a store. Rejects with `TypeError` for what is no query. */
export async function sumCacheStats(store: Store, query: CacheStatsQuery): Promise<CacheStats> {
  checkOptions('cacheStats', query, queryNames)
  const [row] = await store.report({ ...query, groupBy: 'total' })
  const [calls, cacheReadTokens, regularInputTokens] = [row?.calls ?? 0, row?.read ?? 0, row?.input ?? 0]
  const cacheWriteTokens = (row?.write5m ?? 0) + (row?.write1h ?? 0)
  const all = cacheReadTokens + cacheWriteTokens + regularInputTokens
  return {
    calls,
    cacheReadTokens,
    cacheWriteTokens,
    regularInputTokens,
    cacheHitRate: all === 0 ? 0 : cacheReadTokens / all,
  }
}
