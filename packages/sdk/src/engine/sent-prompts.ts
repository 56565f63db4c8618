/** The prompts that agents sent lately, so that it can be told why one was not read again. */

import { moveToEnd, roomOf } from '../core/bounded/bounded.js'
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

/** Whose prompt it is. */
export interface PromptOwner {
  /** With the credential that it is sent with. */
  readonly session: string
  /** Of the session. */
  readonly agent: string
}

/** What was sent before, the newest first. */
export interface EarlierPrompts {
  /** By the agent itself. */
  readonly own: readonly SentCall[]
  /** By the other agents of the session, the last of each. */
  readonly others: readonly SentCall[]
}

/** What is remembered of agents. */
export interface SentPrompts {
  /** Notes a prompt, and answers those that were sent before it. */
  note(owner: PromptOwner, call: SentCall): EarlierPrompts
}

/** Agents that share a session ask side questions in between: the conversation goes on in one of the last few. */
const PROMPTS_PER_AGENT = 4
/** One of the last few to begin has what the next one begins with. */
const MAX_OTHERS = 8
const DEFAULT_MAX_BLOCKS = 100_000

/** Holds prompts of at most `maxBlocks` blocks, about 200 bytes each; agents that were not heard of for longest go first. */
export function rememberPrompts(maxBlocks: number = DEFAULT_MAX_BLOCKS): SentPrompts {
  const sessions = new Map<string, Map<string, readonly SentCall[]>>()
  let blocks = 0
  const forget = (calls: readonly SentCall[]): void => {
    for (const { prompt } of calls) blocks -= prompt.blocks.length
  }
  const shrink = (): void => {
    for (const [session, agents] of sessions) {
      for (const [agent, calls] of agents) {
        if (blocks <= roomOf(maxBlocks) || (sessions.size === 1 && agents.size === 1)) return
        agents.delete(agent)
        forget(calls)
        if (agents.size === 0) sessions.delete(session)
      }
    }
  }
  return {
    note({ session, agent }, call) {
      const agents = sessions.get(session) ?? new Map<string, readonly SentCall[]>()
      const own = agents.get(agent) ?? []
      const others = lastOfOthers(agents, agent)
      blocks += call.prompt.blocks.length
      moveToEnd(agents, agent, [call, ...own.slice(0, PROMPTS_PER_AGENT - 1)])
      forget(own.slice(PROMPTS_PER_AGENT - 1))
      moveToEnd(sessions, session, agents)
      if (blocks > maxBlocks) shrink()
      return { own, others }
    },
  }
}

function lastOfOthers(agents: ReadonlyMap<string, readonly SentCall[]>, own: string): readonly SentCall[] {
  const others: SentCall[] = []
  for (const [agent, [last]] of agents) if (agent !== own && last !== undefined) others.push(last)
  return others.slice(-MAX_OTHERS).reverse()
}

/**
 * The request of another conversation that has most in common with this one, from the start on; null if none has
 * anything. Only what is kept in the same cache can be shared.
 */
export function findSibling(now: SentPrompt, others: readonly SentCall[]): SentCall | null {
  let best: SentCall | null = null
  let most = 0
  for (const call of others) {
    if (call.isAbandoned || call.prompt.space !== now.prompt.space) continue
    const shared = countShared(call.prompt.blocks, now.prompt.blocks)
    if (shared <= most) continue
    best = call
    most = shared
  }
  return best
}

function countShared(left: readonly { readonly key: number }[], right: readonly { readonly key: number }[]): number {
  let shared = 0
  while (shared < left.length && left[shared]?.key === right[shared]?.key) shared += 1
  return shared
}

/** At least this share of what was said must have been sent again. */
const SAME_SHARE = 0.5

/**
 * The request that this one goes on from: most of what was said in it is said here too. Null for a new conversation, and
 * for side questions. Tools and system text do not count, which agents of one kind share.
 */
export function findBefore(now: SentPrompt, earlier: readonly SentCall[]): SentCall | null {
  let said: ReadonlySet<number> | null = null
  let best: SentCall | null = null
  let most = 0
  for (const call of earlier) {
    if (call.isAbandoned) continue
    const isWhole = isBeginning(call, now)
    if (!isWhole) said ??= printsSaid(now)
    const { all, shared } = weighShared(call, isWhole ? null : said)
    if (shared > most && shared >= all * SAME_SHARE) {
      best = call
      most = shared
    }
  }
  return best
}

/** Whether all of a prompt is said again, at its place: as a rule, of each before the next. */
function isBeginning({ prefix }: SentPrompt, now: SentPrompt): boolean {
  const last = prefix.blocks.length - 1
  return last >= 0 && prefix.blocks[last]?.key === now.prefix.blocks[last]?.key
}

function printsSaid({ prefix }: SentPrompt): ReadonlySet<number> {
  const said = new Set<number>()
  for (const { part, print } of prefix.blocks) if (part === 'messages') said.add(print)
  return said
}

/** @param said now; null for all of the prompt */
function weighShared(
  { prefix }: SentPrompt,
  said: ReadonlySet<number> | null,
): { readonly all: number; readonly shared: number } {
  let all = 0
  let shared = 0
  for (const { part, print, tokens } of prefix.blocks) {
    if (part !== 'messages') continue
    all += tokens
    if (said === null || said.has(print)) shared += tokens
  }
  return { all, shared }
}
