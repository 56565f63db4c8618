/** All made-up answers of a busy gateway. */

import type { ApiCall } from '@runguard/gateway/api'
import { cannedCall } from './canned-call.js'
import type { Answers } from './canned-gateway.js'
import {
  busyAlerts,
  busyBudgets,
  busyCall,
  busyDelivery,
  busyKey,
  busyOverview,
  busyRules,
  busySession,
  busySpend,
  DAY,
  HOUR,
  MINUTE,
  MODELS,
  signedIn,
} from './canned-items.js'

/** All answers of a busy gateway. */
export function busyAnswers(nowMs: number): Answers {
  const hours = Array.from({ length: 24 }, (_, index) => (Math.floor(nowMs / HOUR) - 23 + index) * HOUR)
  const calls = Array.from({ length: 60 }, (_, index) => busyCall(index, nowMs))
  const session = calls.slice(0, 36).reverse()
  let spent = 0
  const sums = {
    calls: 3_000,
    watchedCalls: 2_900,
    isBehind: false,
    tokens: { input: 1_200_000, write5m: 9_000_000, write1h: 300_000, read: 96_000_000, output: 2_000_000 },
    hitRatio: 0.91,
    savedNano: 431_000_000_000,
    addedNano: 62_000_000_000,
  }
  return {
    session: signedIn(),
    overview: busyOverview(nowMs),
    spend: (query: URLSearchParams) => busySpend(query, nowMs),
    calls: { items: calls, next: 'more' },
    [`calls/${calls[5]?.id}`]: cannedCall.detail(calls[5] as ApiCall),
    sessions: { items: Array.from({ length: 40 }, (_, index) => busySession(index, nowMs)), next: null },
    'sessions/refactor-billing-1': {
      session: busySession(1, nowMs),
      breakerDetail: {
        key: 'session:refactor-billing-1',
        scope: 'session',
        name: 'refactor-billing-1',
        state: 'open',
        cause: 'loop',
        why: 'Bash was called 5 times in a row with the same input',
        changedAt: nowMs,
        until: null,
        trips: 1,
        by: null,
        note: null,
      },
      mark: null,
      agents: [null, 'explore-0', 'explore-1', 'explore-2'].map((agent) => ({
        agent,
        parent: agent === 'explore-2' ? 'explore-1' : null,
        calls: 9,
        costNano: 92_000_000,
        firstAt: nowMs - HOUR,
        lastAt: nowMs - MINUTE,
      })),
      calls: session.map((call, index) => {
        spent += call.costNano
        return {
          ...call,
          startedAt: nowMs - (36 - index) * 19_000 - (index < 14 ? 40 * MINUTE : 0),
          cumulativeNano: spent,
        }
      }),
      next: null,
    },
    cache: {
      since: hours[0],
      until: nowMs,
      ...sums,
      steps: hours,
      promptTokens: hours.map((_, index) => 4_000_000 + index * 100_000),
      readTokens: hours.map((_, index) => 3_500_000 + index * 90_000),
      savedNanoByStep: hours.map((_, index) => (index % 9 === 4 ? -900_000_000 : 17_000_000_000)),
      models: MODELS.map((model) => ({ model, ...sums })),
      misses: ['expired', 'tools-changed', 'beyond-lookback'].map((kind, index) => ({
        kind,
        calls: 40 - index * 9,
        lostTokens: 900_000,
        lostNano: 4_000_000_000 / (index + 1),
        worstCall: calls[5]?.id ?? '',
      })),
      unread: {
        since: hours[0],
        calls: 2_900,
        tokens: 1_310_000,
        lostNano: 1_637_000_000,
        sessions: ['refactor-billing-1', 'nightly-evals', null].map((session, index) => ({
          session,
          tokens: 700_000 >> index,
          lostNano: 900_000_000 >> index,
        })),
      },
    },
    routes: {
      since: hours[0],
      until: nowMs,
      mode: 'route',
      tiers: [
        { name: 'small', model: 'claude-haiku-5' },
        { name: 'medium', model: 'claude-sonnet-5' },
      ],
      routes: [
        {
          asked: 'claude-opus-5-5',
          model: 'claude-haiku-5',
          reason: 'task',
          isApplied: true,
          calls: 812,
          savedNano: 41_000_000_000,
        },
        {
          asked: 'claude-opus-5-5',
          model: 'claude-sonnet-5',
          reason: 'length',
          isApplied: false,
          calls: 40,
          savedNano: -900_000_000,
        },
      ],
      degraded: [{ budget: 'team:web/day', kind: 'lower-effort', calls: 31 }],
      learned: [{ task: 'classify', tier: 'small', mean: 0.94, low: 0.9, high: 0.98, evidence: 120 }],
    },
    budgets: { items: busyBudgets(nowMs), next: null },
    'POST budgets/what-if': {
      since: nowMs - 7 * DAY,
      until: nowMs,
      calls: 4_000,
      costNano: 340_000_000_000,
      refusedCalls: 212,
      refusedNano: 31_000_000_000,
      firstRefusedAt: nowMs - 3 * DAY,
      windows: [
        {
          scope: 'everything',
          windowStart: nowMs - 3 * DAY,
          windowEnd: null,
          calls: 900,
          spentNano: 51_000_000_000,
          refusedCalls: 212,
          refusedNano: 31_000_000_000,
          firstRefusedAt: null,
        },
      ],
      windowCount: 1,
      peakNano: 51_000_000_000,
      isTruncated: false,
    },
    loops: {
      items: calls
        .filter(({ loop }) => loop !== null)
        .map((call) => ({
          ...call.loop,
          call: call.id,
          at: call.startedAt,
          session: call.scope.session,
          agent: null,
          model: call.model,
          user: 'ada',
          project: 'billing',
        })),
      next: null,
      summary: { stops: 3, notices: 18, spentNano: 4_120_000_000 },
    },
    breakers: {
      items: [
        {
          key: 'session:refactor-billing-1',
          scope: 'session',
          name: 'refactor-billing-1',
          state: 'open',
          cause: 'loop',
          why: 'Bash was called 5 times in a row with the same input',
          changedAt: nowMs - MINUTE,
          until: nowMs + 4 * MINUTE,
          trips: 2,
          by: null,
          note: null,
        },
      ],
      next: null,
    },
    batches: {
      items: [0, 1, 2].map((index) => ({
        id: `msgbatch_0${index}`,
        call: calls[0]?.id ?? '',
        items: 1_000 * (index + 1),
        heldNano: index === 0 ? 12_000_000_000 : 0,
        costNano: index === 0 ? null : 9_310_000_000,
        createdAt: nowMs - index * HOUR,
        settledAt: index === 0 ? null : nowMs,
        scope: calls[0]?.scope,
        client: null,
      })),
      next: null,
    },
    alerts: { items: busyAlerts(nowMs), next: null },
    'alerts/channels': {
      items: ['ops', 'pager', 'siem'].map((name, index) => ({
        name,
        kind: ['slack', 'pagerduty', 'webhook'][index],
        place: ['hooks.slack.com', 'events.pagerduty.com', 'siem.example.com'][index],
        last: busyDelivery(index, nowMs),
      })),
      next: null,
    },
    'alerts/deliveries': { items: Array.from({ length: 8 }, (_, index) => busyDelivery(index, nowMs)), next: null },
    audit: {
      items: Array.from({ length: 12 }, (_, index) => ({
        sequence: 12 - index,
        at: nowMs - index * HOUR,
        actor: { kind: 'user', id: 'ada', name: 'Ada Lovelace' },
        action: ['budgets.write', 'keys.create', 'audit.list'][index % 3],
        subject: 'team:web/day',
        before: index % 3 === 0 ? { limitNano: 60_000_000_000 } : null,
        after: index % 3 === 2 ? null : { limitNano: 80_000_000_000, mode: 'enforce' },
        hash: 'a41f0c9b22d7e6'.repeat(4),
      })),
      next: null,
    },
    'audit/verify': { isSound: true, entries: 12, head: 'a41f0c9b22d7e6'.repeat(4), findings: [] },
    keys: { items: [0, 1, 2].map((index) => busyKey(index, nowMs)), next: null },
    users: {
      items: (['admin', 'operator', 'viewer'] as const).map((role, index) => ({
        id: `u${index}`,
        name: ['Ada', 'Grace', 'Linus'][index],
        email: `${role}@example.com`,
        role,
        isDisabled: index === 2,
        createdAt: nowMs - DAY,
        hasToken: true,
        hasSignedIn: false,
        lastLoginAt: nowMs - index * HOUR,
      })),
      next: null,
    },
    settings: {
      version: '0.1.0',
      startedAt: nowMs - DAY,
      url: 'http://127.0.0.1:4141',
      upstream: 'https://api.anthropic.com',
      store: 'sqlite',
      configPath: null,
      rules: busyRules,
      access: { requiresSignIn: true, requiresKeys: false, oidcIssuer: null },
      prices: {
        version: '2026-11-20',
        asOf: Date.UTC(2026, 10, 20),
        models: MODELS.map((id) => ({
          id,
          aliases: [],
          pico: { input: 5_000_000, write5m: 6_250_000, write1h: 10_000_000, read: 500_000, output: 25_000_000 },
        })),
      },
    },
  }
}
