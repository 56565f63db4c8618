/** Tokens of a prompt, once its bill has told how many there really are. */

import { type CacheReading, type IndexedPrompt, type ReportedPrompt, tokensUpTo } from './prefix-reading.js'

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
  const points = pointsOf(prompt, reading, billed)
  let next = 1
  const endTokens = prompt.endTokens.map((_, at) => {
    while (next < points.length - 1 && (points[next]?.block ?? 0) < at) next += 1
    return Math.round(tokensAt(prompt, at, points[next - 1], points[next]))
  })
  return { ...prompt, endTokens }
}

/** Where the bill says how long the prefix is, in prefix order. */
function pointsOf(
  { endTokens }: IndexedPrompt,
  { readBlock, writes }: CacheReading,
  { read, write1h, write5m, input }: ReportedPrompt,
): readonly Point[] {
  const hour = writes.findLast(({ ttl }) => ttl === '1h')?.block ?? readBlock
  const points: readonly Point[] = [
    { block: -1, tokens: 0 },
    { block: readBlock, tokens: read },
    { block: hour, tokens: read + write1h },
    { block: writes.at(-1)?.block ?? readBlock, tokens: read + write1h + write5m },
    { block: endTokens.length - 1, tokens: read + write1h + write5m + input },
  ]
  return points.filter(({ block }, at) => at === 0 || block > (points[at - 1]?.block ?? -1))
}

function tokensAt(prompt: IndexedPrompt, at: number, from: Point = { block: -1, tokens: 0 }, to: Point = from): number {
  const start = tokensUpTo(prompt, from.block)
  const end = tokensUpTo(prompt, to.block)
  const share = end > start ? (tokensUpTo(prompt, at) - start) / (end - start) : 1
  return from.tokens + share * (to.tokens - from.tokens)
}
