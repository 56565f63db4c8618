import { digest } from './ids.js'

/** The three levels of a prompt, in the order in which they are cached. */
export type Level = 'tools' | 'system' | 'messages'

/** How long an entry lives after the start of the request that wrote or last read it. */
export type Ttl = '5m' | '1h'

/** One block of a prompt as the cache sees it. */
export interface CacheBlock {
  readonly level: Level
  /** Equal for blocks that the model reads as the same. */
  readonly digest: string
  readonly tokens: number
  /** Neighbours of the same run (parallel calls, or their results) count as one position of the lookback. */
  readonly run: 'call' | 'result' | null
  /** The breakpoint on this block, if there is one. */
  readonly ttl: Ttl | null
}

/** A prompt in prefix order, with what its cached prefixes depend on. */
export interface CacheablePrompt {
  /** Entries are never shared across namespaces: workspace and model. */
  readonly namespace: string
  /** Parameters that void a level, and the levels after it, when they change. */
  readonly seeds: Readonly<Record<Level, string>>
  readonly blocks: readonly CacheBlock[]
  /** Prefixes below this many tokens are neither written nor read. */
  readonly minimumTokens: number
}

/** What a request finds in the cache, how its prompt is billed, and what it will leave behind. */
export interface CacheReading {
  readonly readTokens: number
  readonly write5mTokens: number
  readonly write1hTokens: number
  /** The rest: plain input. */
  readonly inputTokens: number
  /** Did any breakpoint reach the minimum? */
  readonly isActive: boolean
  readonly startedAtMs: number
  readonly writes: readonly { readonly key: string; readonly ttl: Ttl }[]
}

interface Entry {
  readonly ttl: Ttl
  readonly renewedAtMs: number
}

interface Prefix {
  readonly key: string
  readonly tokens: number
  readonly position: number
  readonly ttl: Ttl | null
}

/** Positions that a breakpoint looks at, itself included. */
const lookbackPositions = 20
const lifetimeMs: Readonly<Record<Ttl, number>> = { '5m': 5 * 60_000, '1h': 60 * 60_000 }
const sweepEvery = 512

/**
 * The prompt cache. It has no clock: times are passed in, in milliseconds.
 * Entries exist only where a request had a breakpoint, and can be read only once that request's response began.
 */
export class PromptCache {
  readonly #entries = new Map<string, Entry>()
  #publications = 0

  /** Entries held, expired ones included until they are swept. */
  get size(): number {
    return this.#entries.size
  }

  /** Looks a prompt up at the start of its request. What it reads is renewed; nothing is written yet. */
  look(prompt: CacheablePrompt, nowMs: number): CacheReading {
    const prefixes = prefixesOf(prompt)
    const breakpoints = prefixes.filter(({ ttl, tokens }) => ttl !== null && tokens >= prompt.minimumTokens)
    let readTokens = 0
    for (const breakpoint of breakpoints) {
      const hit = this.#findHit(prefixes, breakpoint, nowMs)
      if (hit === undefined) continue
      this.#renew(hit.key, nowMs)
      readTokens = Math.max(readTokens, hit.tokens)
    }
    return readingOf(breakpoints, prefixes.at(-1)?.tokens ?? 0, readTokens, nowMs)
  }

  /** Makes the entries of a reading visible: to be called when the first byte of its response leaves. */
  publish(reading: CacheReading): void {
    for (const { key, ttl } of reading.writes) {
      const present = this.#entries.get(key)
      const old = present !== undefined && isAlive(present, reading.startedAtMs) ? present : undefined
      const isLonger = old === undefined || lifetimeMs[ttl] >= lifetimeMs[old.ttl]
      const renewedAtMs = Math.max(reading.startedAtMs, old?.renewedAtMs ?? 0)
      this.#entries.set(key, { ttl: isLonger ? ttl : old.ttl, renewedAtMs })
    }
    this.#publications += 1
    if (this.#publications % sweepEvery === 0) this.#sweep(reading.startedAtMs)
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear()
  }

  #findHit(prefixes: readonly Prefix[], breakpoint: Prefix, nowMs: number): Prefix | undefined {
    for (let index = prefixes.indexOf(breakpoint); index >= 0; index -= 1) {
      const candidate = prefixes[index]
      if (candidate === undefined || breakpoint.position - candidate.position >= lookbackPositions) return undefined
      const entry = this.#entries.get(candidate.key)
      if (entry !== undefined && isAlive(entry, nowMs)) return candidate
    }
    return undefined
  }

  #renew(key: string, nowMs: number): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined) this.#entries.set(key, { ...entry, renewedAtMs: Math.max(entry.renewedAtMs, nowMs) })
  }

  #sweep(nowMs: number): void {
    for (const [key, entry] of this.#entries) if (!isAlive(entry, nowMs)) this.#entries.delete(key)
  }
}

/** A TTL is a minimum promise, so its last millisecond still counts. */
function isAlive(entry: Entry, nowMs: number): boolean {
  return nowMs - entry.renewedAtMs <= lifetimeMs[entry.ttl]
}

/** Every prefix of the prompt with a key that depends on all blocks and seeds before its end. */
function prefixesOf(prompt: CacheablePrompt): Prefix[] {
  let key = digest(prompt.namespace, prompt.seeds.tools)
  let tokens = 0
  let position = -1
  let last: CacheBlock | undefined
  return prompt.blocks.map((block) => {
    for (const level of levelsEntered(last?.level ?? 'tools', block.level))
      key = digest(key, level, prompt.seeds[level])
    key = digest(key, block.digest)
    tokens += block.tokens
    if (block.run === null || block.run !== last?.run) position += 1
    last = block
    return { key, tokens, position, ttl: block.ttl }
  })
}

function levelsEntered(from: Level, to: Level): readonly Level[] {
  const order: readonly Level[] = ['tools', 'system', 'messages']
  return order.slice(order.indexOf(from) + 1, order.indexOf(to) + 1)
}

/**
 * The bill: A is the end of the longest hit, B the last 1h breakpoint after it, C the last breakpoint.
 * Up to A is read, A to B is written for an hour, B to C for five minutes, and the rest is plain input.
 */
function readingOf(breakpoints: readonly Prefix[], total: number, a: number, nowMs: number): CacheReading {
  const beyond = breakpoints.filter(({ tokens }) => tokens > a)
  const b = beyond.findLast(({ ttl }) => ttl === '1h')?.tokens ?? a
  const c = beyond.at(-1)?.tokens ?? a
  return {
    readTokens: a,
    write1hTokens: b - a,
    write5mTokens: c - b,
    inputTokens: total - c,
    isActive: breakpoints.length > 0,
    startedAtMs: nowMs,
    writes: beyond.flatMap(({ key, ttl }) => (ttl === null ? [] : [{ key, ttl }])),
  }
}
