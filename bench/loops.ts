/**
 * How well loops are told from work, on recorded runs with labels; and what it costs.
 *
 *   npm run bench:loops -- [--data PATH] [--json]
 *
 * PATH is a JSONL file, plain or gzip'ed, with one run per line. Runs are split into halves by a hash of their id: rules
 * are chosen on principle, checked on the first half and only reported on the second. A report, never a pass mark.
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { hashText } from '@runguard/sdk/core'
import { contenders } from './loops/contenders.js'
import { type RecordedRun, readRun } from './loops/recorded-run.js'
import { scoreContender } from './loops/scoring.js'
import { measureStepCost } from './loops/step-cost.js'
import { legend, renderCost, renderScores } from './loops/table.js'

const STEPS = 100_000
const besideRepository = fileURLToPath(new URL('../../../shared', import.meta.url))

function main(): void {
  const options = { data: { type: 'string' }, json: { type: 'boolean', default: false } } as const
  const { data, json } = parseArgs({ options }).values
  const folder = process.env.RUNGUARD_DATA ?? besideRepository
  const path = data ?? join(folder, 'data/loops/dev.jsonl.gz')
  const isThere = existsSync(path)
  if (!isThere && data !== undefined) throw new Error(`there is no file ${path}`)
  if (!isThere) console.error(`NOT MEASURED: no recorded runs at ${path}. Say where they are: --data PATH`)
  const parts = isThere ? partsOf(readRuns(path)) : []
  const results = parts.map(({ title, runs }) => ({
    title,
    scores: contenders.map((contender) => scoreContender(contender, runs)),
  }))
  const cost = measureStepCost(STEPS)
  if (json) {
    console.log(JSON.stringify({ data: isThere ? path : null, results, microsPerStep: cost }, null, 2))
    return
  }
  const tables = results.map(({ title, scores }) => renderScores(title, scores))
  console.log([...tables, ...(isThere ? [legend] : []), renderCost(cost)].join('\n\n'))
}

function readRuns(path: string): readonly RecordedRun[] {
  const bytes = readFileSync(path)
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const lines = (isGzip ? gunzipSync(bytes) : bytes).toString('utf8').split('\n')
  return lines.flatMap((line, index) => (line.trim() === '' ? [] : [readRun(line, index + 1)]))
}

function partsOf(runs: readonly RecordedRun[]): readonly { title: string; runs: readonly RecordedRun[] }[] {
  const isFirst = ({ id }: RecordedRun): boolean => Number.parseInt(hashText(id).slice(0, 2), 16) % 2 === 0
  const [first, second] = [runs.filter(isFirst), runs.filter((run) => !isFirst(run))]
  return [
    { title: `All ${runs.length} runs`, runs },
    { title: `First half: ${first.length} runs, on which rules were checked`, runs: first },
    { title: `Second half: ${second.length} runs, only reported`, runs: second },
  ]
}

try {
  main()
} catch (error) {
  console.error(`bench:loops: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
