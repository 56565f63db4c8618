/**
 * What caching costs and saves on recorded traffic, by who places the markers; judged by a cache model of its own.
 *
 *   npm run bench:cache -- [--data FOLDER] [--read 0.1|0.05|0.025] [--losses] [--json]
 *
 * FOLDER holds `dev.jsonl.gz` and `mooncake-conversation.jsonl.gz`. Requests are split into halves by a hash of their
 * session, each half replayed alone: rules are chosen on principle, and both halves are reported. Never a pass mark.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hashText, loadPriceBook, priceList } from '@runguard/sdk/core'
import { checkOptimum } from './caching/optimum.js'
import { type ReplayOptions, type Result, replay } from './caching/replay.js'
import { readChains, readChat, type StreamRequest } from './caching/streams.js'
import { legend, renderLosses, renderResult } from './caching/table.js'

const SMALL_CASES = 500
/** The chat service ran another model: its prompts are priced as if they had gone to this one. */
const CHAT_MODEL = 'claude-sonnet-5-5'
const besideRepository = fileURLToPath(new URL('../../../shared', import.meta.url))

function main(): void {
  const options = {
    data: { type: 'string' },
    read: { type: 'string' },
    losses: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  } as const
  const { data, read, losses, json } = parseArgs({ options }).values
  const folder = data ?? join(process.env.RUNGUARD_DATA ?? besideRepository, 'data/caching')
  const readRate = read === undefined ? null : Number(read)
  if (readRate !== null && !(readRate > 0 && readRate < 1))
    throw new Error(`--read is a share of the input price: ${read}`)
  checkOptimum(SMALL_CASES)
  const play: ReplayOptions = { read: readRate, explains: losses }
  const results = [
    ...measure('Coding agents', join(folder, 'dev.jsonl.gz'), readChains, play),
    ...measure(
      'Chat service',
      join(folder, 'mooncake-conversation.jsonl.gz'),
      (path) => readChat(path, CHAT_MODEL),
      play,
    ),
  ]
  if (json) console.log(JSON.stringify({ read: readRate, results }, null, 2))
  else {
    const lost = losses ? results.map(renderLosses) : []
    console.log([...results.map(renderResult), ...lost, legend].join('\n\n'))
  }
}

function measure(
  title: string,
  path: string,
  readRequests: (path: string) => readonly StreamRequest[],
  play: ReplayOptions,
): readonly Result[] {
  if (!existsSync(path)) {
    console.error(`NOT MEASURED: no recorded traffic at ${path}. Say where it is: --data FOLDER`)
    return []
  }
  const book = loadPriceBook(priceList)
  const all = readRequests(path)
  const isFirst = ({ group }: StreamRequest): boolean => Number.parseInt(hashText(group).slice(0, 2), 16) % 2 === 0
  const parts = [
    { title: `${title}: all`, requests: all },
    { title: `${title}: first half`, requests: all.filter(isFirst) },
    { title: `${title}: second half`, requests: all.filter((request) => !isFirst(request)) },
  ]
  return parts.map((part) => replay(part.title, part.requests, book, play))
}

try {
  main()
} catch (error) {
  console.error(`bench:cache: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
