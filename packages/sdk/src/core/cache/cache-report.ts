/** What caching did over many calls: how much was read, what it saved, and what it cost where it failed. */

import type { CallRecord } from '../cost/record.js'
import { noTokens, sumTokens, type TokenCounts } from '../cost/usage.js'
import type { RecordedMiss } from './cache-record.js'
import { findUnread } from './cache-unread.js'
import type { MissCause } from './miss-cause.js'

/** Misses of one cause. */
export interface MissSum {
  readonly kind: MissCause['kind']
  readonly calls: number
  /** Estimated, as the tokens of blocks are. */
  readonly lostTokens: number
  /** Nano-dollars. */
  readonly lostNano: number
  /** The call that lost most: RunGuard's id. */
  readonly worstCall: string
}

/** Tokens are those of prompts as they were billed, money is nano-dollars. */
export interface CacheReport {
  /** Calls whose usage the API reported in full. */
  readonly calls: number
  /** Those of them whose prompt was looked at; the saving and the misses are theirs. */
  readonly watchedCalls: number
  readonly inputTokens: number
  readonly readTokens: number
  readonly write5mTokens: number
  readonly write1hTokens: number
  /** Read, as a share of all prompts: 0 to 1. */
  readonly hitRate: number
  /** What caching saved, whoever set the markers; negative if it cost more than it saved. */
  readonly savedNano: number
  /** The part of it that RunGuard's markers made. */
  readonly addedNano: number
  /**
   * Tokens that were written and that the same agent did not read before they died. A sibling may have: no record says
   * what another agent reads. Those that live still are not counted.
   */
  readonly unreadTokens: number
  /** The dearest first. */
  readonly misses: readonly MissSum[]
}

/** Reports on calls, in any order. `nowMs` tells which of the writes may still be read. */
export function reportCaching(records: readonly CallRecord[], nowMs: number): CacheReport {
  const calls = records
    .filter(({ usage, ending }) => usage !== null && ending.kind === 'exact')
    .toSorted((left, right) => left.startedAt - right.startedAt)
  const sum = { input: 0, read: 0, write5m: 0, write1h: 0 }
  for (const call of calls) {
    const tokens = tokensOf(call)
    for (const item of ['input', 'read', 'write5m', 'write1h'] as const) sum[item] += tokens[item]
  }
  const caches = calls.flatMap(({ cache }) => (cache ? [cache] : []))
  const prompts = sum.input + sum.read + sum.write5m + sum.write1h
  return {
    calls: calls.length,
    watchedCalls: caches.length,
    inputTokens: sum.input,
    readTokens: sum.read,
    write5mTokens: sum.write5m,
    write1hTokens: sum.write1h,
    hitRate: prompts === 0 ? 0 : sum.read / prompts,
    savedNano: caches.reduce((nano, { savedNano }) => nano + savedNano, 0),
    addedNano: caches.reduce((nano, { addedNano }) => nano + addedNano, 0),
    unreadTokens: countUnread(calls, nowMs),
    misses: sumMisses(calls),
  }
}

function tokensOf({ usage }: CallRecord): TokenCounts {
  return usage === null ? noTokens : sumTokens(usage)
}

function sumMisses(calls: readonly CallRecord[]): readonly MissSum[] {
  const missed = calls.flatMap(({ id, cache }) => (cache?.miss ? [{ id, ...cache.miss }] : []))
  const kinds = [...new Set(missed.map(({ cause }) => cause.kind))]
  return kinds
    .map((kind) =>
      sumKind(
        kind,
        missed.filter(({ cause }) => cause.kind === kind),
      ),
    )
    .sort((left, right) => right.lostNano - left.lostNano || right.calls - left.calls)
}

function sumKind(kind: MissCause['kind'], missed: readonly (RecordedMiss & Pick<CallRecord, 'id'>)[]): MissSum {
  const [worst] = missed.toSorted((left, right) => right.lostNano - left.lostNano)
  return {
    kind,
    calls: missed.length,
    lostTokens: missed.reduce((sum, { lostTokens }) => sum + lostTokens, 0),
    lostNano: missed.reduce((sum, { lostNano }) => sum + lostNano, 0),
    worstCall: worst?.id ?? '',
  }
}

function countUnread(calls: readonly CallRecord[], nowMs: number): number {
  const uses = calls.map((call) => ({ ...tokensOf(call), startedAt: call.startedAt, agent: agentOf(call) }))
  return findUnread(uses, ({ agent }) => agent, nowMs).reduce((sum, { tokens }) => sum + tokens, 0)
}

function agentOf({ scope, servedModel }: CallRecord): string {
  return JSON.stringify([scope.session, scope.agent, servedModel])
}
