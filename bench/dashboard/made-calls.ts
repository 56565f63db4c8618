/** Calls of a made-up team: many agents at work at once, each in a session of its own, over thirty days. */

import { type CallRecord, nanoUsd } from '@runguard/sdk/core'
import { sampleRecord } from '@runguard/sdk/testing'

/** When the calls were made, in milliseconds since the epoch. */
export interface MadeSpan {
  readonly since: number
  readonly until: number
}

const MODELS = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5', 'claude-sonnet-5']
const TASKS = ['classify', 'code_review', null]
const CAUSES = ['expired', 'tools-changed', 'never-written'] as const
/** An agent's session has so many calls, and so many sessions run at once. */
const CALLS_PER_SESSION = 25
const SESSIONS_AT_ONCE = 40
const USERS = 2_000

/** The calls from one number to another, of so many in all. The same numbers always give the same calls. */
export function makeCalls(from: number, to: number, total: number, span: MadeSpan): CallRecord[] {
  return Array.from({ length: to - from }, (_, index) => makeCall(from + index, total, span))
}

/** Differs from number to number, and is no chance: a run can be repeated. */
function spread(number: number, below: number): number {
  return Math.floor(((Math.imul(number + 1, 0x9e3779b1) >>> 0) / 2 ** 32) * below)
}

function makeCall(number: number, total: number, { since, until }: MadeSpan): CallRecord {
  const wave = Math.floor(number / (CALLS_PER_SESSION * SESSIONS_AT_ONCE))
  const session = wave * SESSIONS_AT_ONCE + spread(number, SESSIONS_AT_ONCE)
  const model = MODELS[spread(session, MODELS.length)] ?? 'claude-opus-5-5'
  const nano = nanoUsd(100_000 + spread(number, 90_000_000))
  const tokens = {
    input: 20 + spread(number, 900),
    write5m: spread(number, 4_000),
    write1h: 0,
    read: spread(number, 90_000),
    output: 400,
  }
  return sampleRecord({
    id: `rg_${String(number).padStart(12, '0')}`,
    upstreamId: `req_${number}`,
    startedAt: since + Math.floor(((until - since) * number) / total),
    scope: scopeOf(session),
    requestedModel: model,
    servedModel: model,
    usage: {
      parts: [{ kind: 'message', model, ...tokens }],
      webSearches: 0,
      speed: 'standard',
      geo: null,
      tier: 'standard',
    },
    cost: { nano, lines: [], basis: 'list', isEstimated: false, priceVersion: 'bench' },
    loop: number % 500 === 0 ? { ...LOOP, spent: nano } : null,
    cache: cacheOf(number),
    ...refusedPart(number),
  })
}

/** One call in two hundred is refused, and one in twenty thousand for a rarer reason. */
function refusedPart(number: number): Partial<CallRecord> {
  const isRare = number % 20_000 === 9
  if (!isRare && number % 200 !== 7) return {}
  const errorCode = isRare ? RARE_CODE : USUAL_CODE
  return { errorCode, servedModel: null, usage: null, ending: { kind: 'not-billed', reason: 'refused' } }
}

const USUAL_CODE = 'runguard_budget_exceeded'
const RARE_CODE = 'runguard_breaker_open'

const LOOP = { action: 'notice', isEnforced: true, rule: 'repeat', repeats: 3, rounds: 3, cycle: ['Bash'] } as const

/** Who has a session is the same for all of it. */
function scopeOf(session: number): CallRecord['scope'] {
  const owner = spread(session, USERS)
  return {
    project: `project-${owner % 100}`,
    session: `session-${session}`,
    agent: null,
    parentAgent: null,
    user: `user-${owner}`,
    team: `team-${owner % 40}`,
    key: `rgk_${owner % 200}`,
    task: TASKS[session % TASKS.length] ?? null,
    tags: session % 4 === 0 ? [] : [`tag-${session % 20}`],
  }
}

function cacheOf(number: number): NonNullable<CallRecord['cache']> {
  const kind = CAUSES[number % CAUSES.length] ?? 'expired'
  const cause = kind === 'expired' ? { kind, ttl: '5m' as const, idleMs: 400_000 } : missOf(kind)
  return {
    mode: 'fill',
    ownMarkers: 0,
    marks: [],
    expected: { read: 0, write1h: 0, write5m: 0, input: 10 },
    isAsExpected: true,
    isShortened: false,
    miss: number % 10 === 0 ? { cause, before: 'rg_0', lostTokens: 1_000, lostNano: spread(number, 1_000_000) } : null,
    diagnosis: null,
    savedNano: spread(number, 5_000_000),
    addedNano: 5,
  }
}

function missOf(kind: 'tools-changed' | 'never-written') {
  return kind === 'never-written' ? { kind } : { kind, block: 0, change: 'edited' as const }
}
