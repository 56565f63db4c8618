/** What gateways share about running sessions: the interface says what something means, the stores keep it. */

import type { Breaker } from '../core/breaker/breaker.js'
import type { BreakerSample } from '../core/breaker/breaker-meter.js'
import type { AgentMemory, AgentName } from '../core/loop/steps-memory.js'

/** What an operator said about a session. */
export interface SessionMark {
  readonly session: string
  /** Rounds up to this moment count no more, milliseconds since the epoch; 0: all count. */
  readonly resumedAt: number
  /** True if its loops are no longer looked for. */
  readonly isExempt: boolean
  /** Who said so last, and when, milliseconds since the epoch. */
  readonly by: string
  readonly at: number
}

/** What was counted of one breaker in one span of time. */
export interface KeptSample {
  /** Of the breaker. */
  readonly key: string
  readonly sample: BreakerSample
}

/** Which samples. */
export interface SampleQuery {
  readonly keys: readonly string[]
  /** Milliseconds since the epoch: only spans that begin after it. */
  readonly since: number
  /** Whoever asks knows what he counted himself. */
  readonly exceptOwner: string
}

/** A session of which something is remembered. */
export interface SessionRow {
  readonly session: string
  /** How many agents it has, the main one included, as far as they went in rounds. */
  readonly agents: number
  /** When one of them was last seen; where nothing is known of any, when the session was marked. Milliseconds since the epoch. */
  readonly seenAt: number
  /** True if one of them is in a loop about which something was done. */
  readonly isLooping: boolean
  readonly mark: SessionMark | null
}

/**
 * Breakers, and what is remembered of agents between their calls.
 *
 * Values with a version are changed by comparing: a value is kept if the one before it is the one that was kept, and
 * else its owner reads again. So nothing of two changes at the same moment is lost.
 */
export interface SessionStore {
  /** In no order; a breaker that nothing has happened to is not there. */
  readBreakers(keys: readonly string[]): Promise<readonly Breaker[]>
  /** Those that are not closed, the last changed first. */
  listBreakers(limit: number): Promise<readonly Breaker[]>
  /** Keeps the breaker if the version before it is the one that is kept (for 1: if none is). False if not. */
  changeBreaker(breaker: Breaker): Promise<boolean>
  /** Keeps what a process counted, in place of what it said of the same spans before. */
  putSamples(owner: string, samples: readonly KeptSample[]): Promise<void>
  /** What others counted, in sum, the oldest span of each breaker first. */
  readSamples(query: SampleQuery): Promise<readonly KeptSample[]>
  /** Forgets spans that began before a moment, in milliseconds since the epoch. */
  forgetSamples(before: number): Promise<void>
  /** Null if nothing is remembered. */
  findAgent(name: AgentName): Promise<AgentMemory | null>
  /** The agent that an answer of the API, named by its id, asked for calls; null if none is remembered. */
  findAsker(message: string): Promise<AgentMemory | null>
  /** As {@link changeBreaker}. */
  changeAgent(memory: AgentMemory): Promise<boolean>
  /** Null if nobody said anything about the session. */
  findMark(session: string): Promise<SessionMark | null>
  /** Replaces the mark of the session. */
  putMark(mark: SessionMark): Promise<void>
  /** The last seen first. */
  listSessions(limit: number): Promise<readonly SessionRow[]>
  /**
   * Forgets what is older than a moment in milliseconds since the epoch: agents not seen since, marks not changed since, of
   * sessions that have no agents any more, and breakers closed since.
   */
  forgetSessions(before: number): Promise<void>
}
