/** Calls as the API shows them. Records from before a feature lack its fields. */

import {
  type CallRecord,
  cacheHitRate,
  describeFinding,
  noTokens,
  type RecordedLoop,
  type RecordedRefusal,
  type Refuser,
  readRefuser,
  sumTokens,
} from '@runguard/sdk/core'
import type { ApiCall, ApiCallDetail } from '../../api/calls.js'
import type { ApiLoop } from '../../api/loops.js'

/** A call in a list. */
export function callWire(record: CallRecord): ApiCall {
  const { cache = null, route = null, loop = null, usage } = record
  const tokens = usage === null ? noTokens : sumTokens(usage)
  return {
    id: record.id,
    startedAt: record.startedAt,
    durationMs: record.durationMs,
    endpoint: record.endpoint,
    client: record.client,
    model: record.servedModel ?? record.requestedModel,
    requestedModel: record.requestedModel,
    isStream: record.isStream,
    status: record.status,
    ending: record.ending,
    errorCode: record.errorCode,
    refusal: record.refusal ? refusalPart(record.refusal) : null,
    scope: { ...record.scope, tags: [...record.scope.tags] },
    costNano: record.cost.nano,
    isEstimated: record.cost.isEstimated,
    tokens,
    hitRatio: cacheHitRate(tokens),
    savedNano: (cache?.savedNano ?? 0) + (route?.savedNano ?? 0),
    loop: loop === null ? null : loopPart(loop),
    missKind: cache?.miss?.cause.kind ?? null,
    routeReason: route === null || !route.isApplied ? null : route.reason,
    cascade: record.cascade ? { ...record.cascade } : null,
  }
}

function loopPart(loop: RecordedLoop): NonNullable<ApiCall['loop']> {
  const { action, isEnforced, rule, repeats, rounds, cycle, spent } = loop
  return { action, isEnforced, rule, repeats, rounds, cycle: [...cycle], spentNano: spent, why: describeFinding(loop) }
}

function refusalPart(refusal: RecordedRefusal): NonNullable<ApiCall['refusal']> {
  const { code, isEnforced, retryAfterSec } = refusal
  const refuser = readRefuser(refusal)
  return { code, isEnforced, retryAfterSec, by: refuser === null ? null : refuserPart(refuser) }
}

function refuserPart(refuser: Refuser): NonNullable<NonNullable<ApiCall['refusal']>['by']> {
  switch (refuser.kind) {
    case 'budget': {
      const { limit, spent, held, needed, ...named } = refuser
      return { ...named, limitNano: limit, spentNano: spent, heldNano: held, neededNano: needed }
    }
    case 'breaker':
      return { ...refuser }
    case 'loop': {
      const { spent, ...named } = refuser
      return { ...named, spentNano: spent }
    }
  }
}

/** Everything that is kept of a call. @param tries all of its cascade, itself among them */
export function callDetailWire(record: CallRecord, tries: readonly CallRecord[]): ApiCallDetail {
  const { cost, usage, hold = null } = record
  return {
    ...callWire(record),
    upstreamId: record.upstreamId,
    target: record.target,
    headMs: record.headMs,
    overheadMs: record.overheadMs,
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
    usage: usage === null ? null : { ...usage, parts: usage.parts.map((part) => ({ ...part })) },
    cost: {
      nano: cost.nano,
      lines: cost.lines.map((line) => ({ ...line, multipliers: [...line.multipliers] })),
      basis: cost.basis,
      isEstimated: cost.isEstimated,
      priceVersion: cost.priceVersion,
    },
    estimate: record.estimate,
    hold: hold === null ? null : { nano: hold.nano, budget: hold.budget, clampedTo: hold.clampedTo },
    cache: cachePart(record),
    route: routePart(record),
    tries: tries.map(tryWire),
    degraded: (record.degraded ?? []).map((step) => ({ ...step })),
  }
}

function tryWire(record: CallRecord): ApiCallDetail['tries'][number] {
  const { id, servedModel, requestedModel, status, cost, cascade } = record
  const { attempt = 0, tier = '' } = cascade ?? {}
  const { nano, isEstimated } = cost
  return { id, attempt, tier, model: servedModel ?? requestedModel, status, costNano: nano, isEstimated }
}

function cachePart({ cache = null }: CallRecord): ApiCallDetail['cache'] {
  if (cache === null) return null
  const { miss } = cache
  return {
    ...cache,
    marks: [...cache.marks],
    miss: miss === null ? null : { ...miss, kind: miss.cause.kind, cause: { ...miss.cause } },
  }
}

function routePart({ route = null }: CallRecord): ApiCallDetail['route'] {
  if (route === null) return null
  const { expected, expectedAsked, rejected, retiresMs, ...shown } = route
  return {
    ...shown,
    expectedNano: expected,
    expectedAskedNano: expectedAsked,
    rejected: rejected.map(({ expected: nano, ...model }) => ({ ...model, expectedNano: nano })),
    retiresAt: retiresMs,
  }
}

/** The call of a loop, as far as that shows it. */
export interface LoopCall extends Pick<CallRecord, 'id' | 'startedAt' | 'servedModel' | 'requestedModel'> {
  readonly scope: Pick<CallRecord['scope'], 'session' | 'agent' | 'user' | 'project'>
}

/** A call whose agent was in a loop. */
export function loopWire(record: LoopCall, loop: RecordedLoop): ApiLoop {
  const { session, agent, user, project } = record.scope
  return {
    ...loopPart(loop),
    call: record.id,
    at: record.startedAt,
    session,
    agent,
    user,
    project,
    model: record.servedModel ?? record.requestedModel,
  }
}
