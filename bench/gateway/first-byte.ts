/** Is a stream delayed? A paced upstream, watched directly and through RunGuard. */

import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { conversationBody } from './bodies.js'
import { runLoad } from './native.js'
import { startModule } from './processes.js'
import { type Generator, writeRequest } from './rounds.js'
import { quantile } from './statistics.js'
import { urlOf } from './targets.js'

const DELTAS = 10
const STREAMS_AT_ONCE = 16
/** Streams start apart, as callers do; a burst would measure the queue. */
const START_APART_MS = 13

/** Added time in milliseconds: the quantile through RunGuard less the one without. */
export interface FirstByte {
  readonly streams: number
  /** From sending the request to the first byte of the body. */
  readonly firstByteMs: { readonly p50: number; readonly p99: number }
  /** From writing an event at the upstream to reading it at the caller. */
  readonly eventMs: { readonly p50: number; readonly p99: number }
}

interface Times {
  readonly firstBytes: number[]
  readonly events: number[]
}

/** @param batches groups of streams on each side */
export async function measureFirstByte(generator: Generator, batches: number): Promise<FirstByte> {
  const upstream = await startModule('paced', [String(DELTAS)])
  const gateway = await startModule('runguard', [urlOf(upstream.port), join(generator.folder, 'paced.db')])
  const body = conversationBody(2_000, 'sse')
  const direct: Times = { firstBytes: [], events: [] }
  const guarded: Times = { firstBytes: [], events: [] }
  await warmUp(gateway.port, generator)
  await watchBatch(upstream.port, body, { firstBytes: [], events: [] })
  for (let batch = 0; batch < batches; batch++) {
    await watchBatch(upstream.port, body, direct)
    await watchBatch(gateway.port, body, guarded)
  }
  upstream.child.disconnect()
  gateway.child.disconnect()
  return {
    streams: guarded.firstBytes.length,
    firstByteMs: addedMs(guarded.firstBytes, direct.firstBytes),
    eventMs: addedMs(guarded.events, direct.events),
  }
}

/** Code that has just been loaded is slow; here it is measured as it runs later. */
async function warmUp(port: number, { program, folder }: Generator): Promise<void> {
  const requestFile = writeRequest(folder, 2, 'sse')
  await runLoad(program, port, { requestFile, connections: 128, milliseconds: 2_000, maxRequests: 2_000 })
}

function addedMs(guarded: readonly number[], direct: readonly number[]): { p50: number; p99: number } {
  const added = (share: number): number => quantile(guarded, share) - quantile(direct, share)
  return { p50: added(0.5), p99: added(0.99) }
}

const agent = new Agent({ keepAlive: true, maxSockets: STREAMS_AT_ONCE })

async function watchBatch(port: number, body: Buffer, times: Times): Promise<void> {
  const streams = Array.from({ length: STREAMS_AT_ONCE }, async (_, index) => {
    await sleep(index * START_APART_MS)
    await watchStream(port, body, times)
  })
  await Promise.all(streams)
}

const NS_PER_MS = 1_000_000

function watchStream(port: number, body: Buffer, times: Times): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-api-key': 'sk-ant-test-bench',
  }
  const options = { port, host: '127.0.0.1', path: '/v1/messages', method: 'POST', agent, headers }
  return new Promise((resolve, reject) => {
    const startedAt = process.hrtime.bigint()
    let isFirst = true
    const call = request(options, (response) => {
      response.on('data', (chunk: Buffer) => {
        const at = process.hrtime.bigint()
        if (isFirst) times.firstBytes.push(Number(at - startedAt) / NS_PER_MS)
        isFirst = false
        for (const [, sentAt] of chunk.toString().matchAll(/at:(\d+);/g)) {
          times.events.push(Number(at - BigInt(sentAt ?? 0)) / NS_PER_MS)
        }
      })
      response.on('end', resolve).on('error', reject)
    })
    call.on('error', reject).end(body)
  })
}
