/** The prompt cache, and routes. */

import { promptOf, type TrafficNumbers } from '@runguard/sdk/store'
import { type ApiCache, cacheQuery, cacheSchema } from '../../api/cache.js'
import { type ApiRoutes, routesQuery, routesSchema } from '../../api/routes.js'
import type { ControlParts } from '../control-parts.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { cutPeriod, stepIndex } from '../spend-steps.js'
import { readUnread } from '../unread-writes.js'
import { hitRatioOf, tokensOf } from '../wire/traffic-wire.js'
import { filterOf } from './spend-routes.js'

const cacheRead = specify({
  id: 'cache.read',
  method: 'get',
  path: '/runguard/api/cache',
  summary: 'What the prompt cache did, and why it failed where it did',
  query: cacheQuery,
  answer: cacheSchema,
})

const routesRead = specify({
  id: 'routes.read',
  method: 'get',
  path: '/runguard/api/routes',
  summary: 'Which models answered in place of which',
  query: routesQuery,
  answer: routesSchema,
})

const DAY = 86_400_000
const HOURLY_UP_TO = 31 * DAY
const MOST_MODELS = 50

/** The operations on what the prompt cache and routes did. */
export function cacheRoutes(parts: ControlParts): ReadyOperation[] {
  return [
    operation(cacheRead, async ({ query }) => {
      const { until = parts.runtime.now() } = query
      return await readCache(parts, { ...lastDay(query.since, until), filter: filterOf(query) })
    }),
    operation(routesRead, async ({ query }) => {
      const { until = parts.runtime.now() } = query
      return await readRoutes(parts, lastDay(query.since, until))
    }),
  ]
}

/** Time begins with the epoch. */
function lastDay(since: number | undefined, until: number): { readonly since: number; readonly until: number } {
  return { since: since ?? Math.max(0, until - DAY), until }
}

type Asked = Parameters<ControlParts['store']['listFacts']>[0]

async function readCache({ store, summing, book }: ControlParts, asked: Omit<Asked, 'limit'>): Promise<ApiCache> {
  const { since, until } = asked
  const isBehind = !(await summing.catchUp())
  const steps = cutPeriod(until - since > HOURLY_UP_TO ? 'day' : 'hour', since, until, 'UTC')
  const { groups, total } = await store.trafficSums({ ...asked, groupBy: 'model', top: MOST_MODELS })
  const series = steps.starts.map(() => ({ promptTokens: 0, readTokens: 0, savedNano: 0 }))
  for (const stretch of steps.stretches) {
    const points = await store.trafficSeries({ ...asked, ...stretch, groupBy: 'total', groups: [] })
    for (const point of points) {
      const step = series[Math.max(0, stepIndex(steps.starts, point.at))]
      if (step === undefined) continue
      step.promptTokens += point.promptTokens
      step.readTokens += point.readTokens
      step.savedNano += point.cacheSavedNano
    }
  }
  return {
    since: steps.since,
    until,
    isBehind,
    ...cacheSums(total),
    steps: [...steps.starts],
    promptTokens: series.map(({ promptTokens }) => promptTokens),
    readTokens: series.map(({ readTokens }) => readTokens),
    savedNanoByStep: series.map(({ savedNano }) => savedNano),
    models: groups.map(({ group, ...numbers }) => ({ model: group, ...cacheSums(numbers) })),
    misses: await readMisses(store, asked),
    unread: await readUnread({ store, book, ...asked }),
  }
}

function cacheSums(numbers: TrafficNumbers) {
  return {
    calls: numbers.exactCalls,
    watchedCalls: numbers.watchedCalls,
    tokens: tokensOf(numbers),
    hitRatio: promptOf(numbers) === 0 ? null : hitRatioOf(numbers),
    savedNano: numbers.cacheSavedNano,
    addedNano: numbers.cacheAddedNano,
  }
}

/** Of all calls of the period: causes are not kept by name. */
async function readMisses(
  store: ControlParts['store'],
  period: Pick<Asked, 'since' | 'until'>,
): Promise<ApiCache['misses']> {
  const misses: ApiCache['misses'] = []
  for (const { names, calls, nano, tokens } of await store.trafficCounts('miss', period)) {
    const [kind = ''] = names
    const worstCall = (await store.worstMiss(kind, period)) ?? ''
    misses.push({ kind, calls, lostTokens: Math.max(0, Math.round(tokens)), lostNano: Math.round(nano), worstCall })
  }
  return misses.sort((a, b) => b.lostNano - a.lostNano || b.calls - a.calls)
}

async function readRoutes(
  { store, summing, routing, engine }: ControlParts,
  period: Pick<Asked, 'since' | 'until'>,
): Promise<ApiRoutes> {
  await summing.catchUp()
  const routes = await store.trafficCounts('route', period)
  const degraded = await store.trafficCounts('degrade', period)
  const learned = await engine.learned()
  return {
    ...period,
    mode: routing.mode,
    tiers: routing.tiers.map((tier) => ({ ...tier })),
    routes: routes.map(({ names: [asked = '', model = '', reason = '', applied = ''], calls, nano }) => {
      return { asked, model, reason, isApplied: applied === 'applied', calls, savedNano: Math.round(nano) }
    }),
    degraded: degraded.map(({ names: [budget = '', kind = ''], calls }) => ({ budget, kind, calls })),
    learned: learned.map(({ task, tier, mean, low, high, evidence }) => ({ task, tier, mean, low, high, evidence })),
  }
}
