/** One ended call as JSON. The field names are a promise: fields may be added, none is renamed or removed. */

import { type CallRecord, decimalUsd, noTokens, sumTokens } from '@runguard/sdk/core'
import { loopJson } from './loop-views.js'
import { refusalJson } from './refusal-views.js'
import { degradedJson, routeJson } from './route-views.js'

/**
 * What `--json` prints of a call: times in ISO 8601 and UTC, durations in milliseconds, money exact. Tokens and cost
 * are zero for calls that were not billed; `ending` and `reason` say why.
 */
export function callJson(record: CallRecord) {
  // Records from before there were budgets have no such field.
  const hold = record.hold ?? null
  return {
    kind: 'call' as const,
    id: record.id,
    upstreamId: record.upstreamId,
    startedAt: new Date(record.startedAt).toISOString(),
    endpoint: record.endpoint,
    target: record.target,
    model: record.servedModel ?? record.requestedModel,
    requestedModel: record.requestedModel,
    isStream: record.isStream,
    status: record.status,
    ending: record.ending.kind,
    reason: record.ending.reason,
    errorCode: record.errorCode,
    refusal: record.refusal ? refusalJson(record.refusal) : null,
    ...billJson(record),
    heldUsd: hold === null ? null : decimalUsd(hold.nano),
    heldNanoUsd: hold?.nano ?? null,
    budget: hold?.budget ?? null,
    clampedTo: hold?.clampedTo ?? null,
    loop: record.loop ? loopJson(record.loop) : null,
    route: record.route ? routeJson(record.route) : null,
    // Null for all calls but the tries of a cascade: its id, the try, its tier and the model of the last resort.
    cascade: record.cascade ?? null,
    // Records from before there were ladders have no such field.
    degraded: degradedJson(record.degraded ?? []),
    durationMs: record.durationMs,
    headMs: record.headMs,
    overheadMs: record.overheadMs,
    scope: record.scope,
    client: record.client,
  }
}

function billJson(record: CallRecord) {
  const tokens = record.usage === null ? noTokens : sumTokens(record.usage)
  return {
    inputTokens: tokens.input,
    cacheWrite5mTokens: tokens.write5m,
    cacheWrite1hTokens: tokens.write1h,
    cacheReadTokens: tokens.read,
    outputTokens: tokens.output,
    webSearches: record.usage?.webSearches ?? 0,
    costUsd: decimalUsd(record.cost.nano),
    costNanoUsd: record.cost.nano,
    isEstimated: record.cost.isEstimated,
    priceVersion: record.cost.priceVersion,
  }
}
