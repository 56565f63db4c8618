/**
 * Threads: conversations that the API keeps. A request on one names the answer it goes on from, so rounds are remembered
 * by that. Each thread has its rounds for itself: of two in one session neither could be read again from its body.
 */

import type { ThreadView } from '../core/body/call.js'
import { isSessionOf, unnamedSession } from '../core/body/conversation.js'
import { forgetOldest } from '../core/bounded/bounded.js'
import type { Scope } from '../core/budget/scope.js'
import { zeroUsd } from '../core/cost/money.js'
import type { AskedRounds } from '../core/loop/asked-rounds.js'
import { type AgentName, forgetRounds, threadOf, unknownAgent } from '../core/loop/steps-memory.js'
import type { SessionStore } from '../store/session-store.js'
import type { Agents, KnownAgent } from './agents.js'
import type { Runtime } from './runtime.js'

/** The threads that are known. */
export interface Threads {
  /** The agent that an answer asked for calls; one that nothing is known of, if nobody saw the answer. Never rejects. */
  find(scope: Scope, previous: string): KnownAgent | Promise<KnownAgent>
  /** An answer has come, in a thread that begins with it or goes on. */
  answered(agent: KnownAgent, asked: AskedRounds, turn: ThreadTurn): void
}

/** What is known of the request that was answered. */
export interface ThreadTurn {
  readonly thread: ThreadView
  /** Whether it answered a person's message and not a tool's result. */
  readonly isFromPerson: boolean
}

/** No threads yet. */
export function followThreads(agents: Agents, store: SessionStore, runtime: Runtime): Threads {
  return new KnownThreads(agents, store, runtime)
}

const MAX_KNOWN = 2_000

class KnownThreads implements Threads {
  private readonly agents: Agents
  private readonly store: SessionStore
  private readonly runtime: Runtime
  /** Who asked for the calls of an answer, by its id. */
  private readonly askers = new Map<string, AgentName>()

  constructor(agents: Agents, store: SessionStore, runtime: Runtime) {
    this.agents = agents
    this.store = store
    this.runtime = runtime
  }

  find(scope: Scope, previous: string): KnownAgent | Promise<KnownAgent> {
    const name = this.askers.get(previous)
    const agent = name === undefined ? null : this.agents.recall(name)
    if (agent?.memory.asked?.message === previous && isSessionOf(scope, agent.memory.session)) return agent
    return this.load(scope, previous)
  }

  answered(agent: KnownAgent, asked: AskedRounds, { thread, isFromPerson }: ThreadTurn): void {
    const own = thread.previous === null ? this.open(agent, asked.message, isFromPerson) : agent
    if (own.memory.asked !== null) this.askers.delete(own.memory.asked.message)
    own.memory = { ...own.memory, asked, seenAt: this.runtime.now() }
    this.askers.set(asked.message, { session: own.memory.session, agent: own.memory.agent })
    forgetOldest(this.askers, MAX_KNOWN)
    // The next request shows no calls, whoever it comes to.
    void this.agents.keepNow(own)
  }

  /** The thread begins where the conversation stands: with the rounds that were sent with it. */
  private open(agent: KnownAgent, message: string, isFromPerson: boolean): KnownAgent {
    const { memory, detector } = agent
    // Its first call was paid for the thread.
    agent.memory = { ...memory, unplaced: zeroUsd }
    const here = { ...memory, ...threadOf(memory, message), version: 0, nudges: [], asked: null }
    return this.agents.adopt(isFromPerson ? forgetRounds(here) : { ...here, detector: detector.toJSON() })
  }

  private async load(scope: Scope, previous: string): Promise<KnownAgent> {
    try {
      const memory = await this.store.findAsker(previous)
      if (memory !== null && isSessionOf(scope, memory.session)) return this.agents.adopt(memory)
    } catch (error) {
      this.runtime.log.warn('agent-not-read', { error: String(error) })
    }
    const name = { session: scope.session ?? unnamedSession(previous), agent: scope.agent ?? '' }
    return this.agents.adopt({ ...unknownAgent(threadOf(name, previous)), resumedAt: this.runtime.now() })
  }
}
