/**
 * What RunGuard's gateway costs, measured beside plain proxies in one run.
 *
 *   npm run bench:gateway -- [--json] [--quick]
 */

import { mkdtempSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { AnswerKind } from './gateway/bodies.js'
import { measureFirstByte } from './gateway/first-byte.js'
import { judge, type Results, verdictOf } from './gateway/goals.js'
import { measureMemory } from './gateway/memory.js'
import { compile } from './gateway/native.js'
import { endWithThisProcess } from './gateway/processes.js'
import { type Effort, type Generator, measureShape, type Row, type Shape } from './gateway/rounds.js'
import { renderResults } from './gateway/table.js'
import { startTargets, type Target } from './gateway/targets.js'

interface Plan extends Effort {
  readonly warmUpMs: number
  /** Groups of 16 paced streams. */
  readonly streamBatches: number
}

const FULL: Plan = { rounds: 5, roundMs: 600, warmUpMs: 1_000, streamBatches: 15 }
const QUICK: Plan = { rounds: 2, roundMs: 200, warmUpMs: 250, streamBatches: 4 }
const SIZES_KB = [2, 20, 200]
const ANSWERS: readonly AnswerKind[] = ['json', 'sse']
const CONNECTIONS = [16, 1]

async function main(): Promise<void> {
  const options = { json: { type: 'boolean' }, quick: { type: 'boolean' } } as const
  const { json = false, quick = false } = parseArgs({ options }).values
  const folder = mkdtempSync(join(tmpdir(), 'runguard-bench-'))
  endWithThisProcess(folder)
  const plan = quick ? QUICK : FULL
  const startedAt = new Date()
  const results = await measure(folder, plan)
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000)
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}`
  if (json) {
    const goals = judge(results).map((goal) => ({ ...goal, verdict: verdictOf(goal) }))
    console.log(JSON.stringify({ date: startedAt.toISOString(), machine, seconds, plan, ...results, goals }, null, 2))
  } else {
    console.log(renderResults(results))
    console.log(
      `${startedAt.toISOString().slice(0, 10)}, ${machine}, ${plan.rounds} rounds of ${plan.roundMs} ms, ${seconds} s in all`,
    )
  }
}

async function measure(folder: string, plan: Plan): Promise<Results> {
  const generator: Generator = { program: await compile('load', folder), folder }
  const targets = await startTargets(folder)
  say('warming up')
  const proxies = targets.filter(({ name }) => name !== 'direct')
  await measureShapes(proxies, listShapes([16]), { rounds: 1, roundMs: plan.warmUpMs }, generator)
  const rows = await measureShapes(targets, listShapes(CONNECTIONS), plan, generator, say)
  say('memory over 20,000 streams')
  const memory = await measureMemory(upstreamPort(targets), generator)
  say('paced streams')
  const firstByte = await measureFirstByte(generator, plan.streamBatches)
  return { rows, firstByte, memory }
}

function listShapes(connectionCounts: readonly number[]): Shape[] {
  return SIZES_KB.flatMap((kilobytes) =>
    ANSWERS.flatMap((answer) => connectionCounts.map((connections) => ({ kilobytes, answer, connections }))),
  )
}

async function measureShapes(
  targets: readonly Target[],
  shapes: readonly Shape[],
  effort: Effort,
  generator: Generator,
  report?: (text: string) => void,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const shape of shapes) {
    report?.(`${shape.kilobytes} kB ${shape.answer}, ${shape.connections} connections`)
    rows.push(...(await measureShape(targets, shape, effort, generator)))
  }
  return rows
}

function upstreamPort(targets: readonly Target[]): number {
  const upstream = targets.find(({ name }) => name === 'direct')
  if (upstream === undefined) throw new Error('there is no upstream')
  return upstream.port
}

/** Progress goes to stderr: stdout carries the result. */
function say(text: string): void {
  console.error(`bench: ${text}`)
}

try {
  await main()
} catch (error) {
  console.error(`bench: VOID. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
process.exit()
