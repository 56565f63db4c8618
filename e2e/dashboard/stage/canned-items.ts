/** Made-up things of a busy gateway, the same in every run. */

import type {
  ApiAlert,
  ApiBudget,
  ApiCall,
  ApiDelivery,
  ApiKey,
  ApiOverview,
  ApiSession,
  ApiSessionRow,
  ApiSettings,
} from '@runguard/gateway/api'
import { cannedCall } from './canned-call.js'

/** Made up. */
export const MINUTE = 60_000
/** Made up. */
export const HOUR = 60 * MINUTE
/** Made up. */
export const DAY = 24 * HOUR
const LENGTHS: Readonly<Record<string, number>> = { minute: MINUTE, hour: HOUR, day: DAY }
/** Made up. */
export const MODELS = ['claude-opus-5-5', 'claude-sonnet-5', 'claude-haiku-5-20260401']

/** Numbers from 0 to 1 that look like chance and are not. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

/** Somebody with a role. */
export function signedIn(role: 'viewer' | 'operator' | 'admin' = 'admin'): ApiSession {
  return {
    actor: { kind: 'user', id: 'ada', name: 'Ada Lovelace', role },
    csrfToken: 'c',
    canSignOut: true,
    signIn: { hasToken: true, hasOidc: true },
    version: '0.1.0',
    isSimulated: false,
    lastEvent: null,
  }
}

/** A call of a busy session. */
export function busyCall(index: number, nowMs: number): ApiCall {
  const roll = dice(index * 7919 + 3)
  roll()
  const [read, write5m, input, output] = [roll() * 90_000, roll() * 6_000, roll() * 900, roll() * 2_400].map(
    Math.round,
  ) as [number, number, number, number]
  const isMiss = index % 11 === 5
  const broken = index % 17 === 9 ? 'broken' : 'fine'
  const kind = index % 23 === 7 ? 'refused' : broken
  const costNano = kind === 'refused' ? 0 : read * 500 + write5m * 6_250 + input * 5_000 + output * 25_000
  return cannedCall({
    id: `rg_${(1_000_000 + index).toString(36)}`,
    startedAt: nowMs - index * 41_000 - 2_000,
    durationMs: 900 + roll() * 21_000,
    model: MODELS[index % 3] ?? null,
    requestedModel: index % 9 === 0 ? 'claude-opus-5-5' : (MODELS[index % 3] ?? null),
    session: `refactor-billing-${Math.floor(index / 12)}`,
    agent: index % 4 === 3 ? `explore-${index % 3}` : null,
    tokens: { input, write5m: isMiss ? write5m + read : write5m, write1h: 0, read: isMiss ? 0 : read, output },
    costNano: Math.round(costNano),
    savedNano: isMiss ? -Math.round(read * 1_250) : Math.round(read * 4_500 - write5m * 1_250),
    kind,
    isMiss,
    isLoop: index % 31 === 13,
  })
}

const BREAKERS = new Map<number, ApiSessionRow['breaker']>([
  [1, 'open'],
  [4, 'held'],
])

/** A session as a row. */
export function busySession(index: number, nowMs: number): ApiSessionRow {
  return {
    id: `refactor-billing-${index}`,
    firstAt: nowMs - index * 900_000 - 1_400_000,
    lastAt: nowMs - index * 900_000 - 4_000,
    calls: 12 + index,
    estimatedCalls: index === 2 ? 1 : 0,
    costNano: 812_000_000 + index * 91_000_000,
    savedNano: index % 5 === 3 ? -12_000_000 : 2_100_000_000 - index * 20_000_000,
    hitRatio: 0.91 - index * 0.03,
    agents: 1 + (index % 4),
    isLooping: index === 1,
    isExempt: index === 6,
    breaker: BREAKERS.get(index) ?? 'closed',
    user: ['ada', 'grace', 'linus'][index % 3] ?? null,
    project: 'billing',
    team: 'web',
  }
}

function budget(
  id: string,
  kind: ApiBudget['scope']['kind'],
  name: string,
  limitNano: number,
  parts: Partial<ApiBudget>,
  nowMs: number,
): ApiBudget {
  return {
    id,
    name: null,
    scope: { kind, name },
    limitNano,
    window: 'day',
    timeZone: 'UTC',
    mode: 'enforce',
    thresholds: [50, 80, 95, 100],
    isPaused: false,
    overrides: [],
    degrade: [],
    source: 'registry',
    revision: 'r1',
    createdAt: nowMs - 9 * DAY,
    changedAt: nowMs - DAY,
    accounts: [account(kind === 'everything' ? 'everything' : `${kind}:${name}`, limitNano, 0.42, 0.04, nowMs)],
    accountCount: 1,
    ...parts,
  }
}

