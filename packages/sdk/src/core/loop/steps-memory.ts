/**
 * What is remembered of an agent between its calls: which rounds are known, and what they cost. Plain JSON.
 *
 * A conversation shows its rounds itself, but not always all: the API may keep it (message threads), or it was
 * summarised. Then the rounds known before go on counting.
 */

import { addUsd, type NanoUsd, sumUsd, zeroUsd } from '../cost/money.js'
import type { AskedRounds } from './asked-rounds.js'
import type { Nudge } from './loop-nudge.js'
import type { LoopEpisode } from './loop-verdict.js'
import { MAX_ROUNDS, type SeenRound, type SeenRounds } from './steps.js'

/** Whose rounds they are. */
export interface AgentName {
  readonly session: string
  /** `''` for the session's own agent, else the id of a sub-agent. */
  readonly agent: string
}

/** The agent of a thread, which the API keeps: each has rounds of its own. @param message the id of its first answer */
export function threadOf({ session, agent }: AgentName, message: string): AgentName {
  const thread = `${THREAD}${message}`
  return { session, agent: agent === '' ? thread : `${agent}/${thread}` }
}

/** Whose thread it is, for people: the name without the thread. */
export function ownerOf({ session, agent }: AgentName): AgentName {
  if (agent.startsWith(THREAD)) return { session, agent: '' }
  const at = agent.lastIndexOf(`/${THREAD}`)
  return { session, agent: at < 0 ? agent : agent.slice(0, at) }
}

const THREAD = 'thread:'

/** A round that is known. */
export interface KnownRound {
  /** As in {@link SeenRound}. */
  readonly id: string
  /** What the call cost in which the model asked for it; less than that if RunGuard did not see the call. */
  readonly cost: NanoUsd
}

export interface AgentMemory extends AgentName {
  /** Goes up with every change that is kept; 0: kept nowhere. */
  readonly version: number
  /** Milliseconds since the epoch. */
  readonly seenAt: number
  /** The last rounds since a person wrote, the oldest first; at most {@link MAX_ROUNDS}. */
  readonly rounds: readonly KnownRound[]
  /** How many rounds there were in all: the next one gets this number. */
  readonly count: number
  /** The cost of calls whose round has not been seen yet. */
  readonly unplaced: NanoUsd
  /** The state of the loop detector over these rounds, as it gave it; null before the first. */
  readonly detector: unknown
  /** What was done so far about the loop the agent is in; null if it is in none. */
  readonly episode: LoopEpisode | null
  /** Texts that were put into the conversation, and must be in every later request too. */
  readonly nudges: readonly Nudge[]
  /** Where the API keeps the conversation: what the newest answer asked for, for the next request does not show it. */
  readonly asked: AskedRounds | null
  /** Resumptions by an operator up to here were heeded, or came before the agent; milliseconds since the epoch. */
  readonly resumedAt: number
}

/** What an agent is remembered by before anything was seen of it. */
export function unknownAgent({ session, agent }: AgentName): AgentMemory {
  return {
    session,
    agent,
    version: 0,
    seenAt: 0,
    rounds: [],
    count: 0,
    unplaced: zeroUsd,
    detector: null,
    episode: null,
    nudges: [],
    asked: null,
    resumedAt: 0,
  }
}

/** The id of the newest round that is known; null if none is. */
export function lastKnown({ rounds }: AgentMemory): string | null {
  return rounds.at(-1)?.id ?? null
}

/** What a request tells that was not known. */
export interface News {
  /**
   * What the new rounds belong to. Where they do not go on from those known before, the memory has been emptied: a person
   * wrote in between, or it is another conversation.
   */
  readonly memory: AgentMemory
  /** The rounds that are new, the oldest first; the first one has the number {@link AgentMemory.count}. */
  readonly fresh: readonly SeenRound[]
}

/** What else is known of a request. */
export interface RequestFacts {
  /** As in its {@link CallView}. */
  readonly hasUnseenPrompt: boolean
  /** A person may have written since the newest round that is known. */
  readonly isSpokenTo: boolean
}

/**
 * Finds out what is new.
 *
 * A request with no rounds since a person wrote changes nothing: it may be the person's next turn, but also a side
 * question of the client, such as one for a title. The turn begins with its first round; where the body does not show
 * the conversation, that round could not be told from those before, so there it begins at once.
 *
 * @param seen read up to {@link lastKnown}
 */
export function findNews(
  memory: AgentMemory,
  { rounds, opening }: SeenRounds,
  { hasUnseenPrompt, isSpokenTo }: RequestFacts,
): News {
  if (opening === 'person' && hasUnseenPrompt) return { memory: forgetRounds(memory), fresh: rounds }
  if (rounds.length === 0 || opening === 'known') return { memory, fresh: rounds }
  // What is not shown may be known: all of it, or all but what a summary has left standing.
  if (opening === 'start') {
    const fresh = rounds.slice(countKnown(memory, rounds))
    // Of the person's words a summary shows nothing; so it is remembered that there were some.
    return { memory: isSpokenTo && fresh.length > 0 ? forgetRounds(memory) : memory, fresh }
  }
  return { memory: forgetRounds(memory), fresh: rounds }
}

function countKnown(memory: AgentMemory, rounds: readonly SeenRound[]): number {
  const known = new Set(memory.rounds.map(({ id }) => id))
  return rounds.findLastIndex(({ id }) => known.has(id)) + 1
}

/** What came before counts no more: a person wrote, or an operator opened the way. */
export function forgetRounds(memory: AgentMemory): AgentMemory {
  return { ...memory, rounds: [], detector: null, episode: null }
}

/** The memory with the new rounds in it. What is still unplaced of the costs was paid for the newest of them. */
export function rememberRounds(memory: AgentMemory, fresh: readonly SeenRound[], at: number): AgentMemory {
  if (fresh.length === 0) return { ...memory, seenAt: at }
  const added = fresh.map(({ id }, index): KnownRound => {
    return { id, cost: index === fresh.length - 1 ? memory.unplaced : zeroUsd }
  })
  return {
    ...memory,
    seenAt: at,
    rounds: [...memory.rounds, ...added].slice(-MAX_ROUNDS),
    count: memory.count + fresh.length,
    unplaced: zeroUsd,
  }
}

/** A call of the agent has cost so much. */
export function rememberCost(memory: AgentMemory, cost: NanoUsd): AgentMemory {
  return { ...memory, unplaced: addUsd(memory.unplaced, cost) }
}

/** What the rounds from one on cost, by its number, as far as it is known; nothing for null. */
export function costSince({ rounds, count }: AgentMemory, round: number | null): NanoUsd {
  if (round === null || round >= count) return zeroUsd
  return sumUsd(rounds.slice(round - count).map(({ cost }) => cost))
}
