/** Is a stream delayed? A paced upstream, watched directly and through the proxies. */

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

/** Added time in milliseconds: a quantile of the times through a proxy less that of the direct times. */
export interface AddedTime {
  /** From sending the request to the first byte of the body. */
  readonly firstByteMs: { readonly p50: number; readonly p99: number }
  /** From writing an event at the upstream to reading it at the caller. */
  readonly eventMs: { readonly p50: number; readonly p99: number }
}

/** What streams through RunGuard wait longer; and through `keep`, which does the least that can be done on Node. */
export interface FirstByte {
  /** On each side. */
  readonly streams: number
  readonly runguard: AddedTime
  readonly keep: AddedTime
}

interface Side {
  readonly port: number
  /** In milliseconds, one for each stream. */
  readonly firstBytes: number[]
  /** In milliseconds, one for each delta. */
  readonly events: number[]
}

/** @param batches groups of streams on each side */
export async function measureFirstByte(generator: Generator, batches: number): Promise<FirstByte> {
  const upstream = await startModule('paced', [String(DELTAS)])
  const keep = await startModule('keep', [urlOf(upstream.port)])
  const runguard = await startModule('runguard', [urlOf(upstream.port), join(generator.folder, 'paced.db')])
  const [direct, viaKeep, viaRunGuard] = [newSide(upstream.port), newSide(keep.port), newSide(runguard.port)]
  const sides = [direct, viaKeep, viaRunGuard]
  const body = conversationBody(2_000, 'sse')
  for (const { port } of sides) {
    await warmUp(port, generator)
    await watchBatch(newSide(port), body)
  }
  for (let batch = 0; batch < batches; batch++) {
    for (const side of sides) await watchBatch(side, body)
  }
  for (const { child } of [upstream, keep, runguard]) child.disconnect()
  return {
    streams: direct.firstBytes.length,
    runguard: addedTime(viaRunGuard, direct),
    keep: addedTime(viaKeep, direct),
  }
}

function newSide(port: number): Side {
  return { port, firstBytes: [], events: [] }
}

function addedTime(side: Side, direct: Side): AddedTime {
  return { firstByteMs: addedMs(side.firstBytes, direct.firstBytes), eventMs: addedMs(side.events, direct.events) }
}

/** Code that has just been loaded is slow; here it is measured as it runs later. */
async function warmUp(port: number, { program, folder }: Generator): Promise<void> {
  const requestFile = writeRequest(folder, 2, 'sse')
  await runLoad(program, port, { requestFile, connections: 128, milliseconds: 1_000, maxRequests: 2_000 })
}

function addedMs(proxied: readonly number[], direct: readonly number[]): { p50: number; p99: number } {
  const added = (share: number): number => quantile(proxied, share) - quantile(direct, share)
  return { p50: added(0.5), p99: added(0.99) }
}

const agent = new Agent({ keepAlive: true, maxSockets: STREAMS_AT_ONCE })

async function watchBatch(side: Side, body: Buffer): Promise<void> {
  const streams = Array.from({ length: STREAMS_AT_ONCE }, async (_, index) => {
    await sleep(index * START_APART_MS)
    await watchStream(side, body)
  })
  await Promise.all(streams)
}

const NS_PER_MS = 1_000_000

function watchStream({ port, firstBytes, events }: Side, body: Buffer): Promise<void> {
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
        if (isFirst) firstBytes.push(Number(at - startedAt) / NS_PER_MS)
        isFirst = false
        for (const [, sentAt] of chunk.toString().matchAll(/at:(\d+);/g)) {
          events.push(Number(at - BigInt(sentAt ?? 0)) / NS_PER_MS)
        }
      })
      response.on('end', resolve).on('error', reject)
    })
    call.on('error', reject).end(body)
  })
}