function account(
  scope: string,
  limitNano: number,
  spent: number,
  held: number,
  nowMs: number,
  isBinding = false,
): ApiBudget['accounts'][number] {
  const [spentNano, heldNano] = [Math.round(limitNano * spent), Math.round(limitNano * held)]
  return {
    scope,
    windowStart: nowMs - 9 * HOUR,
    windowEnd: nowMs + 15 * HOUR,
    limitNano,
    spentNano,
    heldNano,
    leftNano: limitNano - spentNano - heldNano,
    isEnforced: true,
    isUsedUp: spent >= 1,
    isBinding,
  }
}

/** Budgets on every level. */
export function busyBudgets(nowMs: number): readonly ApiBudget[] {
  const usd = 1_000_000_000
  return [
    budget(
      'everything/month',
      'everything',
      '*',
      2_000 * usd,
      { name: 'The company', window: 'month', source: 'config', revision: null },
      nowMs,
    ),
    budget(
      'team:web/day',
      'team',
      'web',
      80 * usd,
      { name: 'Web team', accounts: [account('team:web', 80 * usd, 0.86, 0.07, nowMs, true)] },
      nowMs,
    ),
    budget(
      'team:data/day',
      'team',
      'data',
      40 * usd,
      { mode: 'observe', accounts: [account('team:data', 40 * usd, 1.12, 0, nowMs)] },
      nowMs,
    ),
    budget(
      'user:*/day',
      'user',
      '*',
      15 * usd,
      {
        name: 'Each person',
        accounts: ['ada', 'grace', 'linus', 'edsger'].map((user, index) =>
          account(`user:${user}`, 15 * usd, 0.8 - index * 0.22, 0.02, nowMs),
        ),
        accountCount: 9,
      },
      nowMs,
    ),
    budget(
      'tag:nightly/week',
      'tag',
      'nightly',
      0,
      { isPaused: true, accounts: [account('tag:nightly', 0, 0, 0, nowMs)] },
      nowMs,
    ),
    budget(
      'session:*/session',
      'session',
      '*',
      5 * usd,
      {
        name: 'Each session',
        window: 'session',
        accounts: [account('session:refactor-billing-1', 5 * usd, 0.97, 0.03, nowMs)],
      },
      nowMs,
    ),
  ]
}

/** Made up. */
export function busyAlerts(nowMs: number): readonly ApiAlert[] {
  const shared = { acknowledged: null, resolvedAt: null, facts: [], links: [] }
  return [
    {
      ...shared,
      id: 'a1',
      key: 'k1',
      kind: 'loop',
      severity: 'critical',
      about: 'session:refactor-billing-1',
      title: 'Loop stopped',
      detail: 'refactor-billing-1: Bash was called 5 times in a row with the same input',
      status: 'open',
      openedAt: nowMs - 3 * MINUTE,
    },
    {
      ...shared,
      id: 'a2',
      key: 'k2',
      kind: 'budget',
      severity: 'warning',
      about: 'team:web',
      title: 'Budget at 80%',
      detail: 'Web team: $69.12 of $80.00 a day',
      status: 'open',
      openedAt: nowMs - 52 * MINUTE,
    },
    {
      ...shared,
      id: 'a3',
      key: 'k3',
      kind: 'cache-drop',
      severity: 'info',
      about: 'project:billing',
      title: 'Cache hits dropped',
      detail: 'from 91% to 62% within an hour',
      status: 'resolved',
      openedAt: nowMs - 5 * HOUR,
      resolvedAt: nowMs - 4 * HOUR,
      acknowledged: { by: 'Grace', at: nowMs - 4.5 * HOUR },
    },
  ]
}

/** What goes on. */
export function busyOverview(nowMs: number): ApiOverview {
  const roll = dice(11)
  const minutes = Array.from({ length: 60 }, (_, index) => {
    const tokens = Math.round(roll() * 200_000)
    return {
      at: (Math.floor(nowMs / MINUTE) - 59 + index) * MINUTE,
      costNano: Math.round(roll() ** 2 * 240_000_000 * (index > 20 && index < 27 ? 0 : 1)),
      calls: 4,
      promptTokens: tokens,
      readTokens: Math.round(tokens * 0.9),
    }
  })
  return {
    at: nowMs,
    isBehind: false,
    today: { since: nowMs - 9 * HOUR, costNano: 41_870_000_000, calls: 3_182, estimatedCalls: 6, refusedCalls: 14 },
    month: { since: nowMs - 26 * DAY, costNano: 812_400_000_000, calls: 64_021, forecastNano: 941_000_000_000 },
    burnNanoPerMinute: 93_400_000,
    savings: [
      { lever: 'caching', savedNano: 2_104_000_000_000, calls: 61_000, isEstimated: false },
      { lever: 'routing', savedNano: 96_300_000_000, calls: 8_120, isEstimated: true },
      { lever: 'batching', savedNano: 31_050_000_000, calls: 2_000, isEstimated: false },
      { lever: 'degradation', savedNano: -4_310_000_000, calls: 411, isEstimated: true },
    ],
    refusals: [
      { code: 'runguard_budget_exceeded', calls: 212, promptTokens: 9_100_000, promptNano: 45_500_000_000 },
      { code: 'runguard_loop_detected', calls: 31, promptTokens: 2_400_000, promptNano: 12_000_000_000 },
      { code: 'runguard_unpriced_model', calls: 4, promptTokens: 12_000, promptNano: null },
    ],
    shortened: [{ kind: 'lower-effort', calls: 411 }],
    hitRatio: 0.914,
    budgets: [...busyBudgets(nowMs)].filter(({ mode }) => mode === 'enforce').slice(0, 5),
    runningCalls: 7,
    recentCalls: Array.from({ length: 30 }, (_, index) => busyCall(index, nowMs)),
    activeSessions: Array.from({ length: 6 }, (_, index) => busySession(index, nowMs)),
    openAlerts: [...busyAlerts(nowMs)].filter(({ status }) => status === 'open'),
    minutes,
  }
}

