/** The prompt cache of the simulator, as a second witness of what RunGuard foretells. */

import { type CacheablePrompt, type CacheReading, PromptCache } from '@runguard/simulator'
import type { Billed, StreamBlock, StreamRequest } from './streams.js'
import type { Markers } from './witness.js'

interface Open {
  readonly visibleMs: number
  readonly reading: CacheReading
}

/** The cache of one workspace. Requests come in the order of their times. */
export class Simulated {
  readonly #cache = new PromptCache()
  #open: readonly Open[] = []

  /** Plays a request and answers how its prompt is billed. */
  play(
    { atMs, firstByteMs, blocks, warmBlock, model }: StreamRequest,
    markers: Markers,
    minimumTokens: number,
  ): Billed {
    for (const { visibleMs, reading } of this.#open) if (visibleMs <= atMs) this.#cache.publish(reading)
    this.#open = this.#open.filter(({ visibleMs }) => visibleMs > atMs)
    const promptOf = (until: number, marks: Markers): CacheablePrompt => ({
      namespace: model,
      seeds: { tools: '', system: '', messages: '' },
      blocks: blocks.slice(0, until).map((block, at) => simulate(block, blocks, at, marks)),
      minimumTokens,
    })
    // Somebody of whom nothing was recorded had kept it warm.
    if (warmBlock >= 0)
      this.#cache.publish(this.#cache.look(promptOf(warmBlock + 1, new Map([[warmBlock, '5m']])), atMs))
    const reading = this.#cache.look(promptOf(blocks.length, markers), atMs)
    this.#open = [...this.#open, { visibleMs: firstByteMs, reading }]
    const { inputTokens: input, readTokens: read, write5mTokens: write5m, write1hTokens: write1h } = reading
    return { input, read, write5m, write1h }
  }
}

/** Blocks that share a position were calls made side by side, or their results. */
function simulate(
  { part, prefix, tokens, position }: StreamBlock,
  blocks: readonly StreamBlock[],
  at: number,
  markers: Markers,
): CacheablePrompt['blocks'][number] {
  const isRun = [blocks[at - 1], blocks[at + 1]].some((beside) => beside?.position === position)
  const side = position % 2 === 0 ? 'call' : 'result'
  return { level: part, digest: String(prefix), tokens, run: isRun ? side : null, ttl: markers.get(at) ?? null }
}
