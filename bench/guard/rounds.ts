/** Rounds: every way in turn, in small blocks, another one first each time, so that noise of the machine meets all alike. */

import { setTimeout as sleep } from 'node:timers/promises'
import type Anthropic from '@anthropic-ai/sdk'
import { type AnswerKind, conversationBody } from '../gateway/bodies.js'
import { median, quantile } from '../gateway/statistics.js'
import type { Way, WayName } from './ways.js'

/** How often. */
export interface Effort {
  readonly rounds: number
  /** Calls of each way in a round, one after another. */
  readonly calls: number
}

/** A number and how far it strays over the rounds. */
export interface Spread {
  readonly median: number
  readonly lowerQuartile: number
  readonly upperQuartile: number
}

/** One way, with one kind of answer. */
export interface Row {
  readonly way: WayName
  readonly answer: AnswerKind
  /** Median time of a call, from asking to the whole answer, in microseconds. */
  readonly callUs: number
  /** The same above the SDK alone in the same round. */
  readonly addedUs: Spread
  /** Processor time of this process for a call above the SDK alone, what is done after the answer included. */
  readonly addedCpuUs: Spread
}

interface Sample {
  readonly callUs: number
  readonly cpuUs: number
}

type Round = ReadonlyMap<WayName, Sample>

/** By then the guard has written down what it had to. */
const WRITTEN_AFTER_MS = 20

/** Events in a streamed answer. */
export const STREAM_EVENTS = 54

/** Measures all ways with one kind of answer to requests of `bytes` bytes. */
export async function measureWays(
  ways: readonly Way[],
  answer: AnswerKind,
  bytes: number,
  effort: Effort,
): Promise<readonly Row[]> {
  const params = JSON.parse(conversationBody(bytes, answer).toString()) as Anthropic.MessageCreateParams
  const rounds: Round[] = []
  for (let round = 0; round < effort.rounds; round++) {
    const samples = new Map<WayName, Sample>()
    for (const at of ways.keys()) {
      const way = ways[(at + round) % ways.length] as Way
      samples.set(way.name, await measureBlock(way.clients[answer], params, effort.calls))
    }
    rounds.push(samples)
  }
  return ways.map(({ name }) => summarize(name, answer, rounds))
}

async function measureBlock(client: Anthropic, params: Anthropic.MessageCreateParams, calls: number): Promise<Sample> {
  const times: number[] = []
  const before = process.cpuUsage()
  for (let call = 0; call < calls; call++) {
    const startedAt = performance.now()
    await callOnce(client, params)
    times.push((performance.now() - startedAt) * 1_000)
  }
  // What calls leave to be done behind their answers belongs to their block.
  await sleep(WRITTEN_AFTER_MS)
  const { user, system } = process.cpuUsage(before)
  return { callUs: median(times), cpuUs: (user + system) / calls }
}

async function callOnce(client: Anthropic, params: Anthropic.MessageCreateParams): Promise<void> {
  const answer = await client.messages.create(params)
  if (!(Symbol.asyncIterator in answer)) return
  let events = 0
  for await (const _event of answer) events++
  // The SDK keeps pings to itself.
  if (events < STREAM_EVENTS - 1) throw new Error(`a stream had ${events} events`)
}

function summarize(way: WayName, answer: AnswerKind, rounds: readonly Round[]): Row {
  const own = rounds.map((round) => sampleOf(round, way))
  const above = (read: (sample: Sample) => number): Spread =>
    spreadOf(rounds.map((round) => read(sampleOf(round, way)) - read(sampleOf(round, 'SDK alone'))))
  return {
    way,
    answer,
    callUs: median(own.map(({ callUs }) => callUs)),
    addedUs: above(({ callUs }) => callUs),
    addedCpuUs: above(({ cpuUs }) => cpuUs),
  }
}

function sampleOf(round: Round, way: WayName): Sample {
  const sample = round.get(way)
  if (sample === undefined) throw new Error(`${way} was not measured`)
  return sample
}

function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), lowerQuartile: quantile(values, 0.25), upperQuartile: quantile(values, 0.75) }
}