/** Spending in seven days, by a group. */
export function busySpend(query: URLSearchParams, nowMs: number) {
  const groupBy = query.get('groupBy') ?? 'model'
  const step = query.get('step') ?? 'hour'
  const lengthMs = LENGTHS[step] ?? HOUR
  const since = Number(query.get('since'))
  const until = Number(query.get('until') ?? nowMs)
  const steps = Array.from(
    { length: Math.min(200, Math.ceil((until - since) / lengthMs)) },
    (_, index) => since + index * lengthMs,
  )
  const names = groupBy === 'model' ? MODELS : Array.from({ length: 11 }, (_, index) => `${groupBy}-${index}`)
  const sums = names.map((group, order) => {
    const roll = dice(order + 5)
    const series = steps.map((at) =>
      Math.round((roll() ** 3 * 2_000_000_000 * (1 + Math.sin(at / DAY / 0.16))) / (order + 1)),
    )
    const costNano = series.reduce((sum, value) => sum + value, 0)
    return {
      group: order === 2 ? '' : group,
      series,
      calls: 900 - order * 40,
      estimatedCalls: order === 1 ? 3 : 0,
      unmeteredCalls: 0,
      costNano,
      savedNano: order === 4 ? -20_000_000 : costNano * 2,
      estimatedSavedNano: order === 1 ? costNano : 0,
      tokens: { input: 120_000, write5m: 900_000, write1h: 0, read: 9_000_000, output: 400_000 },
    }
  })
  const series = steps.map((_, index) => sums.reduce((sum, { series: values }) => sum + (values[index] ?? 0), 0))
  const total = {
    ...(sums[0] as (typeof sums)[number]),
    series,
    calls: 4_000,
    estimatedCalls: 3,
    unmeteredCalls: 2,
    costNano: series.reduce((sum, value) => sum + value, 0),
  }
  return { groupBy, step, timeZone: 'UTC', isBehind: false, since, until, steps, groups: sums, rest: null, total }
}

/** Made up. */
export function busyKey(index: number, nowMs: number): ApiKey {
  return {
    id: `rgk_nvpj2${index}f3a9`,
    name: ['ci', 'laptop of Ada', 'nightly evals'][index] ?? 'key',
    team: 'web',
    user: index === 1 ? 'ada' : null,
    project: index === 2 ? 'evals' : null,
    status: index === 2 ? 'revoked' : 'active',
    createdAt: nowMs - index * DAY,
    createdBy: 'Ada',
    expiresAt: null,
    revokedAt: null,
    rotatedAt: null,
    lastUsedAt: index === 2 ? null : nowMs - index * MINUTE,
  }
}

/** Made up. */
export function busyDelivery(index: number, nowMs: number): ApiDelivery {
  return {
    id: `d${index}`,
    alert: 'k1',
    title: 'Loop stopped',
    channel: ['ops', 'pager', 'siem'][index % 3] ?? '',
    channelKind: 'slack',
    action: 'trigger',
    status: index === 1 ? 'failed' : 'delivered',
    attempts: index === 1 ? 12 : 1,
    createdAt: nowMs - index * HOUR,
    dueAt: null,
    endedAt: nowMs - index * HOUR,
    lastStatus: 200,
    lastError: index === 1 ? 'The receiver answered 503.' : null,
    resendOf: null,
  }
}

/** Made up. */
export const busyRules: ApiSettings['rules'] = [
  { key: 'mode', value: 'enforce' },
  { key: 'loops.mode', value: 'enforce' },
  { key: 'loops.limits.repeat', value: 'notice 3, stop 5' },
  { key: 'routing.tiers.small', value: 'claude-haiku-5-5' },
  { key: 'caching.mode', value: 'fill' },
]
