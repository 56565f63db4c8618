/** What a call that has just ended changes of the overview, until it is read again. Pure. */

import type { ApiCall, ApiOverview } from '@runguard/gateway/api'

const MINUTE_MS = 60_000
const SHOWN_CALLS = 50

/** The overview with one call more. One that it has already changes nothing. */
export function withCall(overview: ApiOverview, call: ApiCall): ApiOverview {
  if (overview.recentCalls.some(({ id }) => id === call.id)) return overview
  const isRefused = call.ending.reason === 'refused'
  const { today, month } = overview
  return {
    ...overview,
    today: {
      ...today,
      costNano: today.costNano + call.costNano,
      calls: today.calls + 1,
      estimatedCalls: today.estimatedCalls + (call.isEstimated ? 1 : 0),
      refusedCalls: today.refusedCalls + (isRefused ? 1 : 0),
    },
    month: { ...month, costNano: month.costNano + call.costNano, calls: month.calls + 1 },
    runningCalls: Math.max(0, overview.runningCalls - 1),
    recentCalls: [call, ...overview.recentCalls].slice(0, SHOWN_CALLS),
    minutes: withMinute(overview.minutes, call),
  }
}

function withMinute(minutes: ApiOverview['minutes'], call: ApiCall): ApiOverview['minutes'] {
  const { input, write5m, write1h, read } = call.tokens
  return minutes.map((minute) => {
    if (call.startedAt < minute.at || call.startedAt >= minute.at + MINUTE_MS) return minute
    return {
      at: minute.at,
      costNano: minute.costNano + call.costNano,
      calls: minute.calls + 1,
      promptTokens: minute.promptTokens + input + write5m + write1h + read,
      readTokens: minute.readTokens + read,
    }
  })
}
