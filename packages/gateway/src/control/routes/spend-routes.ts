/** Spending over time. */

import type { TrafficFilter, TrafficPoint } from '@runguard/sdk/store'
import type { z } from 'zod'
import { type ApiSpend, spendQuery, spendSchema } from '../../api/spend.js'
import type { ControlParts } from '../control-parts.js'
import { operation, type ReadyOperation, specify } from '../operation.js'
import { cutPeriod, type Steps, stepIndex } from '../spend-steps.js'
import { sumWire } from '../wire/traffic-wire.js'

const spendRead = specify({
  id: 'spend.read',
  method: 'get',
  path: '/runguard/api/spend',
  summary: 'What calls cost over time, told apart by one of their names',
  query: spendQuery,
  answer: spendSchema,
})

const DAY_MS = 86_400_000
const USUAL_TOP = 10

/** The filter in a query. */
export function filterOf(query: { readonly [Name in keyof TrafficFilter]?: string | undefined }): TrafficFilter {
  const { model, team, key, user, session, project, task, tag } = query
  const given = Object.entries({ model, team, key, user, session, project, task, tag })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as TrafficFilter
}

/** The operations on spending. */
export function spendRoutes(parts: ControlParts): ReadyOperation[] {
  return [operation(spendRead, async ({ query }) => await readSpend(parts, query))]
}

async function readSpend(
  { store, summing, runtime }: ControlParts,
  query: z.output<typeof spendQuery>,
): Promise<ApiSpend> {
  const isBehind = !(await summing.catchUp())
  const { groupBy = 'model', step = 'hour', timeZone = 'UTC', top = USUAL_TOP, until = runtime.now() } = query
  const steps = cutPeriod(step, query.since ?? until - DAY_MS, until, timeZone)
  const asked = { since: steps.since, until, groupBy, filter: filterOf(query) }
  const { groups, rest, total } = await store.trafficSums({ ...asked, top, isExact: step === 'minute' })
  const names = groups.map(({ group }) => group)
  const points = await readPoints(store, steps, { ...asked, groups: names })
  const isOnce = groupBy !== 'tag'
  const all = isOnce ? points : await readPoints(store, steps, { ...asked, groupBy: 'total', groups: [] })
  return {
    groupBy,
    step,
    timeZone,
    since: steps.since,
    until,
    isBehind,
    steps: [...steps.starts],
    groups: groups.map((sum) => ({ group: sum.group, ...sumWire(sum), series: seriesOf(steps, points, sum.group) })),
    rest: rest === null ? null : { ...sumWire(rest), groups: rest.groups, series: seriesOf(steps, points, null) },
    total: { ...sumWire(total), series: seriesOf(steps, all) },
  }
}

type SeriesAsked = Omit<Parameters<ControlParts['store']['trafficSeries']>[0], 'stepMs' | 'offsetMs'>

async function readPoints(store: ControlParts['store'], steps: Steps, asked: SeriesAsked): Promise<TrafficPoint[]> {
  const stretches = steps.stretches.map((stretch) => store.trafficSeries({ ...asked, ...stretch }))
  return (await Promise.all(stretches)).flat()
}

/** @param group absent: all of them */
function seriesOf({ starts }: Steps, points: readonly TrafficPoint[], group?: string | null): number[] {
  const series = starts.map(() => 0)
  for (const point of points) {
    const index = Math.max(0, stepIndex(starts, point.at))
    if (group === undefined || point.group === group) series[index] = (series[index] ?? 0) + point.costNano
  }
  return series
}
