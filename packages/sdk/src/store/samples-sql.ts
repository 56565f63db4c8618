/** The SQL of what breakers count. */

import { nanoUsd } from '../core/cost/money.js'
import type { KeptSample, SampleQuery, SessionStore } from './session-store.js'
import { type Columns, type Dialect, encodeRows, insertText, type SqlRow, type Statement } from './sql.js'
import { cleanText, compareText } from './summary.js'

type Samples = Pick<SessionStore, 'putSamples' | 'readSamples' | 'forgetSamples'>
type Run = (statement: Statement) => Promise<readonly SqlRow[]>

/** Samples over a database; every statement is its own transaction. */
export function sqlSamples(dialect: Dialect, fetchRows: Run, change: Run): Samples {
  return {
    async putSamples(owner, samples) {
      if (samples.length > 0) await change(writeSamples(dialect, owner, samples))
    },
    async readSamples(query) {
      const rows = query.keys.length === 0 ? [] : await fetchRows(selectSamples(dialect, query))
      // What is asked for may be written otherwise than it is kept.
      const names = new Map(query.keys.map((key) => [cleanText(key), key]))
      return rows
        .map((row) => readSample(row, names))
        .sort((a, b) => compareText(a.key, b.key) || a.sample.at - b.sample.at)
    },
    async forgetSamples(before) {
      await change({ text: 'DELETE FROM breaker_samples WHERE at < ?', values: [before] })
    },
  }
}

const COLUMNS: Columns = {
  breaker: 'TEXT',
  owner: 'TEXT',
  at: 'BIGINT',
  cost_nano: 'BIGINT',
  calls: 'BIGINT',
  errors: 'BIGINT',
  loop_stops: 'BIGINT',
}
const REPLACE = `ON CONFLICT (breaker, at, owner) DO UPDATE SET cost_nano = excluded.cost_nano, calls = excluded.calls,
  errors = excluded.errors, loop_stops = excluded.loop_stops`

function writeSamples(dialect: Dialect, owner: string, samples: readonly KeptSample[]): Statement {
  // A statement must not meet a row twice.
  const rows = new Map(
    samples.map(({ key, sample: { at, cost, calls, errors, loopStops } }) => {
      const breaker = cleanText(key)
      return [JSON.stringify([breaker, at]), [breaker, cleanText(owner), at, cost, calls, errors, loopStops]] as const
    }),
  )
  return { text: insertText(dialect, 'breaker_samples', COLUMNS, REPLACE), values: [encodeRows([...rows.values()])] }
}

function selectSamples(dialect: Dialect, { keys, since, exceptOwner }: SampleQuery): Statement {
  const text = `SELECT breaker, at, SUM(cost_nano) AS cost_nano, SUM(calls) AS calls, SUM(errors) AS errors,
      SUM(loop_stops) AS loop_stops
    FROM breaker_samples WHERE ${dialect.isOneOf('breaker')} AND at > ? AND owner <> ? GROUP BY breaker, at`
  return { text, values: [encodeRows(keys.map((key) => [cleanText(key)])), since, cleanText(exceptOwner)] }
}

function readSample(row: SqlRow, names: ReadonlyMap<string, string>): KeptSample {
  const kept = String(row.breaker)
  return {
    key: names.get(kept) ?? kept,
    sample: {
      at: Number(row.at),
      cost: nanoUsd(Number(row.cost_nano)),
      calls: Number(row.calls),
      errors: Number(row.errors),
      loopStops: Number(row.loop_stops),
    },
  }
}
