/** Tokens of a prompt, once its bill has told how many there really are. */

import type { CacheReading, IndexedBlock, IndexedPrompt, ReportedPrompt } from './prefix-reading.js'

interface Point {
  /** -1 for the start of the prompt. */
  readonly block: number
  readonly tokens: number
}

/**
 * The prompt with the tokens that were billed: exact where a class of the bill ends, and in proportion between.
 *
 * @param reading as it was billed, apart from its tokens
 */
export function fitPrompt<Prompt extends IndexedPrompt>(
  prompt: Prompt,
  reading: CacheReading,
  billed: ReportedPrompt,
): Prompt {
  const points = pointsOf(prompt.blocks, reading, billed)
  let next = 1
  const blocks = prompt.blocks.map((block, at) => {
    while (next < points.length - 1 && (points[next]?.block ?? 0) < at) next += 1
    return { ...block, endTokens: Math.round(tokensAt(prompt.blocks, at, points[next - 1], points[next])) }
  })
  return { ...prompt, blocks }
}

/** Where the bill says how long the prefix is, in prefix order. */
function pointsOf(
  blocks: readonly IndexedBlock[],
  { readBlock, writes }: CacheReading,
  { read, write1h, write5m, input }: ReportedPrompt,
): readonly Point[] {
  const hour = writes.findLast(({ ttl }) => ttl === '1h')?.block ?? readBlock
  const points: readonly Point[] = [
    { block: -1, tokens: 0 },
    { block: readBlock, tokens: read },
    { block: hour, tokens: read + write1h },
    { block: writes.at(-1)?.block ?? readBlock, tokens: read + write1h + write5m },
    { block: blocks.length - 1, tokens: read + write1h + write5m + input },
  ]
  return points.filter(({ block }, at) => at === 0 || block > (points[at - 1]?.block ?? -1))
}

function tokensAt(
  blocks: readonly IndexedBlock[],
  at: number,
  from: Point = { block: -1, tokens: 0 },
  to: Point = from,
): number {
  const [start, end] = [endOf(blocks, from.block), endOf(blocks, to.block)]
  const share = end > start ? (endOf(blocks, at) - start) / (end - start) : 1
  return from.tokens + share * (to.tokens - from.tokens)
}

function endOf(blocks: readonly IndexedBlock[], at: number): number {
  return blocks[at]?.endTokens ?? 0
}
