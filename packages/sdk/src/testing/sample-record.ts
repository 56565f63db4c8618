/** Records for tests of what comes after a call. */

import type { Scope } from '../core/budget/scope.js'
import { nanoUsd } from '../core/cost/money.js'
import type { CallRecord } from '../core/cost/record.js'

/** On nobody's account, but for what a test says. */
export function sampleScope(overrides: Partial<Scope> = {}): Scope {
  const nobody = { project: null, session: null, agent: null, parentAgent: null, user: null, team: null, key: null }
  return { ...nobody, task: null, tags: [], ...overrides }
}

/** An exact call of Opus 5.5 on 2026-11-26, 12:00 UTC, with what a test says otherwise. */
export function sampleRecord(overrides: Partial<CallRecord> = {}): CallRecord {
  const model = 'claude-opus-5-5'
  return {
    id: 'rg_sample',
    upstreamId: 'req_sample',
    startedAt: Date.UTC(2026, 10, 26, 12),
    durationMs: 1200,
    headMs: 300,
    overheadMs: 0.4,
    endpoint: 'messages',
    target: 'POST /v1/messages',
    scope: sampleScope(),
    client: 'test/1',
    requestedModel: model,
    servedModel: model,
    isStream: false,
    status: 200,
    ending: { kind: 'exact', reason: 'complete' },
    errorCode: null,
    usage: {
      parts: [{ kind: 'message', model, input: 10, write5m: 20, write1h: 30, read: 40, output: 50 }],
      webSearches: 0,
      speed: 'standard',
      geo: 'global',
      tier: 'standard',
    },
    cost: { nano: nanoUsd(1_000_000), lines: [], basis: 'list', isEstimated: false, priceVersion: 'test' },
    estimate: { tokens: 90, bound: 400 },
    hold: null,
    requestBytes: 400,
    responseBytes: 800,
    ...overrides,
  }
}
