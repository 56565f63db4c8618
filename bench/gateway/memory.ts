/** Does memory stay flat? Twenty thousand streams through one gateway, weighed on the way. */

import { join } from 'node:path'
import type { ReportRow } from '@runguard/sdk/store'
import { checkLedger } from './ledger-check.js'
import { runLoad } from './native.js'
import { ask, startModule } from './processes.js'
import { type Generator, writeRequest } from './rounds.js'
import { urlOf } from './targets.js'

const STREAMS = 20_000
/** Until here the allocator still grows to the size that the load needs; a leak would go on. */
const SETTLED_STREAMS = 10_000
const STREAMS_PER_STEP = 2_000
const CONNECTIONS = 16
const NO_DEADLINE_MS = 600_000

/** What a process held after so many streams, after a collection, in bytes. */
export interface Weight {
  readonly streams: number
  readonly rss: number
  readonly heapUsed: number
}

/** The weights, and the slopes of the lines through those from 10,000 streams on, in bytes per stream. */
export interface Memory {
  readonly weights: readonly Weight[]
  readonly heapBytesPerStream: number
  readonly rssBytesPerStream: number
}

/** @param upstreamPort an upstream that answers with a burst of events */
export async function measureMemory(upstreamPort: number, generator: Generator): Promise<Memory> {
  const file = join(generator.folder, 'memory.db')
  const { child, port } = await startModule('runguard', [urlOf(upstreamPort), file], ['--expose-gc'])
  const requestFile = writeRequest(generator.folder, 2, 'sse')
  const load = { requestFile, connections: CONNECTIONS, milliseconds: NO_DEADLINE_MS, maxRequests: STREAMS_PER_STEP }
  const weights: Weight[] = []
  for (let streams = STREAMS_PER_STEP; streams <= STREAMS; streams += STREAMS_PER_STEP) {
    await runLoad(generator.program, port, load)
    checkLedger((await ask(child, { ask: 'ledger', since: 0 })) as ReportRow | null, streams)
    weights.push({ streams, ...((await ask(child, { ask: 'memory' })) as { rss: number; heapUsed: number }) })
  }
  child.disconnect()
  const settled = weights.filter(({ streams }) => streams >= SETTLED_STREAMS)
  return {
    weights,
    heapBytesPerStream: slope(settled, ({ heapUsed }) => heapUsed),
    rssBytesPerStream: slope(settled, ({ rss }) => rss),
  }
}

/** Least squares. */
function slope(weights: readonly Weight[], read: (weight: Weight) => number): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanStreams = mean(weights.map(({ streams }) => streams))
  const meanBytes = mean(weights.map(read))
  let covariance = 0
  let variance = 0
  for (const weight of weights) {
    covariance += (weight.streams - meanStreams) * (read(weight) - meanBytes)
    variance += (weight.streams - meanStreams) ** 2
  }
  return covariance / variance
}
