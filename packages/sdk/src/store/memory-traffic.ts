/** Sums over calls, in memory: added up whenever somebody asks. */

import type { CallRecord } from '../core/cost/record.js'
import { compareText } from './summary.js'
import { BUCKET_MS, clip, type TrafficFacts, trafficFacts, widened } from './traffic-facts.js'
import { isAskedFor, sumAgents, sumCounts, sumFacts, sumSeries, sumSessions } from './traffic-rollup.js'
import type {
  CacheUseFacts,
  CallQuery,
  ListPlace,
  SessionQuery,
  TrafficFilter,
  TrafficPeriod,
  TrafficStore,
} from './traffic-store.js'

/** Over records that somebody else keeps, by their ids. */
export function memoryTraffic(records: ReadonlyMap<string, CallRecord>): TrafficStore {
  const within = (period: TrafficPeriod): CallRecord[] =>
    [...records.values()].filter((call) => isWithin(call.startedAt, period))
  const facts = (period: TrafficPeriod, filter: TrafficFilter) =>
    within(period)
      .map(trafficFacts)
      .filter((call) => isAskedFor(call, filter))
  return {
    async sumUp() {
      return 0
    },
    async trafficSums(query) {
      return sumFacts(facts(query.isExact === true ? query : widened(query), query.filter), query)
    },
    async trafficSeries(query) {
      return sumSeries(facts(query.stepMs < BUCKET_MS ? query : widened(query), query.filter), query)
    },
    async trafficCounts(kind, period) {
      return sumCounts(within(widened(period)), kind)
    },
    async worstMiss(kind, period) {
      const missed = within(period).filter(({ cache }) => cache?.miss?.cause.kind === kind)
      const lostBy = ({ cache }: CallRecord): number => cache?.miss?.lostNano ?? 0
      return missed.sort((a, b) => lostBy(b) - lostBy(a) || a.startedAt - b.startedAt)[0]?.id ?? null
    },
    async listCalls(query) {
      return pageCalls(within(query), query)
    },
    async listFacts({ filter, limit, ...period }) {
      return facts(period, filter)
        .sort((a, b) => a.startedAt - b.startedAt || compareText(a.id, b.id))
        .slice(0, limit)
    },
    async listCacheUse({ filter, limit, ...period }) {
      return newestUse(facts(period, filter), limit)
    },
    ...memorySessionSums(() => [...records.values()].map(trafficFacts)),
  }
}

function newestUse(calls: readonly TrafficFacts[], limit: number): CacheUseFacts[] {
  return calls
    .filter(({ numbers }) => numbers.exactCalls === 1)
    .sort((a, b) => b.startedAt - a.startedAt || compareText(b.id, a.id))
    .slice(0, limit)
    .map(({ startedAt, agent, names: { session, model }, numbers: { read, write5m, write1h } }) => {
      return { startedAt, session, agent, model, read, write5m, write1h }
    })
}

function memorySessionSums(
  allFacts: () => TrafficFacts[],
): Pick<TrafficStore, 'listSessionSums' | 'findSessionSum' | 'listAgentSums'> {
  const sessions = () => sumSessions(allFacts())
  return {
    async listSessionSums(query) {
      return sessions()
        .filter((row) => isWithin(row.lastAt, query) && isOfFilter(row, query.filter))
        .sort((a, b) => b.lastAt - a.lastAt || compareText(b.session, a.session))
        .filter(({ lastAt, session }) => isBehind({ at: lastAt, id: session }, query.after, 'newest'))
        .slice(0, query.limit)
    },
    async findSessionSum(session) {
      return sessions().find((row) => row.session === clip(session)) ?? null
    },
    async listAgentSums(session) {
      return sumAgents(allFacts().filter(({ names }) => names.session === clip(session)))
    },
  }
}

function isWithin(atMs: number, { since, until }: TrafficPeriod): boolean {
  return since <= atMs && atMs < until
}

function isOfFilter(
  row: { readonly user: string; readonly project: string; readonly team: string },
  filter: SessionQuery['filter'],
): boolean {
  return (['user', 'project', 'team'] as const).every((name) => {
    const wanted = filter[name]
    return wanted === undefined || row[name] === clip(wanted)
  })
}

function pageCalls(
  records: readonly CallRecord[],
  { filter, ending, refusal, isLooping, order, after, limit }: CallQuery,
): readonly CallRecord[] {
  const sign = order === 'newest' ? -1 : 1
  return records
    .filter((call) => {
      const facts = trafficFacts(call)
      if (ending !== undefined && facts.ending !== ending) return false
      if (refusal !== undefined && (facts.refusal === '' || facts.refusal !== clip(refusal))) return false
      return (isLooping !== true || facts.isLooping) && isAskedFor(facts, filter)
    })
    .filter(({ startedAt, id }) => isBehind({ at: startedAt, id }, after, order))
    .sort((a, b) => sign * (a.startedAt - b.startedAt || compareText(a.id, b.id)))
    .slice(0, limit)
}

function isBehind(place: ListPlace, after: ListPlace | null, order: CallQuery['order']): boolean {
  if (after === null) return true
  const difference = place.at - after.at || compareText(place.id, after.id)
  return order === 'newest' ? difference < 0 : difference > 0
}
