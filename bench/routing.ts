/**
 * What changing the model in the middle of a conversation costs, on recorded conversations: at once, or only where it pays.
 *
 *   npm run bench:routing -- [--data FOLDER] [--json]
 *
 * FOLDER holds `dev.jsonl.gz`. Thinking is left out of account: where there is any, no conversation is moved at all. Of
 * the quality of answers nothing is measured here, and nothing is claimed.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadPriceBook, priceList } from '@runguard/sdk/core'
import { compareSwitching, type Outcome, type Pair, type SwitchResult } from './routing/switching.js'
import { readTalks } from './routing/talks.js'

const besideRepository = fileURLToPath(new URL('../../../shared', import.meta.url))
/** The day of the prices. */
const AT_MS = Date.UTC(2026, 10, 27)

const pairs: readonly Pair[] = [
  { from: 'claude-opus-5-5', to: 'claude-sonnet-5-5' },
  { from: 'claude-opus-5-5', to: 'claude-haiku-5-5' },
  { from: 'claude-sonnet-5-5', to: 'claude-haiku-5-5' },
  { from: 'claude-opus-4-6', to: 'claude-sonnet-5-5' },
  { from: 'claude-opus-4-6', to: 'claude-sonnet-4-6' },
  { from: 'claude-fable-5-1', to: 'claude-opus-5-5' },
]

function main(): void {
  const options = { data: { type: 'string' }, json: { type: 'boolean', default: false } } as const
  const { data, json } = parseArgs({ options }).values
  const folder = data ?? join(process.env.RUNGUARD_DATA ?? besideRepository, 'data/caching')
  const path = join(folder, 'dev.jsonl.gz')
  if (!existsSync(path)) {
    console.error(`NOT MEASURED: no recorded traffic at ${path}. Say where it is: --data FOLDER`)
    return
  }
  const book = loadPriceBook(priceList)
  const talks = readTalks(path)
  const results = pairs.map((pair) => compareSwitching(talks, pair, book, AT_MS))
  console.log(json ? JSON.stringify({ results }, null, 2) : results.map(renderResult).join('\n\n'))
}

function renderResult({ from, to, talks, stayUsd, naive, guarded }: SwitchResult): string {
  const head = `${from} → ${to} from the middle on: ${talks} conversations, $${stayUsd.toFixed(2)} if they stay`
  return [head, row('at once', naive, stayUsd), row('where it pays', guarded, stayUsd)].join('\n')
}

function row(name: string, { usd, switched, losers, lostUsd, worstLoss }: Outcome, stayUsd: number): string {
  const change = (usd / stayUsd - 1) * 100
  return (
    `  ${name.padEnd(14)} $${usd.toFixed(2)} (${change >= 0 ? '+' : ''}${change.toFixed(1)} %), ${switched} moved, ` +
    `${losers} lost $${lostUsd.toFixed(2)}, at worst ${(worstLoss * 100).toFixed(2)} % of a conversation`
  )
}

try {
  main()
} catch (error) {
  console.error(`bench:routing: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
