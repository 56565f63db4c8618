/** A call as a row of a spreadsheet. */

import { type CallRecord, decimalUsd, noTokens, sumTokens } from '@runguard/sdk/core'

/** The titles, in the order of {@link callRow}. They stay as they are from release to release; new ones come at the end. */
export const callColumns: readonly string[] = [
  'started_at',
  'id',
  'upstream_id',
  'session',
  'agent',
  'user',
  'team',
  'key',
  'project',
  'task',
  'tags',
  'requested_model',
  'served_model',
  'endpoint',
  'status',
  'ending',
  'error_code',
  'input_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'cache_read_tokens',
  'output_tokens',
  'cost_usd',
  'is_estimated',
  'duration_ms',
]

/** One cell for each title; empty where the call says nothing. */
export function callRow(record: CallRecord): string[] {
  const { scope, usage, cost } = record
  const { input, write5m, write1h, read, output } = usage === null ? noTokens : sumTokens(usage)
  const cells = [
    new Date(record.startedAt).toISOString(),
    record.id,
    record.upstreamId,
    scope.session,
    scope.agent,
    scope.user,
    scope.team,
    scope.key,
    scope.project,
    scope.task,
    scope.tags.join(' '),
    record.requestedModel,
    record.servedModel,
    record.endpoint,
    record.status,
    record.ending.reason,
    record.errorCode,
    ...[input, write5m, write1h, read, output],
    decimalUsd(cost.nano),
    cost.isEstimated,
    record.durationMs,
  ]
  return cells.map((cell) => (cell === null ? '' : String(cell)))
}
