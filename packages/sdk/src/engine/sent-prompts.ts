/** The prompts that agents sent lately, so that it can be told why one was not read again. */

import type { SentPrompt } from '../core/cache/cache-miss.js'
import type { ReportedPrompt } from '../core/cache/prefix-reading.js'

/** A prompt with the call that sent it. */
export interface SentCall extends SentPrompt {
  /** RunGuard's id of the call. */
  readonly id: string
  /** The tokens as they were billed; null if that is not known, or not as foretold. */
  billed: ReportedPrompt | null
  visibleAtMs: number | null
  /** True if the call failed before its answer began: it left nothing behind. */
  isAbandoned: boolean
}

/** What is remembered of agents. */
export interface SentPrompts {
  /** Notes a prompt, and answers those that the agent sent before it, the newest first. */
  note(agent: string, call: SentCall): readonly SentCall[]
}

/** Agents that share a session ask side questions in between: the conversation goes on in one of the last few. */
const PROMPTS_PER_AGENT = 4
const DEFAULT_MAX_BLOCKS = 100_000

/** Holds prompts of at most `maxBlocks` blocks, about 200 bytes each; agents that were not heard of for longest go first. */
export function rememberPrompts(maxBlocks: number = DEFAULT_MAX_BLOCKS): SentPrompts {
  const byAgent = new Map<string, readonly SentCall[]>()
  let blocks = 0
  const forget = (calls: readonly SentCall[]): void => {
    for (const { prompt } of calls) blocks -= prompt.blocks.length
  }
  return {
    note(agent, call) {
      const earlier = byAgent.get(agent) ?? []
      const kept = [call, ...earlier.slice(0, PROMPTS_PER_AGENT - 1)]
      forget(earlier.slice(PROMPTS_PER_AGENT - 1))
      blocks += call.prompt.blocks.length
      byAgent.delete(agent)
      byAgent.set(agent, kept)
      for (const [oldest, calls] of byAgent) {
        if (blocks <= maxBlocks || oldest === agent) break
        byAgent.delete(oldest)
        forget(calls)
      }
      return earlier
    },
  }
}

/** At least this share of what was said must have been sent again. */
const SAME_SHARE = 0.5

/**
 * The request that this one goes on from: most of what was said in it is said here too. Null for a new conversation, and
 * for side questions. Tools and system text do not count, which agents of one kind share.
 */
export function findBefore(now: SentPrompt, earlier: readonly SentCall[]): SentCall | null {
  const calls = earlier.filter(({ isAbandoned }) => !isAbandoned)
  if (calls.length === 0) return null
  const said = new Set<number>()
  for (const { part, print } of now.prefix.blocks) if (part === 'messages') said.add(print)
  let best: SentCall | null = null
  let most = 0
  for (const call of calls) {
    const { all, shared } = weighShared(call, said)
    if (shared > most && shared >= all * SAME_SHARE) {
      best = call
      most = shared
    }
  }
  return best
}

function weighShared(
  { prefix }: SentPrompt,
  said: ReadonlySet<number>,
): { readonly all: number; readonly shared: number } {
  let all = 0
  let shared = 0
  for (const { part, print, tokens } of prefix.blocks) {
    if (part !== 'messages') continue
    all += tokens
    if (said.has(print)) shared += tokens
  }
  return { all, shared }
}
