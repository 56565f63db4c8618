/** Looking at calls from above: sums over time and by whom, and lists to page through. What screens ask for. */

import type { CacheUse } from '../core/cache/cache-unread.js'
import type { CallRecord } from '../core/cost/record.js'
import type { CallCount, TrafficDimension, TrafficFacts, TrafficNumbers } from './traffic-facts.js'

/** Which calls: milliseconds since the epoch, `since ≤ startedAt < until`. */
export interface TrafficPeriod {
  readonly since: number
  readonly until: number
}

/** Only calls of these names; every one that is given must be met, and `''` stands for calls that name none. */
export type TrafficFilter = Readonly<Partial<Record<TrafficDimension | 'tag', string>>>

/** What sums are told apart by. A call with several tags counts under each of them. */
export type TrafficGroup = TrafficDimension | 'tag' | 'total'

/** Sums by group. */
export interface TrafficSumQuery extends TrafficPeriod {
  readonly groupBy: TrafficGroup
  readonly filter: TrafficFilter
  /** How many groups are told apart, the dearest. */
  readonly top: number
  /** True: to the millisecond, from the calls themselves; for periods of a few hours. */
  readonly isExact?: boolean
}

/** The sums of one group; `group` is `''` for calls that name none, `total` where all are one. */
export interface TrafficGroupSum extends TrafficNumbers {
  readonly group: string
}

/** The dearest groups, and what is left of the others. */
export interface TrafficSums {
  /** The dearest first. */
  readonly groups: readonly TrafficGroupSum[]
  /** Null if no group was left out. */
  readonly rest: (TrafficNumbers & { readonly groups: number }) | null
  /** Each call once, whatever it is grouped by. */
  readonly total: TrafficNumbers
}

/** Sums over time. */
export interface TrafficSeriesQuery extends TrafficPeriod {
  readonly groupBy: TrafficGroup
  readonly filter: TrafficFilter
  /** The groups that are told apart; all others are one. `all`: each one, up to `MOST_POINTS` points. */
  readonly groups: readonly string[] | 'all'
  /** How long a step is: whole half hours; shorter ones are read from the calls themselves, for periods of a few hours. */
  readonly stepMs: number
  /** Steps begin at whole multiples of `stepMs` after `-offsetMs`: how far the clock is ahead of UTC. */
  readonly offsetMs: number
}

/** What happened in one step. Steps without calls are left out. */
export interface TrafficPoint {
  /** When the step begins, in milliseconds since the epoch. */
  readonly at: number
  /** Null for all groups that were not asked for. */
  readonly group: string | null
  readonly calls: number
  readonly costNano: number
  readonly promptTokens: number
  readonly readTokens: number
  /** By caching alone. */
  readonly cacheSavedNano: number
}

/** A place in a list that is ordered by a moment and an id: what comes after it comes next. */
export interface ListPlace {
  readonly at: number
  readonly id: string
}

/** A page of calls. */
export interface CallQuery extends TrafficPeriod {
  readonly filter: TrafficFilter
  readonly ending?: CallRecord['ending']['kind']
  /** Only calls that were refused with this code. */
  readonly refusal?: string
  /** Only calls whose agents were in a loop. */
  readonly isLooping?: boolean
  readonly order: 'newest' | 'oldest'
  /** Null: from the beginning of the list. */
  readonly after: ListPlace | null
  readonly limit: number
}

/** Calls one by one, as far as sums need them. */
export interface FactQuery extends TrafficPeriod {
  readonly filter: TrafficFilter
  readonly limit: number
  /** True: of the numbers only cost is asked for; the others may be 0. */
  readonly isCostOnly?: boolean
}

/** What a call did with the prompt cache: tokens, as they were billed. */
export interface CacheUseFacts extends CacheUse {
  readonly session: string
  /** `''` for the main one. */
  readonly agent: string
  readonly model: string
}

/** A session by its calls. */
export interface SessionSum {
  readonly session: string
  readonly firstAt: number
  readonly lastAt: number
  readonly calls: number
  /** Calls whose cost is an estimate; what the session cost is one too if there is any. */
  readonly estimatedCalls: number
  /** How many agents its calls name; those that name none are of the main one. */
  readonly agents: number
  readonly costNano: number
  readonly savedNano: number
  readonly promptTokens: number
  readonly readTokens: number
  /** Of its first call. */
  readonly user: string
  readonly project: string
  readonly team: string
}

/** A page of sessions, the last seen first. */
export interface SessionQuery extends TrafficPeriod {
  /** By their first calls. */
  readonly filter: Pick<TrafficFilter, 'user' | 'project' | 'team'>
  readonly after: ListPlace | null
  readonly limit: number
}

/** An agent of a session by its calls. */
export interface AgentSum {
  /** Null for the main one. */
  readonly agent: string | null
  readonly parent: string | null
  readonly calls: number
  /** Calls whose cost is an estimate. */
  readonly estimatedCalls: number
  readonly costNano: number
  readonly firstAt: number
  readonly lastAt: number
}

/** How often something was noted of calls, and what it was about. */
export interface TrafficCount {
  /** `miss`: why; `route`: asked, model, reason, applied or not; `degrade`: budget and step; `refusal`: code and model. */
  readonly kind: CallCount['kind']
  readonly names: readonly string[]
  readonly calls: number
  /** Lost by misses, saved by routes; 0 for the others. */
  readonly nano: number
  /** Lost by misses; of the prompts that were refused, as they were estimated. */
  readonly tokens: number
}

/**
 * Answers from sums that are kept beside the records, by half hours: those that a period of sums
 * touches are in it whole, unless it is read from the calls themselves. Sums are brought up to date by {@link TrafficStore.sumUp}, a moment after the calls;
 * lists of calls are as well.
 */
export interface TrafficStore {
  /**
   * Adds up to `limit` records that are in no sum yet, each once in whatever process. Gives how many it found: fewer than
   * `limit` if none is left.
   */
  sumUp(limit: number): Promise<number>
  trafficSums(query: TrafficSumQuery): Promise<TrafficSums>
  trafficSeries(query: TrafficSeriesQuery): Promise<readonly TrafficPoint[]>
  /** The most frequent first, a thousand at most. */
  trafficCounts(kind: TrafficCount['kind'], period: TrafficPeriod): Promise<readonly TrafficCount[]>
  /** The call that lost most by a miss of this kind. */
  worstMiss(kind: string, period: TrafficPeriod): Promise<string | null>
  listCalls(query: CallQuery): Promise<readonly CallRecord[]>
  /** What sums are made of, call by call, the oldest first. */
  listFacts(query: FactQuery): Promise<readonly TrafficFacts[]>
  /** The same of calls whose bill is known exactly, as far as the prompt cache goes, the newest first. */
  listCacheUse(query: Pick<FactQuery, 'since' | 'until' | 'filter' | 'limit'>): Promise<readonly CacheUseFacts[]>
  listSessionSums(query: SessionQuery): Promise<readonly SessionSum[]>
  findSessionSum(session: string): Promise<SessionSum | null>
  /** The main one first, then by their first calls. */
  listAgentSums(session: string): Promise<readonly AgentSum[]>
}
