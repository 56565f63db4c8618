/** What must be remembered. The interface says what something means; how it is kept is up to the implementation. */

import type { CallRecord } from '../core/record.js'

/** How a report is cut into rows. */
export type ReportGroup = 'day' | 'session' | 'model' | 'project' | 'total'

export interface ReportQuery {
  readonly groupBy: ReportGroup
  /** Milliseconds since the epoch, inclusive; absent: from the beginning. */
  readonly since?: number
  /** Milliseconds since the epoch, exclusive. */
  readonly until?: number
  /** Minutes east of UTC, for `day`; absent: UTC. */
  readonly offsetMinutes?: number
}

/** Sums over the calls of one group. Tokens are whole tokens, money is nano-dollars. */
export interface ReportRow {
  /** The day (`2026-11-26`), session, model or project; `''` for calls that name none; `total` for `total`. */
  readonly group: string
  readonly calls: number
  /** Calls whose answer broke off, or whose price had to be guessed. */
  readonly estimatedCalls: number
  /** Calls on endpoints that are passed on unmetered: their cost is not in here. */
  readonly unmeteredCalls: number
  readonly input: number
  readonly write5m: number
  readonly write1h: number
  readonly read: number
  readonly output: number
  readonly costNano: number
}

export interface Store {
  /** Keeps records, all or none; a record that is already kept stays as it is. */
  addRecords(records: readonly CallRecord[]): Promise<void>
  /** By RunGuard's id or the API's request id. */
  findRecord(id: string): Promise<CallRecord | null>
  /** The newest records first. */
  listRecords(limit: number): Promise<readonly CallRecord[]>
  /** Rows in ascending order of `group` for days, else the dearest first. */
  report(query: ReportQuery): Promise<readonly ReportRow[]>
  close(): Promise<void>
}
