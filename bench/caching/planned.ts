/** RunGuard as a contender: its index, its planner, and its pings if it keeps prefixes warm. */

import {
  minimumTokens,
  noteReturns,
  type PlanFacts,
  type PrefixCall,
  PrefixIndex,
  type PriceBook,
  planCache,
  ReturnBook,
} from '@runguard/sdk/core'
import type { Ping, Policy } from './policy.js'
import { ratesFor } from './rates.js'
import type { Billed, StreamRequest } from './streams.js'
import { Warmer } from './warmer.js'
import type { Markers } from './witness.js'

/** How it plays. */
export interface PlannedOptions {
  readonly book: PriceBook
  readonly read: number | null
  readonly keepsWarm: boolean
  /** Whether its application says `closed` once a conversation is over. */
  readonly isTold: boolean
}

interface Sent {
  readonly call: PrefixCall
  readonly firstByteMs: number
  billed: Billed | null
}

/** A new contender for each replay: it remembers what it saw. */
export function planned(name: string, options: PlannedOptions): Policy {
  const memory = new Memory(options)
  const warmer = options.keepsWarm
    ? new Warmer((model) => ratesFor(options.book, model, options.read), options.isTold)
    : null
  let expected: Billed | null = null
  return {
    name,
    isForetelling: true,
    place(request) {
      const facts = memory.look(request)
      const { marks, planned: reading, story } = planCache(facts)
      noteReturns(facts, story)
      const markers = new Map(marks.map(({ block, ttl }) => [block, ttl]))
      memory.send(request, facts, markers)
      warmer?.note(request, markers)
      expected = reading
      return markers
    },
    expected: () => expected,
    learn: (billed) => memory.learn(billed),
    ping(beforeMs) {
      const pings: readonly Ping[] = warmer?.due(beforeMs) ?? []
      for (const { request, markers } of pings) memory.send(request, memory.look(request), markers)
      return pings
    },
  }
}

/** What was sent, and what became of it. */
class Memory {
  readonly #options: PlannedOptions
  readonly #index = new PrefixIndex(2_000_000)
  readonly #returns = new ReturnBook()
  #open: readonly Sent[] = []

  constructor(options: PlannedOptions) {
    this.#options = options
  }

  /** The facts of a request, with all that was answered by then. */
  look({ blocks, model, atMs }: StreamRequest): PlanFacts {
    for (const { call, firstByteMs, billed } of this.#open) {
      if (firstByteMs <= atMs) this.#index.publish(call, billed ?? call.reading)
    }
    this.#open = this.#open.filter(({ firstByteMs }) => firstByteMs > atMs)
    const { book, read, keepsWarm } = this.#options
    return {
      prompt: {
        space: model,
        minimumTokens: minimumTokens(book, model),
        blocks: blocks.map(({ prefix, position, part, canMark }) => ({ key: prefix, position, part, canMark })),
        endTokens: blocks.map(({ endTokens }) => endTokens),
        breakpoints: [],
      },
      markerCount: 0,
      rates: ratesFor(book, model, read, blocks.at(-1)?.endTokens),
      index: this.#index,
      returns: this.#returns,
      presence: null,
      nowMs: atMs,
      keepsWarm,
    }
  }

  send({ atMs, firstByteMs }: StreamRequest, { prompt }: PlanFacts, markers: Markers): void {
    const breakpoints = [...markers]
      .map(([block, ttl]) => ({ block, ttl }))
      .sort((left, right) => left.block - right.block)
    const call = this.#index.begin({ ...prompt, breakpoints }, atMs)
    this.#open = [...this.#open, { call, firstByteMs, billed: null }]
  }

  /** What the request sent last was billed. */
  learn(billed: Billed): void {
    const last = this.#open.at(-1)
    if (last !== undefined) last.billed = billed
  }
}
