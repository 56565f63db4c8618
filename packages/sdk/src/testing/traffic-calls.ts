/** Calls for tests of sums over calls. */

import { nanoUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'
import type { Store } from '../store/store.js'
import type { TrafficStore } from '../store/traffic-store.js'
import { sampleRecord, sampleScope } from './sample-record.js'

/** One check; it gets a fresh, empty store and throws an `AssertionError` if the store is not as it must be. */
export interface TrafficCheck {
  readonly name: string
  readonly check: (store: Store & TrafficStore) => Promise<void>
}

/** Of a day in UTC. */
export const NOON = Date.UTC(2026, 10, 26, 12)
/** Milliseconds. */
export const MINUTE = 60_000
/** Milliseconds. */
export const HOUR = 60 * MINUTE
/** The day around noon. */
export const DAY = { since: NOON - 12 * HOUR, until: NOON + 12 * HOUR }
/** All of time. */
export const EVER = { since: 0, until: Number.MAX_SAFE_INTEGER }

/** What is special about a call. */
export interface Made extends Partial<CallRecord['scope']> {
  readonly at?: number
  readonly nano?: number
  readonly model?: string
  readonly more?: Partial<CallRecord>
}

/** A call with what a test says. */
export function call(
  id: string,
  { at = NOON, nano = 1_000, model = 'claude-opus-5-5', more = {}, ...scope }: Made = {},
) {
  const cost = { ...sampleRecord().cost, nano: nanoUsd(nano) }
  const base = { id, startedAt: at, cost, servedModel: model, requestedModel: model }
  return sampleRecord({ ...base, scope: sampleScope(scope), ...more })
}

/** Keeps calls, and adds them up a few at a time. */
export async function keep(store: Store & TrafficStore, records: readonly CallRecord[]): Promise<void> {
  await store.addRecords(records)
  while ((await store.sumUp(2)) === 2) {}
}
