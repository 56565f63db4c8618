/**
 * What routing costs and what it brings, as far as that can be measured without a model.
 *
 *   npm run bench:routing -- [--data FOLDER] [--json]
 *   npm run bench:routing -- --step [--json]      what choosing a route adds to a call, and nothing else
 *
 * Three things: what changing the model in the middle of a recorded conversation costs, at once or only where it pays
 * (`dev.jsonl.gz`; thinking is left out of account: where there is any, no conversation is moved at all); how routers
 * close the gap between a weak and a strong model on labelled questions (the evaluation data of RouteLLM in FOLDER or in
 * `routellm` in it, else a generated set, which is marked); and what the classifier says of calls whose task is known.
 * Of the quality of Claude's answers nothing is measured here, and nothing is claimed.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadPriceBook, type PriceBook, priceList } from '@runguard/sdk/core'
import { measureClassifier } from './routing/confusion.js'
import { generateLabels, readLabelSets } from './routing/labels.js'
import { compareRouters } from './routing/routers.js'
import { measureStep, renderStep } from './routing/step-cost.js'
import { compareSwitching, type Pair, type SwitchResult } from './routing/switching.js'
import { renderConfusion, renderRouters, renderSwitching } from './routing/table.js'
import { readTalks } from './routing/talks.js'

const besideRepository = fileURLToPath(new URL('../../../shared', import.meta.url))
/** The day of the prices. */
const AT_MS = Date.UTC(2026, 10, 27)
const GENERATED_LABELS = 20_000

const pairs: readonly Pair[] = [
  { from: 'claude-opus-5-5', to: 'claude-sonnet-5-5' },
  { from: 'claude-opus-5-5', to: 'claude-haiku-5-5' },
  { from: 'claude-sonnet-5-5', to: 'claude-haiku-5-5' },
  { from: 'claude-opus-4-6', to: 'claude-sonnet-5-5' },
  { from: 'claude-opus-4-6', to: 'claude-sonnet-4-6' },
  { from: 'claude-fable-5-1', to: 'claude-opus-5-5' },
]

async function main(): Promise<void> {
  const flag = { type: 'boolean', default: false } as const
  const { data, json, step } = parseArgs({ options: { data: { type: 'string' }, json: flag, step: flag } }).values
  if (step) {
    const cost = await measureStep()
    console.log(json ? JSON.stringify(cost, null, 2) : renderStep(cost))
    return
  }
  const folder = data ?? join(process.env.RUNGUARD_DATA ?? besideRepository, 'data')
  const book = loadPriceBook(priceList)
  const switching = measureSwitching(folder, book)
  const routers = findLabels(folder).map((set) => compareRouters(set, book, AT_MS))
  const classifier = measureClassifier()
  const texts = [...switching.map(renderSwitching), ...routers.map(renderRouters), ...classifier.map(renderConfusion)]
  console.log(json ? JSON.stringify({ switching, routers, classifier }, null, 2) : texts.join('\n\n'))
}

function measureSwitching(folder: string, book: PriceBook): readonly SwitchResult[] {
  const path = [join(folder, 'caching/dev.jsonl.gz'), join(folder, 'dev.jsonl.gz')].find(existsSync)
  if (path === undefined) {
    console.error(`NOT MEASURED: no recorded traffic in ${folder}. Say where it is: --data FOLDER`)
    return []
  }
  const talks = readTalks(path)
  return pairs.map((pair) => compareSwitching(talks, pair, book, AT_MS))
}

function findLabels(folder: string) {
  const found = [folder, join(folder, 'routellm')].map(readLabelSets).find((sets) => sets.length > 0)
  return found ?? [generateLabels(GENERATED_LABELS)]
}

try {
  await main()
} catch (error) {
  console.error(`bench:routing: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
