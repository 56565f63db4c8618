/** Rounds: every shape of request against every target in alternation, so that noise of the machine meets all alike. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AnswerKind, conversationBody, wireRequest } from './bodies.js'
import { cpuMicros } from './cpu.js'
import { type LoadResult, runLoad } from './native.js'
import { median } from './statistics.js'
import type { Target, TargetName } from './targets.js'

/** One shape of request. */
export interface Shape {
  readonly kilobytes: number
  readonly answer: AnswerKind
  readonly connections: number
}

/** How long and how often. */
export interface Effort {
  readonly rounds: number
  readonly roundMs: number
}

/** The medians of one target at one shape. */
export interface Row extends Shape {
  readonly target: TargetName
  readonly requestsPerSecond: number
  /** Throughput against nginx in the same round; null without an anchor. */
  readonly ratioToNginx: number | null
  /** Processor time of the target's own process per request, in microseconds; null where the system does not tell. */
  readonly cpuUs: number | null
  /** Processor time per request against `keep` in the same round. */
  readonly cpuRatioToKeep: number | null
  readonly p50Us: number
  readonly p99Us: number
  /** Median latency above that of `direct` in the same round, in microseconds. */
  readonly addedUs: number
}

type Sample = LoadResult & { readonly cpuUs: number | null }
type Round = ReadonlyMap<TargetName, Sample>

/** A program that puts load on targets, and where its requests are kept. */
export interface Generator {
  readonly program: string
  readonly folder: string
}

const UNLIMITED = 1_000_000_000

/** The file with the request of a shape. */
export function writeRequest(folder: string, kilobytes: number, answer: AnswerKind): string {
  const file = join(folder, `request-${kilobytes}-${answer}.http`)
  writeFileSync(file, wireRequest(conversationBody(kilobytes * 1_000, answer), answer))
  return file
}

/** Measures one shape. */
export async function measureShape(
  targets: readonly Target[],
  shape: Shape,
  effort: Effort,
  generator: Generator,
): Promise<Row[]> {
  const requestFile = writeRequest(generator.folder, shape.kilobytes, shape.answer)
  const rounds: Round[] = []
  for (let round = 0; round < effort.rounds; round++) {
    const samples = new Map<TargetName, Sample>()
    for (const target of rotate(targets, round)) {
      samples.set(target.name, await measureTarget(target, shape, effort.roundMs, generator.program, requestFile))
    }
    rounds.push(samples)
  }
  return targets.map(({ name }) => summarize(name, shape, rounds))
}

/** Another one goes first each time. */
function rotate<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

async function measureTarget(
  target: Target,
  { connections }: Shape,
  milliseconds: number,
  program: string,
  requestFile: string,
): Promise<Sample> {
  const since = Date.now()
  const before = cpuMicros(target.pid)
  const result = await runLoad(program, target.port, { requestFile, connections, milliseconds, maxRequests: UNLIMITED })
  const after = cpuMicros(target.pid)
  await target.verify(since, result.requests)
  const cpuUs = before === null || after === null ? null : (after - before) / result.requests
  return { ...result, cpuUs }
}

function summarize(target: TargetName, shape: Shape, rounds: readonly Round[]): Row {
  const over = (read: (own: Sample, round: Round) => number | null): number | null => {
    const values = rounds.map((round) => read(round.get(target) as Sample, round)).filter((value) => value !== null)
    return values.length === 0 ? null : median(values)
  }
  const rate = ({ requests, seconds }: Sample): number => requests / seconds
  return {
    ...shape,
    target,
    requestsPerSecond: over(rate) ?? 0,
    ratioToNginx: over((own, round) => ratioOf(rate(own), round.get('nginx'), rate)),
    cpuUs: over((own) => own.cpuUs),
    cpuRatioToKeep: over((own, round) => ratioOf(own.cpuUs, round.get('keep'), (keep) => keep.cpuUs)),
    p50Us: over((own) => own.p50Us) ?? 0,
    p99Us: over((own) => own.p99Us) ?? 0,
    addedUs: over((own, round) => own.p50Us - (round.get('direct')?.p50Us ?? 0)) ?? 0,
  }
}

function ratioOf(
  own: number | null,
  other: Sample | undefined,
  read: (sample: Sample) => number | null,
): number | null {
  const base = other === undefined ? null : read(other)
  return own === null || base === null || base === 0 ? null : own / base
}
