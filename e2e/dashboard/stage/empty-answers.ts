/** The answers of a gateway that nobody has called yet. */

import type { Answers } from './canned-gateway.js'
import { signedIn } from './canned-items.js'

const none = { items: [], next: null }
const tokens = { input: 0, write5m: 0, write1h: 0, read: 0, output: 0 }
const sums = {
  calls: 0,
  estimatedCalls: 0,
  unmeteredCalls: 0,
  costNano: 0,
  savedNano: 0,
  estimatedSavedNano: 0,
  tokens,
}

/** Zero everywhere. */
export function emptyAnswers(nowMs: number): Answers {
  const minutes = Array.from({ length: 60 }, (_, index) => ({
    at: nowMs - (59 - index) * 60_000,
    costNano: 0,
    calls: 0,
    promptTokens: 0,
    readTokens: 0,
  }))
  const hours = minutes.slice(0, 24).map((_, index) => nowMs - (23 - index) * 3_600_000)
  const zeros = hours.map(() => 0)
  return {
    session: signedIn(),
    overview: {
      at: nowMs,
      isBehind: false,
      today: { since: nowMs, costNano: 0, calls: 0, estimatedCalls: 0, refusedCalls: 0 },
      month: { since: nowMs, costNano: 0, calls: 0, forecastNano: null },
      burnNanoPerMinute: 0,
      savings: [],
      refusals: [],
      shortened: [],
      hitRatio: null,
      budgets: [],
      runningCalls: 0,
      recentCalls: [],
      activeSessions: [],
      openAlerts: [],
      minutes,
    },
    spend: {
      groupBy: 'model',
      step: 'hour',
      timeZone: 'UTC',
      isBehind: false,
      since: hours[0],
      until: nowMs,
      steps: hours,
      groups: [],
      rest: null,
      total: { ...sums, series: zeros },
    },
    calls: none,
    sessions: none,
    cache: {
      since: hours[0],
      until: nowMs,
      calls: 0,
      watchedCalls: 0,
      isBehind: false,
      tokens,
      hitRatio: null,
      savedNano: 0,
      addedNano: 0,
      steps: hours,
      promptTokens: zeros,
      readTokens: zeros,
      savedNanoByStep: zeros,
      models: [],
      misses: [],
      unread: { since: hours[0], calls: 0, tokens: 0, lostNano: 0, sessions: [] },
    },
    routes: { since: hours[0], until: nowMs, mode: 'off', tiers: [], routes: [], degraded: [], learned: [] },
    budgets: none,
    loops: { ...none, summary: { stops: 0, notices: 0, spentNano: 0 } },
    breakers: none,
    batches: none,
    alerts: none,
    'alerts/channels': none,
    'alerts/deliveries': none,
    audit: none,
    'audit/verify': { isSound: true, entries: 0, head: '', findings: [] },
    keys: none,
    settings: emptySettings,
    users: none,
  }
}

const emptySettings = {
  version: '0.1.0',
  startedAt: 0,
  url: 'http://127.0.0.1:4141',
  upstream: 'https://api.anthropic.com',
  store: 'sqlite',
  configPath: null,
  rules: [{ key: 'mode', value: 'enforce' }],
  access: { requiresSignIn: false, requiresKeys: false, oidcIssuer: null },
  prices: { version: '2026-11-20', asOf: 0, models: [] },
}
