/** What calls add to the tables of sums: rows, in the order in which the tables have their columns. */

import { createHash } from 'node:crypto'
import type { SqlValue } from './sql.js'
import { compareText } from './summary.js'
import {
  bucketOf,
  type CallCount,
  type TrafficFacts,
  type TrafficNumbers,
  trafficDimensions,
  trafficNumbers,
} from './traffic-facts.js'
import { sumSessions } from './traffic-rollup.js'
import type { TrafficCount } from './traffic-store.js'
import { DAY_MS } from './traffic-tables.js'

/** A call that is to be added up. */
export interface NotedCall {
  readonly facts: TrafficFacts
  readonly counts: readonly CallCount[]
}

/** Everything that is added up of a call. */
export function numberValues(numbers: TrafficNumbers): number[] {
  return trafficNumbers.map((name) => numbers[name])
}

/** Names may be longer than an index takes, all of them together. */
function rowId(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 32)
}

/** Rows that are added up by their keys. Sorted by id, so that no two processes lock crosswise. */
class SumRows {
  readonly #rows = new Map<string, { readonly key: readonly (string | number)[]; readonly sums: number[] }>()

  /** @param numbers as {@link numberValues} gives them */
  add(key: readonly (string | number)[], numbers: readonly number[]): void {
    const text = JSON.stringify(key)
    const row = this.#rows.get(text)
    if (row === undefined) this.#rows.set(text, { key, sums: [...numbers] })
    else for (const [index, number] of numbers.entries()) row.sums[index] = (row.sums[index] ?? 0) + number
  }

  list(): SqlValue[][] {
    return sortRows([...this.#rows].map(([text, { key, sums }]) => [rowId(text), ...key, ...sums]))
  }
}

/** A call without tags is one row; else one for itself, and one under each tag. */
export function sumRows(calls: readonly TrafficFacts[]): SqlValue[][] {
  const rows = new SumRows()
  for (const { startedAt, names, tags, ...facts } of calls) {
    const numbers = numberValues(facts.numbers)
    const all = trafficDimensions.map((dimension) => names[dimension])
    rows.add([bucketOf(startedAt), tags.length === 0 ? 2 : 0, ...all, ''], numbers)
    for (const tag of tags) rows.add([bucketOf(startedAt), 1, ...all, tag], numbers)
  }
  return rows.list()
}

/** A call under each of its names, in its half hour and in its day. */
export function nameRows(calls: readonly TrafficFacts[]): SqlValue[][] {
  const rows = new SumRows()
  for (const { startedAt, names, tags, ...facts } of calls) {
    const numbers = numberValues(facts.numbers)
    const under: (readonly [string, string])[] = [
      ['total', ''],
      ...trafficDimensions.map((dimension) => [dimension, names[dimension]] as const),
      ...(tags.length === 0 ? [''] : tags).map((tag) => ['tag', tag] as const),
    ]
    for (const [dimension, name] of under) {
      rows.add([dimension, 'half-hour', name, bucketOf(startedAt)], numbers)
      rows.add([dimension, 'day', name, Math.floor(startedAt / DAY_MS) * DAY_MS], numbers)
    }
  }
  return rows.list()
}

type MutableCount = { -readonly [K in 'calls' | 'nano' | 'tokens']: TrafficCount[K] }

/** How often what was noted of calls happened in each half hour. */
export function countRows(calls: readonly NotedCall[]): SqlValue[][] {
  const rows = new Map<string, { readonly key: (string | number)[] } & MutableCount>()
  for (const { facts, counts } of calls) {
    for (const { kind, names, nano, tokens } of counts) {
      const key = [bucketOf(facts.startedAt), kind, JSON.stringify(names)]
      const id = rowId(JSON.stringify(key))
      const row = rows.get(id) ?? { key, calls: 0, nano: 0, tokens: 0 }
      row.calls += 1
      row.nano += nano
      row.tokens += tokens
      rows.set(id, row)
    }
  }
  return sortRows([...rows].map(([id, { key, calls, nano, tokens }]) => [id, ...key, calls, nano, tokens]))
}

/** A row for each session. @param newAgents how many agents it has of which nobody knew */
export function sessionRows(facts: readonly TrafficFacts[], newAgents: ReadonlyMap<string, number>): SqlValue[][] {
  return sortRows(
    sumSessions(facts).map((row) => [
      row.session,
      row.firstAt,
      row.lastAt,
      row.calls,
      row.estimatedCalls,
      newAgents.get(row.session) ?? 0,
      row.costNano,
      row.savedNano,
      row.promptTokens,
      row.readTokens,
      row.user,
      row.project,
      row.team,
    ]),
  )
}

function sortRows(rows: SqlValue[][]): SqlValue[][] {
  return rows.sort(([a], [b]) => compareText(String(a), String(b)))
}
