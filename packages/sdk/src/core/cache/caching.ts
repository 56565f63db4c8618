/** What is done about the prompt cache of calls: by configuration, and by what callers say in headers. */

import type { CacheTtl } from '../body/call.js'
import type { Headers } from '../budget/scope.js'
import type { NanoUsd } from '../cost/money.js'
import type { CacheMode } from './cache-record.js'
import type { Presence } from './return-forecast.js'

/** How prompts are cached. */
export interface CachingPolicy {
  /** Null: requests without markers are filled, the others explained. */
  readonly mode: CacheMode | null
  /** The only lifetime to ask for; null: whichever suits best. */
  readonly ttl: CacheTtl | null
  /** What may be spent on keeping prompts warm while conversations pause; absent or null: nothing. */
  readonly keepWarm?: KeepWarmPolicy | null
}

/** What may be spent on keeping prompts warm. */
export interface KeepWarmPolicy {
  /** Nano-dollars for all pings of a session together. */
  readonly maxPerSession: NanoUsd
  /** In one pause, one for every five minutes of it. */
  readonly maxPings: number
}

/** More than an hour of pings never pays. */
export const MOST_PINGS = 11

/** What is done unless the configuration says otherwise. */
export const defaultCaching: CachingPolicy = { mode: null, ttl: null }

/** What an application says of a conversation: it waits for the answer and goes on, it has its answer, it is over. */
export type PresenceWord = 'waiting' | 'done' | 'closed'

/** Header of one call: `off`, `explain` or `fill`. */
export const CACHE_HEADER = 'x-runguard-cache'

/** Header of one call: a {@link PresenceWord}. */
export const PRESENCE_HEADER = 'x-runguard-presence'

const modes: ReadonlyMap<string, CacheMode> = new Map([
  ['off', 'off'],
  ['explain', 'explain'],
  ['fill', 'fill'],
])

const presences: ReadonlyMap<string, Presence> = new Map([
  ['waiting', 'busy'],
  ['done', 'idle'],
  ['closed', 'closed'],
])

/** The mode for one call. A header that is none of the words is as none. */
export function cacheModeOf(policy: CachingPolicy, headers: Headers, markerCount: number): CacheMode {
  return wordIn(modes, headers[CACHE_HEADER]) ?? policy.mode ?? defaultMode(markerCount)
}

/** What is done with requests of callers who did not choose: those without markers are filled. */
export function defaultMode(markerCount: number): CacheMode {
  return markerCount === 0 ? 'fill' : 'explain'
}

/** True if the prompt need not even be looked at. */
export function isCachingOff(policy: CachingPolicy, headers: Headers): boolean {
  return (wordIn(modes, headers[CACHE_HEADER]) ?? policy.mode) === 'off'
}

/** What the caller says of its conversation; null if nothing that is understood. */
export function presenceOf(headers: Headers): Presence | null {
  return wordIn(presences, headers[PRESENCE_HEADER])
}

/** True for a word that {@link PRESENCE_HEADER} may say. */
export function isPresenceWord(word: unknown): word is PresenceWord {
  return typeof word === 'string' && presences.has(word)
}

function wordIn<Word>(words: ReadonlyMap<string, Word>, written: string | undefined): Word | null {
  return written === undefined ? null : (words.get(written.trim().toLowerCase()) ?? null)
}
