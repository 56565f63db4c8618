/** What is going on now. */

import { isTimeZone, windowOf } from '@runguard/sdk/core'
import type { TrafficNumbers, TrafficPeriod, TrafficPoint } from '@runguard/sdk/store'
import { type ApiOverview, overviewQuery, overviewSchema } from '../../api/overview.js'
import type { ControlParts } from '../control-parts.js'
import { SHARED_MS } from '../event-hub.js'
import { refusalsOf, savingsOf, shortenedOf } from '../held-back.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { invalid } from '../problem.js'
import { alertWire } from '../wire/alert-wire.js'
import { callWire } from '../wire/call-wire.js'
import { hitRatioOf } from '../wire/traffic-wire.js'
import { readSessions } from './sessions-routes.js'

const overviewRead = specify({
  id: 'overview.read',
  method: 'get',
  path: '/runguard/api/overview',
  summary: 'What is going on now',
  query: overviewQuery,
  answer: overviewSchema,
})

const MINUTE = 60_000
const DAY = 86_400_000
const ACTIVE_MS = 15 * MINUTE
const BURN_MINUTES = 5
const MOST_BUDGETS = 5
const MOST_ROWS = 20
const MOST_ALERTS = 20
/** The operation on what is going on now. However many look at once, it is put together once in a while. */
export function overviewRoutes(parts: ControlParts): ReadyOperation[] {
  const made = new Map<string, { readonly at: number; readonly overview: Promise<ApiOverview> }>()
  const fresh = (timeZone: string): Promise<ApiOverview> => {
    const at = parts.runtime.tick()
    const last = made.get(timeZone)
    if (last !== undefined && at - last.at < SHARED_MS) return last.overview
    for (const [zone, each] of made) if (at - each.at >= SHARED_MS) made.delete(zone)
    const overview = readOverview(parts, timeZone)
    made.set(timeZone, { at, overview })
    return overview
  }
  return [
    operation(overviewRead, async ({ query: { timeZone = 'UTC' } }) => {
      if (!isTimeZone(timeZone)) throw invalid('query.timeZone', 'is no time zone: write one like Europe/Berlin')
      return await fresh(timeZone)
    }),
  ]
}

async function readOverview(parts: ControlParts, timeZone: string): Promise<ApiOverview> {
  const { store, runtime, summing, alerting } = parts
  const isBehind = !(await summing.catchUp())
  const at = runtime.now()
  const since = { day: windowOf('day', at, timeZone).start, month: windowOf('month', at, timeZone) }
  const sums = async (from: number) =>
    (await store.trafficSums({ since: from, until: at + 1, groupBy: 'total', filter: {}, top: 1 })).total
  const [day, month, lastDay] = [await sums(since.day), await sums(since.month.start), await sums(at - DAY)]
  const minutes = await readMinutes(parts, at)
  const alerts = (await alerting?.alerts({ status: 'open', limit: MOST_ALERTS })) ?? []
  const standing = await readFullest(parts)
  return {
    at,
    isBehind,
    today: {
      since: since.day,
      costNano: day.costNano,
      calls: day.calls,
      estimatedCalls: day.estimatedCalls,
      refusedCalls: day.refusedCalls,
    },
    month: {
      since: since.month.start,
      costNano: month.costNano,
      calls: month.calls,
      forecastNano: forecast(month.costNano, since.month, at),
    },
    burnNanoPerMinute: burnOf(minutes, at),
    ...(await readLevers(parts, month, { since: since.month.start, until: at + 1 })),
    hitRatio: hitRatioOf(lastDay),
    budgets: standing,
    runningCalls: parts.running(),
    recentCalls: (await store.listRecords(MOST_ROWS)).map(callWire),
    activeSessions: (
      await readSessions(parts, { since: at - ACTIVE_MS, until: at + 1, filter: {}, after: null, limit: MOST_ROWS })
    ).map(({ row }) => row),
    openAlerts: alerts.map(alertWire),
    minutes,
  }
}

/** A store in this process answers without a pause: calls that came meanwhile go before and after. */
async function readFullest({ runtime, budgets }: ControlParts): Promise<ApiOverview['budgets']> {
  const pause = () => new Promise<void>((resolve) => runtime.soon(resolve))
  await pause()
  const all = await budgets.list()
  await pause()
  return fullest(all)
}

async function readLevers({ store, book }: ControlParts, month: TrafficNumbers, period: TrafficPeriod) {
  const routes = await store.trafficCounts('route', period)
  const refused = await store.trafficCounts('refusal', period)
  return {
    savings: savingsOf(month, routes),
    refusals: refusalsOf(refused, book, period.until),
    shortened: shortenedOf(await store.trafficCounts('degrade', period)),
  }
}

type Minute = ApiOverview['minutes'][number]

async function readMinutes({ store }: ControlParts, at: number): Promise<Minute[]> {
  const last = Math.floor(at / MINUTE) * MINUTE
  const since = last - 59 * MINUTE
  const shape = { groupBy: 'total', filter: {}, groups: [], stepMs: MINUTE, offsetMs: 0 } as const
  const points = new Map<number, TrafficPoint>()
  for (const point of await store.trafficSeries({ ...shape, since, until: last + MINUTE })) points.set(point.at, point)
  return Array.from({ length: 60 }, (_, index) => {
    const start = since + index * MINUTE
    const { costNano = 0, calls = 0, promptTokens = 0, readTokens = 0 } = points.get(start) ?? {}
    return { at: start, costNano, calls, promptTokens, readTokens }
  })
}

/** The running minute counts as far as it has come. */
function burnOf(minutes: readonly Minute[], at: number): number {
  const recent = minutes.slice(-BURN_MINUTES)
  const [first] = recent
  if (first === undefined) return 0
  const cost = recent.reduce((sum, { costNano }) => sum + costNano, 0)
  return Math.round((cost * MINUTE) / Math.max(MINUTE, at - first.at))
}

/** At the rate so far; on the first day that says nothing. */
function forecast(
  costNano: number,
  month: { readonly start: number; readonly end: number | null },
  at: number,
): number | null {
  const gone = at - month.start
  if (gone < DAY || month.end === null) return null
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round((costNano / gone) * (month.end - month.start)))
}

function fullest(budgets: readonly ApiOverview['budgets'][number][]): ApiOverview['budgets'] {
  const usedOf = ({ accounts }: ApiOverview['budgets'][number]): number => Math.max(0, ...accounts.map(shareUsed))
  const inForce = budgets.filter(({ mode, isPaused }) => mode === 'enforce' && !isPaused)
  return inForce.sort((a, b) => usedOf(b) - usedOf(a)).slice(0, MOST_BUDGETS)
}

/** Of a limit of nothing, all is used up. */
function shareUsed({ spentNano, heldNano, limitNano }: ApiOverview['budgets'][number]['accounts'][number]): number {
  return limitNano <= 0 ? 1 : (spentNano + heldNano) / limitNano
}
