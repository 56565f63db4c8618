/** Calls of the past from the records of RunGuard. Those hold no content: of loops only what was found then is known. */

import type { CallRecord } from '@runguard/sdk/core'
import type { Store } from '@runguard/sdk/store'
import { recordPages } from '../operations/record-pages.js'
import type { Span } from '../views/moments.js'
import type { PastCall, PastOutcome, PastRequest } from './past-call.js'

/** A call is recorded by when it was sent; it came before that, by as much as it may have waited for money. */
const MOST_WAITED_MS = 120_000

/**
 * The clock of a start shows whole milliseconds. A call is taken to have come as late, and to have ended as early, as that
 * allows: of two calls one after the other none begins before the end of the other.
 */
const CLOCK_MS = 0.999

/** All calls of a span by the time they came. @param onUntold called for each record that cannot be judged again */
export async function* pastOfRecords(
  store: Pick<Store, 'pageRecords'>,
  span: Span,
  onUntold: (record: CallRecord) => void,
): AsyncGenerator<PastCall> {
  const waiting: PastCall[] = []
  const takeUntil = (atMs: number): PastCall[] => {
    waiting.sort(byTime)
    const after = waiting.findIndex((call) => call.atMs > atMs)
    return waiting.splice(0, after === -1 ? waiting.length : after)
  }
  for await (const page of recordPages(store, span)) {
    for (const record of page) {
      const past = pastOfRecord(record)
      if (past === null) onUntold(record)
      else waiting.push(past)
    }
    yield* takeUntil((page.at(-1)?.startedAt ?? 0) - MOST_WAITED_MS)
  }
  yield* takeUntil(Number.POSITIVE_INFINITY)
}

/** Of calls of one instant nobody knows which came first: whatever the store, it is always the same one. */
function byTime(left: PastCall, right: PastCall): number {
  return left.atMs - right.atMs || (left.id < right.id ? -1 : 1)
}

/** Null for what no budget, loop or route is about: lists of models, endpoints that are passed on. */
function pastOfRecord(record: CallRecord): PastCall | null {
  const { endpoint, usage, overheadMs } = record
  if (endpoint !== 'messages' && endpoint !== 'count-tokens' && usage === null) return null
  return {
    id: record.id,
    atMs: record.startedAt - overheadMs + CLOCK_MS,
    headMs: Math.max(0, (record.headMs ?? record.durationMs) - overheadMs - CLOCK_MS),
    answerMs: Math.max(0, record.durationMs - overheadMs - CLOCK_MS),
    // An item of a batch is billed as a call of its own.
    endpoint: endpoint === 'count-tokens' ? 'count-tokens' : 'messages',
    scope: record.scope,
    model: record.requestedModel,
    isStream: record.isStream,
    request: requestOf(record),
    messages: null,
    step: null,
    outcome: outcomeOf(record),
    nano: record.cost.nano,
    record,
  }
}

function requestOf({ request, estimate, loop, ending }: CallRecord): PastRequest {
  const { tokens, bound } = estimate ?? { tokens: 0, bound: 0 }
  const unknown = { maxTokens: null, thinkingTokens: null, ttl: null, isFromPerson: true, isStart: true } as const
  const known = request ?? { ...unknown, unscaled: tokens, startBound: bound }
  // What was cut while it was written was in no loop when it was asked for.
  return { ...known, bound, loop: ending.reason === 'loop-cut' ? null : (loop ?? null) }
}

function outcomeOf({ ending, errorCode, status, usage }: CallRecord): PastOutcome {
  if (usage !== null) {
    if (ending.kind === 'exact' || ending.reason === 'usage-suspect')
      return { kind: 'answered', usage, end: 'complete' }
    const isCut = ending.reason === 'budget-cut' || ending.reason === 'loop-cut'
    return { kind: 'answered', usage, end: isCut ? 'cut' : 'broken' }
  }
  if (ending.reason === 'refused') return { kind: 'refused', code: errorCode ?? '' }
  if (ending.reason === 'free-endpoint') return { kind: 'free' }
  if (status === null || status < 300) return { kind: 'unsent' }
  return { kind: 'failed', status, errorCode }
}
