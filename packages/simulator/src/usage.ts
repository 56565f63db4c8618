import type { CacheReading } from './prompt-cache.js'

/** The split of cache writes by lifetime. */
export interface CacheCreation {
  readonly ephemeral_5m_input_tokens: number
  readonly ephemeral_1h_input_tokens: number
}

/** The counters that every kind of usage shares. */
export interface TokenCounts {
  readonly input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation: CacheCreation
  readonly output_tokens: number
}

/** One model run inside a request that needed several. */
export interface Iteration extends TokenCounts {
  readonly type: 'message' | 'compaction' | 'advisor_message' | 'fallback_message'
  readonly model?: string | null
}

/** `usage` as the API writes it. `iterations` appears only when a request took several runs. */
export interface Usage extends TokenCounts {
  readonly output_tokens_details: { readonly thinking_tokens: number } | null
  readonly server_tool_use: { readonly web_search_requests: number; readonly web_fetch_requests: number } | null
  readonly service_tier: 'standard' | 'batch'
  readonly speed: 'standard' | 'fast'
  readonly inference_geo: string | null
  readonly iterations?: readonly Iteration[]
}

/** What is known of the usage before a token is generated. */
export interface UsageStart {
  readonly counts: TokenCounts
  readonly speed: 'standard' | 'fast'
  readonly geo: string | null
  readonly tier: 'standard' | 'batch'
  /** With caching active, results of server tools are written to the cache for five minutes. */
  readonly isCachingActive: boolean
  /** Runs before the one that the counters describe. */
  readonly earlier: readonly Iteration[]
  /** How the last run is listed, when runs are listed. */
  readonly lastRun: { readonly type: Iteration['type']; readonly model: string | null }
}

/** How far the generation of a reply has come. */
export interface Progress {
  readonly outputTokens: number
  readonly thinkingTokens: number
  readonly searches: number
  /** Input that server tools added on the way. */
  readonly grownTokens: number
}

/** Nothing generated yet. */
export const noProgress: Progress = { outputTokens: 0, thinkingTokens: 0, searches: 0, grownTokens: 0 }

/** The input side of a request as the cache reading bills it. */
export function countsOf(reading: CacheReading): TokenCounts {
  return {
    input_tokens: reading.inputTokens,
    cache_creation_input_tokens: reading.write5mTokens + reading.write1hTokens,
    cache_read_input_tokens: reading.readTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: reading.write5mTokens,
      ephemeral_1h_input_tokens: reading.write1hTokens,
    },
    output_tokens: 0,
  }
}

/** Plain input and output, nothing cached. */
export function uncachedCounts(inputTokens: number, outputTokens: number): TokenCounts {
  return {
    input_tokens: inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: outputTokens,
  }
}

/** The usage once the generation has come so far: the final one at the end, the billed one when it stops early. */
export function usageAt(start: UsageStart, progress: Progress): Usage {
  const counts = grow(start, progress)
  const usage: Usage = {
    ...counts,
    output_tokens_details: progress.thinkingTokens > 0 ? { thinking_tokens: progress.thinkingTokens } : null,
    server_tool_use: progress.searches > 0 ? { web_search_requests: progress.searches, web_fetch_requests: 0 } : null,
    service_tier: start.tier,
    speed: start.speed,
    inference_geo: start.geo,
  }
  if (start.earlier.length === 0) return usage
  return { ...usage, iterations: [...start.earlier, { ...start.lastRun, ...counts }] }
}

function grow({ counts, isCachingActive }: UsageStart, { grownTokens, outputTokens }: Progress): TokenCounts {
  if (!isCachingActive) {
    return { ...counts, input_tokens: counts.input_tokens + grownTokens, output_tokens: outputTokens }
  }
  return {
    ...counts,
    cache_creation_input_tokens: counts.cache_creation_input_tokens + grownTokens,
    cache_creation: {
      ...counts.cache_creation,
      ephemeral_5m_input_tokens: counts.cache_creation.ephemeral_5m_input_tokens + grownTokens,
    },
    output_tokens: outputTokens,
  }
}
