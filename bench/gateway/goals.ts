/** The targets that the product has set itself, and what a run reached. */

import type { FirstByte } from './first-byte.js'
import type { Memory } from './memory.js'
import type { Row } from './rounds.js'

/** Everything that one run measured. */
export interface Results {
  readonly rows: readonly Row[]
  readonly firstByte: FirstByte
  readonly memory: Memory
}

/** A target and its value; `value` is null where it could not be measured. */
export interface Goal {
  readonly name: string
  readonly value: number | null
  readonly unit: 'x' | 'ms' | 'B/stream'
  readonly bound: 'at-most' | 'at-least'
  readonly target: number
  /** Better than asked for. Null where there is no such thing. */
  readonly beyond: number | null
}

/** Flat is what neither grows by a record per call nor by a leaked buffer: a record has about 2 kB. */
const FLAT_HEAP_BYTES_PER_STREAM = 100
const FLAT_RSS_BYTES_PER_STREAM = 1_000

/** All targets. JSON and SSE count each for itself. */
export function judge({ rows, firstByte, memory }: Results): Goal[] {
  return [
    ...(['json', 'sse'] as const).flatMap((answer) => judgeAnswer(rows, answer)),
    atMost('first byte of a paced stream, added p50', firstByte.runguard.firstByteMs.p50, 'ms', 1, 0.5),
    atMost('first byte of a paced stream, added p99', firstByte.runguard.firstByteMs.p99, 'ms', 5, 2),
    atMost('each event of a paced stream, added p50', firstByte.runguard.eventMs.p50, 'ms', 1, 0.5),
    atMost('each event of a paced stream, added p99', firstByte.runguard.eventMs.p99, 'ms', 5, 2),
    atMost(
      'heap growth from 10,000 to 20,000 streams',
      memory.heapBytesPerStream,
      'B/stream',
      FLAT_HEAP_BYTES_PER_STREAM,
      null,
    ),
    atMost(
      'RSS growth from 10,000 to 20,000 streams',
      memory.rssBytesPerStream,
      'B/stream',
      FLAT_RSS_BYTES_PER_STREAM,
      null,
    ),
  ]
}

function judgeAnswer(rows: readonly Row[], answer: Row['answer']): Goal[] {
  const name = answer.toUpperCase()
  const find = (kilobytes: number, connections: number): Row | undefined =>
    rows.find(
      (row) =>
        row.target === 'RunGuard' &&
        row.answer === answer &&
        row.kilobytes === kilobytes &&
        row.connections === connections,
    )
  const ratio = (kilobytes: number): number | null => find(kilobytes, 16)?.ratioToNginx ?? null
  const added = (kilobytes: number): number | null => {
    const row = find(kilobytes, 1)
    return row === undefined ? null : row.addedUs / 1_000
  }
  return [
    atMost(`2 kB ${name}: CPU against keep`, find(2, 16)?.cpuRatioToKeep ?? null, 'x', 2, 1.5),
    atLeast(`2 kB ${name}: throughput against nginx`, ratio(2), 0.2, 0.35),
    atLeast(`20 kB ${name}: throughput against nginx`, ratio(20), 0.15, 0.35),
    atLeast(`200 kB ${name}: throughput against nginx`, ratio(200), 0.12, 0.4),
    atMost(`2 kB ${name}: added latency, 1 connection, p50`, added(2), 'ms', 0.3, 0.2),
    atMost(`200 kB ${name}: added latency, 1 connection, p50`, added(200), 'ms', 1.5, 0.5),
  ]
}

function atMost(name: string, value: number | null, unit: Goal['unit'], target: number, beyond: number | null): Goal {
  return { name, value, unit, bound: 'at-most', target, beyond }
}

function atLeast(name: string, value: number | null, target: number, beyond: number): Goal {
  return { name, value, unit: 'x', bound: 'at-least', target, beyond }
}

/** In one word. */
export function verdictOf({ value, bound, target, beyond }: Goal): 'beyond' | 'met' | 'missed' | 'not measured' {
  if (value === null || Number.isNaN(value)) return 'not measured'
  const reaches = (mark: number): boolean => (bound === 'at-most' ? value <= mark : value >= mark)
  if (beyond !== null && reaches(beyond)) return 'beyond'
  return reaches(target) ? 'met' : 'missed'
}
