/** Sums over calls in a database: what is added up, what is asked. */

import { readCall } from './calls-sql.js'
import type { RunStatement } from './sessions-sql.js'
import type { Dialect, Transact } from './sql.js'
import { sumUpCalls } from './traffic-adding-sql.js'
import { clip } from './traffic-facts.js'
import {
  readAgentSum,
  readCacheUse,
  readFacts,
  readSessionSum,
  selectAgentSums,
  selectCacheUse,
  selectCalls,
  selectFacts,
  selectSessionSums,
} from './traffic-lists-sql.js'
import { compareAgents, compareCounts } from './traffic-rollup.js'
import type { TrafficStore } from './traffic-store.js'
import { readCount, selectCounts, seriesSteps, sumSteps } from './traffic-sums-sql.js'

/** Runs statements that change something, and statements that are to see one moment. */
export interface TrafficTransactions {
  readonly transact: Transact
  readonly snapshot: Transact
}

/** Sums over a database. */
export function sqlTraffic(
  dialect: Dialect,
  fetchRows: RunStatement,
  { transact, snapshot }: TrafficTransactions,
): TrafficStore {
  return {
    sumUp: (limit) => transact(() => sumUpCalls(dialect, limit)),
    trafficSums: (query) => snapshot(() => sumSteps(dialect, query)),
    trafficSeries: (query) => snapshot(() => seriesSteps(dialect, query)),
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
    async listFacts(query) {
      return (await fetchRows(selectFacts(query))).map(readFacts)
    },
    async listCacheUse(query) {
      return (await fetchRows(selectCacheUse(query))).map(readCacheUse)
    },
    async listSessionSums(query) {
      return (await fetchRows(selectSessionSums(query))).map(readSessionSum)
    },
    async findSessionSum(session) {
      const text = `SELECT * FROM traffic_sessions WHERE session = ?`
      return (await fetchRows({ text, values: [clip(session)] })).map(readSessionSum)[0] ?? null
    },
    async listAgentSums(session) {
      return (await fetchRows(selectAgentSums(session))).map(readAgentSum).sort(compareAgents)
    },
  }
}
