/**
 * Large batches through a gateway: many small items, and few large ones of 300 MB together. Then calls that may wait,
 * through a gateway that is killed again and again while it works on them.
 *
 *   npm run stress:batches -- [--items N] [--megabytes N] [--kills N] [--json]
 *
 * Ends with 1 if an item was not answered exactly once, if the bill of the API, the ledger, the records and the client do
 * not agree to the nano-dollar, if batches were not half the price, or if a call that waited was lost or billed twice;
 * with 2 if the run could not be made. Everything happens on loopback, against a simulated API.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatUsd, nanoUsd } from '@runguard/sdk/core'
import { renderKills, runKills } from './batches/kills.js'
import { endParts } from './batches/part.js'
import type { PromptSet } from './batches/prompt-set.js'
import { runSet, type SetResult, savedPercent } from './batches/run.js'

const usage = 'npm run stress:batches -- [--items N] [--megabytes N] [--kills N] [--json]'
const BYTES_PER_MEGABYTE = 1_000_000
const LARGE_PROMPT_BYTES = 300_000

interface Options {
  readonly sets: readonly PromptSet[]
  readonly kills: number
  readonly isJson: boolean
}

function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { items: text, megabytes: text, kills: text, json: { type: 'boolean' } },
  })
  const items = readCount('items', values.items, 250_000)
  const megabytes = readCount('megabytes', values.megabytes, 300)
  const largeItems = Math.ceil((megabytes * BYTES_PER_MEGABYTE) / LARGE_PROMPT_BYTES)
  const sets = [
    { name: 'small', items, promptBytes: 120 },
    { name: 'large', items: largeItems, promptBytes: LARGE_PROMPT_BYTES },
  ]
  const kills = readCount('kills', values.kills, 50)
  return { sets: sets.filter((set) => set.items > 0), kills, isJson: values.json ?? false }
}

function readCount(name: string, written: string | undefined, usual: number): number {
  const count = written === undefined ? usual : Number(written)
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`--${name} is a whole number`)
  return count
}

function render({ set, api, books, faults, ...result }: SetResult): string {
  const money = (nano: bigint): string => formatUsd(nanoUsd(Number(nano)))
  const lines = [
    `${set.name}: ${set.items} items of ${set.promptBytes} bytes in ${result.batches} batches`,
    `  answered once   ${result.answered} (repeated ${result.repeated}, failed ${result.failed})`,
    `  billed          ${money(api.nano)}, ${savedPercent(api)} % below ${money(api.directNano)} for single calls`,
    `  in the ledger   ${formatUsd(nanoUsd(books.spent))}, in the records ${formatUsd(nanoUsd(books.recorded))}`,
    `  time            ${result.submitSec.toFixed(1)} s to submit, ${result.readSec.toFixed(1)} s to read`,
    `  peak memory     client ${result.clientPeakMb} MB, gateway ${books.peakMemoryMb} MB`,
  ]
  return [...lines, ...faults.map((fault) => `  WRONG: ${fault}`)].join('\n')
}

function asText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

async function main({ sets, kills, isJson }: Options): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'runguard-batches-'))
  process.on('exit', () => {
    endParts()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
  const results: SetResult[] = []
  for (const set of sets) {
    const result = await runSet(set, folder)
    results.push(result)
    if (!isJson) console.log(render(result))
  }
  const deferred = kills === 0 ? null : await runKills(kills, folder)
  if (isJson) console.log(JSON.stringify({ sets: results, deferred }, asText, 2))
  else if (deferred !== null) console.log(renderKills(deferred))
  return [...results, ...(deferred === null ? [] : [deferred])].some(({ faults }) => faults.length > 0) ? 1 : 0
}

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)))
} catch (error) {
  console.error(`stress-batches: ${error instanceof Error ? error.message : String(error)}\nUsage: ${usage}`)
  process.exitCode = 2
}
process.exit()
