/**
 * Recomputes recorded usage with the price list and compares dollars.
 *
 *   npm run check:cost -- --data PATH [--json]
 *
 * PATH is a JSONL file, plain or gzip'ed, with one run per line. Ends with 1 if a call or a trajectory differs from its
 * recorded cost, with 2 if the file cannot be read.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { loadPriceBook, type PriceBook, priceList } from '@runguard/sdk/core'
import { checkRun, hasDifference, type SourceCheck, startCheck } from './cost/cost-check.js'
import { toJson, toText } from './cost/cost-report.js'
import { readRun } from './cost/recorded-run.js'

function readLines(path: string): readonly string[] {
  const bytes = readFileSync(path)
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  return (isGzip ? gunzipSync(bytes) : bytes).toString('utf8').split('\n')
}

function checkLines(lines: readonly string[], book: PriceBook): readonly SourceCheck[] {
  const checks = new Map<string, SourceCheck>()
  lines.forEach((line, index) => {
    if (line.trim() === '') return
    const run = readRun(line, index + 1)
    const check = checks.get(run.source) ?? startCheck(run.source)
    checks.set(run.source, check)
    checkRun(check, run, book)
  })
  if (checks.size === 0) throw new Error('there is no run in it')
  return [...checks.values()].sort((left, right) => left.source.localeCompare(right.source, 'en'))
}

function readOptions(): { readonly path: string; readonly isJson: boolean } {
  const { values } = parseArgs({ options: { data: { type: 'string' }, json: { type: 'boolean', default: false } } })
  if (values.data === undefined) throw new Error('say which file: --data PATH')
  return { path: values.data, isJson: values.json }
}

function main(): number {
  let path: string | null = null
  try {
    const options = readOptions()
    path = options.path
    const book = loadPriceBook(priceList)
    const checks = checkLines(readLines(path), book)
    console.log(options.isJson ? toJson(checks, book.version) : toText(checks, book.version))
    return checks.some(hasDifference) ? 1 : 0
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.error(path === null ? `check-cost: ${reason}` : `check-cost: cannot check ${path}: ${reason}`)
    return 2
  }
}

process.exitCode = main()
