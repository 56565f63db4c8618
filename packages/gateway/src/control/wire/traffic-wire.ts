/** Sums over calls, sessions, breakers and batches as the API shows them. */

import { type Breaker, breakerScopes, describeCause } from '@runguard/sdk/core'
import {
  type BatchRow,
  promptOf,
  type SessionRow,
  type SessionSum,
  savedOf,
  type TrafficNumbers,
} from '@runguard/sdk/store'
import type { ApiBatches } from '../../api/batches.js'
import type { Tokens } from '../../api/common.js'
import type { ApiBreaker } from '../../api/loops.js'
import type { ApiSessionRow } from '../../api/sessions.js'
import type { ApiSpendSum } from '../../api/spend.js'

/** Tokens by billing class. */
export function tokensOf({ input, write5m, write1h, read, output }: TrafficNumbers): Tokens {
  return { input, write5m, write1h, read, output }
}

/** Sums over calls. */
export function sumWire(numbers: TrafficNumbers): ApiSpendSum {
  const { calls, estimatedCalls, unmeteredCalls, costNano, routeSavedNano } = numbers
  const saved = { savedNano: savedOf(numbers), estimatedSavedNano: routeSavedNano }
  return { calls, estimatedCalls, unmeteredCalls, costNano, ...saved, tokens: tokensOf(numbers) }
}

/** Read, as a share of all prompts; null without any. */
function hitRatio(read: number, prompt: number): number | null {
  return prompt <= 0 ? null : Math.min(1, Math.max(0, read / prompt))
}

/** The share of the prompts of some calls that was read. */
export function hitRatioOf(numbers: TrafficNumbers): number | null {
  return hitRatio(numbers.read, promptOf(numbers))
}

/** A breaker. */
export function breakerWire({ key, state, changedAt, trips }: Breaker): ApiBreaker {
  const colon = key.indexOf(':')
  const held = state.kind === 'held' ? state : null
  const cause = 'cause' in state ? state.cause : null
  const by = held === null ? '' : `held by ${held.by}${held.note === null ? '' : `: ${held.note}`}`
  return {
    key,
    scope: breakerScopes.find((scope) => scope === key.slice(0, colon)) ?? 'session',
    name: key.slice(colon + 1),
    state: state.kind,
    cause: cause?.kind ?? null,
    why: cause === null ? by : describeCause(cause),
    changedAt,
    until: state.kind === 'open' ? state.until : null,
    trips,
    by: held?.by ?? null,
    note: held?.note ?? null,
  }
}

/** What is known of sessions beside their calls. */
export interface SessionFacts {
  readonly remembered: ReadonlyMap<string, SessionRow>
  readonly breakers: ReadonlyMap<string, Breaker>
}

/** True if somebody let a session go on since its last call: what the agent remembers of a loop counts no more. */
export function isLetGo({ lastAt }: Pick<SessionSum, 'lastAt'>, mark: SessionRow['mark']): boolean {
  return mark !== null && (mark.isExempt || mark.resumedAt >= lastAt)
}

/** A session. */
export function sessionWire(sum: SessionSum, { remembered, breakers }: SessionFacts): ApiSessionRow {
  const known = remembered.get(sum.session)
  return {
    id: sum.session,
    firstAt: sum.firstAt,
    lastAt: sum.lastAt,
    calls: sum.calls,
    estimatedCalls: sum.estimatedCalls,
    costNano: sum.costNano,
    savedNano: sum.savedNano,
    hitRatio: hitRatio(sum.readTokens, sum.promptTokens),
    agents: sum.agents,
    isLooping: known?.isLooping === true && !isLetGo(sum, known.mark),
    isExempt: known?.mark?.isExempt ?? false,
    breaker: breakers.get(`session:${sum.session}`)?.state.kind ?? 'closed',
    user: sum.user === '' ? null : sum.user,
    project: sum.project === '' ? null : sum.project,
    team: sum.team === '' ? null : sum.team,
  }
}

/** A batch. @param costNano of its items; null until they are settled */
export function batchWire(row: BatchRow, costNano: number | null): ApiBatches['items'][number] {
  const { id, call, items, most, createdAt, settledAt, scope, client } = row
  return {
    id,
    call,
    items,
    heldNano: most,
    costNano,
    createdAt,
    settledAt,
    scope: { ...scope, tags: [...scope.tags] },
    client,
  }
}
