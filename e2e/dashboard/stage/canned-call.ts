/** Calls that never were. */

import type { ApiCall, ApiCallDetail, Tokens } from '@runguard/gateway/api'

interface CallParts {
  readonly id: string
  readonly startedAt: number
  readonly durationMs: number
  readonly model: string | null
  readonly requestedModel: string | null
  readonly session: string | null
  readonly agent: string | null
  readonly tokens: Tokens
  readonly costNano: number
  readonly savedNano: number
  readonly kind: 'fine' | 'refused' | 'broken' | 'unmetered'
  readonly isMiss: boolean
  readonly isLoop: boolean
}

const ENDINGS: Readonly<Record<CallParts['kind'], ApiCall['ending']>> = {
  fine: { kind: 'exact', reason: 'complete' },
  refused: { kind: 'not-billed', reason: 'refused' },
  broken: { kind: 'at-least', reason: 'stream-incomplete' },
  unmetered: { kind: 'unmetered', reason: 'unmetered-endpoint' },
}

/** A call in a list. */
export function cannedCall(parts: CallParts): ApiCall {
  const { tokens, session, agent } = parts
  const prompt = tokens.input + tokens.read + tokens.write1h + tokens.write5m
  return {
    id: parts.id,
    startedAt: parts.startedAt,
    durationMs: parts.durationMs,
    endpoint: 'messages',
    client: 'claude-cli/2.1.330',
    model: parts.model,
    requestedModel: parts.requestedModel,
    isStream: true,
    status: parts.kind === 'refused' ? 402 : 200,
    ending: ENDINGS[parts.kind],
    errorCode: parts.kind === 'refused' ? 'runguard_budget_exceeded' : null,
    scope: {
      project: 'billing',
      session,
      agent,
      parentAgent: null,
      user: 'ada',
      team: 'web',
      key: null,
      task: null,
      tags: ['nightly'],
    },
    costNano: parts.costNano,
    isEstimated: parts.kind === 'broken',
    tokens,
    hitRatio: prompt === 0 ? null : tokens.read / prompt,
    savedNano: parts.savedNano,
    loop: parts.isLoop
      ? {
          action: 'stop',
          isEnforced: true,
          rule: 'repeat',
          repeats: 5,
          rounds: 5,
          cycle: ['Bash'],
          spentNano: 212_000_000,
          why: 'Bash was called 5 times in a row with the same input',
        }
      : null,
    missKind: parts.isMiss ? 'expired' : null,
    routeReason: null,
    cascade: null,
    refusal: parts.kind === 'refused' ? refused : null,
  }
}

const refused: ApiCall['refusal'] = {
  code: 'runguard_budget_exceeded',
  isEnforced: true,
  retryAfterSec: 3_600,
  by: {
    kind: 'budget',
    budget: 'team:web/day',
    scope: 'team:web',
    window: 'day',
    reason: 'exhausted',
    limitNano: 80_000_000_000,
    spentNano: 79_610_000_000,
    heldNano: 350_000_000,
    neededNano: 91_000_000,
    resetsAt: Date.UTC(2026, 10, 28),
  },
}

/** The same with all that is kept of it. */
cannedCall.detail = (call: ApiCall): ApiCallDetail => {
  const line = (item: string, quantity: number, picoEach: number) => ({
    part: 0,
    partKind: 'message',
    model: call.model,
    pricedAs: call.model,
    basis: 'list',
    item,
    quantity,
    picoEach,
    card: 'standard',
    multipliers: item === 'output' ? [{ name: 'geo us', percent: 110 }] : [],
    pico: String(quantity * picoEach),
  })
  return {
    ...call,
    upstreamId: 'req_011CSHoEeqs5C35K2UUqR7Fy',
    target: 'POST /v1/messages',
    headMs: 640,
    overheadMs: 0.41,
    requestBytes: 391_022,
    responseBytes: 12_003,
    usage: null,
    cost: {
      nano: call.costNano,
      lines: [
        line('input', call.tokens.input, 5_000_000),
        line('write5m', call.tokens.write5m, 6_250_000),
        line('read', call.tokens.read, 500_000),
        line('output', call.tokens.output, 25_000_000),
      ],
      basis: 'list',
      isEstimated: false,
      priceVersion: '2026-11-20',
    },
    estimate: { tokens: 91_000, bound: 97_000 },
    hold: { nano: 812_000_000, budget: 'team:web/day', clampedTo: 8_192 },
    cache: {
      mode: 'fill',
      ownMarkers: 3,
      marks: [{ block: 41, part: 'messages', ttl: '5m', reason: 'stable-head', tokens: 64_000 }],
      expected: { read: 84_000, write1h: 0, write5m: 4_000, input: 300 },
      isAsExpected: false,
      isShortened: false,
      miss: {
        kind: 'expired',
        cause: { kind: 'expired', ttl: '5m', idleMs: 421_000 },
        before: 'rg_before',
        lostTokens: 84_000,
        lostNano: 483_000_000,
      },
      diagnosis: null,
      savedNano: call.savedNano,
      addedNano: 12_000_000,
    },
    route: {
      asked: 'claude-opus-5-5',
      model: 'claude-haiku-5',
      tier: 'small',
      task: 'classify',
      reason: 'task',
      isApplied: true,
      expectedNano: 41_000_000,
      expectedAskedNano: 212_000_000,
      rejected: [{ model: 'claude-sonnet-5', tier: 'medium', why: 'dearer', expectedNano: 90_000_000 }],
      lostTokens: 0,
      retiresAt: null,
      savedNano: 171_000_000,
    },
    cascade: null,
    tries: [],
    degraded: [
      { kind: 'lower-effort', budget: 'team:web/day', at: 0.8, used: 0.91, change: 'effort: high → medium', why: null },
    ],
  }
}
