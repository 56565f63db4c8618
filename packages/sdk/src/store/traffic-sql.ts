/** Sums over calls in a database: what is added up, what is asked. */

import { readCall } from './calls-sql.js'
import type { RunStatement } from './sessions-sql.js'
import type { Dialect, Transact } from './sql.js'
import { BUCKET_MS, clip } from './traffic-facts.js'
import { readFacts, readSessionSum, selectCalls, selectFacts, selectSessionSums } from './traffic-lists-sql.js'
import { compareAgents, compareCounts, sumAgents, sumFacts, sumSeries } from './traffic-rollup.js'
import type { TrafficStore } from './traffic-store.js'
import { sumUpCalls } from './traffic-sum-sql.js'
import { fetchSeries, fetchSums, readCount, selectCounts } from './traffic-sums-sql.js'

/** Of a period read call by call no more than so many are taken. */
const MAX_FACTS = 200_000

/** Sums over a database. */
export function sqlTraffic(dialect: Dialect, fetchRows: RunStatement, transact: Transact): TrafficStore {
  const listFacts: TrafficStore['listFacts'] = async (query) => (await fetchRows(selectFacts(query))).map(readFacts)
  return {
    sumUp: (limit) => transact(() => sumUpCalls(dialect, limit)),
    async trafficSums(query) {
      if (query.isExact === true) return sumFacts(await listFacts({ ...query, limit: MAX_FACTS }), query)
      return await fetchSums(dialect, fetchRows, query)
    },
    async trafficSeries(query) {
      if (query.stepMs < BUCKET_MS) return sumSeries(await listFacts({ ...query, limit: MAX_FACTS }), query)
      return await fetchSeries(dialect, fetchRows, query)
    },
    async trafficCounts(kind, period) {
      return (await fetchRows(selectCounts(kind, period))).map((row) => readCount(kind, row)).sort(compareCounts)
    },
    async worstMiss(kind, { since, until }) {
      const text = `SELECT id FROM traffic_calls WHERE miss_kind = ? AND miss_kind <> '' AND started_at >= ?
        AND started_at < ? ORDER BY miss_lost_nano DESC, started_at LIMIT 1`
      const [row] = await fetchRows({ text, values: [clip(kind), since, until] })
      return row === undefined ? null : String(row.id)
    },
    async listCalls(query) {
      return (await fetchRows(selectCalls(query))).map(readCall)
    },
    listFacts,
    async listSessionSums(query) {
      return (await fetchRows(selectSessionSums(query))).map(readSessionSum)
    },
    async findSessionSum(session) {
      const text = `SELECT * FROM traffic_sessions WHERE session = ?`
      return (await fetchRows({ text, values: [clip(session)] })).map(readSessionSum)[0] ?? null
    },
    async listAgentSums(session) {
      const filter = { session }
      const facts = await listFacts({ since: 0, until: Number.MAX_SAFE_INTEGER, filter, limit: MAX_FACTS })
      return sumAgents(facts).sort(compareAgents)
    },
  }
}
