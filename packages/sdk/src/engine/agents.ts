/** Agents: what is remembered of each between its calls, in this process and in the store that gateways share. */

import type { RequestKey } from '../core/body/conversation.js'
import { forgetOldest, moveToEnd } from '../core/bounded/bounded.js'
import type { LoopLimits } from '../core/loop/loop-limits.js'
import { SessionLoopDetector } from '../core/loop/loop-session.js'
import type { LoopAction } from '../core/loop/loop-verdict.js'
import { type AgentMemory, type AgentName, forgetRounds, unknownAgent } from '../core/loop/steps-memory.js'
import type { SessionStore } from '../store/session-store.js'
import type { Runtime } from './runtime.js'

/** An agent as this process knows it. */
export interface KnownAgent {
  /** Replaced as a whole with every change. Its `detector` is filled in only when it is kept. */
  memory: AgentMemory
  /** The detector over the rounds of `memory`. */
  readonly detector: SessionLoopDetector
  /** Its last request; null before the first. */
  request: RequestKey | null
  /** What this process last did about its loop; null if it is in none. */
  told: LoopAction | null
  /** The newest round of the conversation that was last stopped. */
  stoppedAt: string | null
  /** The answer that it was kept with last; null if with none. */
  keptAsked: string | null
  /** A person may have written since the newest round that is known. */
  isSpokenTo: boolean
}

/** The agents that are known. */
export interface Agents {
  /** Asks the store only for one that this process has not seen, and goes on without it if it does not answer. */
  find(name: AgentName): KnownAgent | Promise<KnownAgent>
  /** Without asking anybody; null if this process does not know it. */
  recall(name: AgentName): KnownAgent | null
  /** Takes one in as it is remembered, unless a newer state of it is known already. */
  adopt(memory: AgentMemory): KnownAgent
  /** To be kept within seconds. */
  keepSoon(agent: KnownAgent): void
  /** Resolves when it was kept, or could not be. */
  keepNow(agent: KnownAgent): Promise<void>
  /** Resolves when everything was kept, or could not be. */
  flush(): Promise<void>
}

/** A detector has some kilobytes; who is forgotten here is in the store, or in the next request's conversation. */
const MAX_KNOWN = 2_000
const KEEP_AFTER_MS = 10_000
/** With more than this, nobody waits until it is time. */
const MAX_UNKEPT = 500
/** So many are written out in a row before calls have their turn again. */
const SLICE = 50

/** No agents yet. @param limits of their detectors */
export function rememberAgents(store: SessionStore, runtime: Runtime, limits: Partial<LoopLimits> = {}): Agents {
  const known = new Map<string, KnownAgent>()
  const shelf = new AgentShelf(store, runtime)

  const recall = (name: AgentName): KnownAgent | null => {
    const key = keyOf(name)
    const agent = known.get(key)
    if (agent === undefined) return null
    moveToEnd(known, key, agent)
    return agent
  }
  const admit = (agent: KnownAgent): KnownAgent => {
    const already = recall(agent.memory)
    if (already !== null) return already
    known.set(keyOf(agent.memory), agent)
    forgetOldest(known, MAX_KNOWN)
    return agent
  }
  return {
    find: (name) => recall(name) ?? load(store, runtime, name).then((memory) => admit(openAgent(memory, limits))),
    recall,
    adopt: (memory) => {
      const already = recall(memory)
      if (already !== null && already.memory.version < memory.version) known.delete(keyOf(memory))
      return admit(openAgent(memory, limits))
    },
    keepSoon: (agent) => shelf.keepSoon(agent),
    keepNow: (agent) => shelf.keepNow(agent),
    flush: () => shelf.flush(),
  }
}

/** What brings agents into the store. */
class AgentShelf {
  private readonly store: SessionStore
  private readonly runtime: Runtime
  private readonly unkept = new Set<KnownAgent>()
  private readonly saving = new Map<KnownAgent, Promise<boolean>>()
  private isDue = false
  private flushing: Promise<void> | null = null

  constructor(store: SessionStore, runtime: Runtime) {
    this.store = store
    this.runtime = runtime
  }

  keepSoon(agent: KnownAgent): void {
    this.add(agent)
    if (this.unkept.size === MAX_UNKEPT + 1) void this.flush()
    if (this.isDue) return
    this.isDue = true
    this.runtime.schedule(KEEP_AFTER_MS, () => {
      this.isDue = false
      void this.flush()
    })
  }

  async keepNow(agent: KnownAgent): Promise<void> {
    this.add(agent)
    await this.save(agent)
  }

  flush(): Promise<void> {
    this.flushing ??= this.keepAll().finally(() => {
      this.flushing = null
    })
    return this.flushing
  }

  /** One by one, the oldest first, for calls wait for the same store; and not at all if it is away. */
  private async keepAll(): Promise<void> {
    let isKept = true
    for (let count = 1; isKept && this.unkept.size > 0; count++) {
      const [oldest] = this.unkept
      if (oldest !== undefined) isKept = await this.save(oldest)
      if (count % SLICE === 0) await new Promise<void>((resolve) => this.runtime.soon(resolve))
    }
    await Promise.all(this.saving.values())
  }

  private add(agent: KnownAgent): void {
    this.unkept.add(agent)
    const [oldest] = this.unkept
    if (this.unkept.size > MAX_KNOWN && oldest !== undefined) this.unkept.delete(oldest)
  }

  /** False if it could not be kept; then it stays to be kept. */
  private save(agent: KnownAgent): Promise<boolean> {
    const running = this.saving.get(agent)
    // What changed meanwhile is kept when that is done.
    if (running !== undefined) {
      return running.then((isKept) => (isKept && this.unkept.has(agent) ? this.save(agent) : isKept))
    }
    this.unkept.delete(agent)
    const saved = trySaving(this.store, this.runtime, agent).then((isKept) => {
      this.saving.delete(agent)
      if (!isKept) this.add(agent)
      return isKept
    })
    this.saving.set(agent, saved)
    return saved
  }
}

async function trySaving(store: SessionStore, runtime: Runtime, agent: KnownAgent): Promise<boolean> {
  try {
    await saveAgent(store, agent)
    return true
  } catch (error) {
    runtime.log.warn('agent-not-kept', { error: String(error) })
    return false
  }
}

/** The length in front keeps names apart that hold whatever callers send. */
function keyOf({ session, agent }: AgentName): string {
  return `${session.length}:${session}:${agent}`
}

async function load(store: SessionStore, runtime: Runtime, name: AgentName): Promise<AgentMemory> {
  try {
    // Who begins now was not meant by what an operator said before.
    return (await store.findAgent(name)) ?? { ...unknownAgent(name), resumedAt: runtime.now() }
  } catch (error) {
    runtime.log.warn('agent-not-read', { error: String(error) })
    return unknownAgent(name)
  }
}

/** What another version kept is not understood: then the rounds are read again from the conversation. */
function openAgent(kept: AgentMemory, limits: Partial<LoopLimits>): KnownAgent {
  // What was kept before there were threads says nothing of them.
  const memory: AgentMemory = { ...kept, asked: kept.asked ?? null }
  const keptAsked = memory.asked?.message ?? null
  const unasked = { request: null, told: null, stoppedAt: null, keptAsked, isSpokenTo: false }
  if (memory.detector === null) return { ...unasked, memory, detector: new SessionLoopDetector(limits) }
  try {
    return { ...unasked, memory, detector: SessionLoopDetector.from(memory.detector, limits) }
  } catch {
    return { ...unasked, memory: forgetRounds(memory), detector: new SessionLoopDetector(limits) }
  }
}

/**
 * The newest writer wins: both saw the same conversation. Only what a person or a nudge added elsewhere is taken over, for
 * the conversation does not show it. Of a thread only whoever heard the newest answer saw all.
 */
async function saveAgent(store: SessionStore, agent: KnownAgent): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const next = { ...agent.memory, version: agent.memory.version + 1, detector: agent.detector.toJSON() }
    const isKept = await store.changeAgent(next)
    if (isKept) {
      agent.memory = { ...agent.memory, version: next.version }
      agent.keptAsked = next.asked?.message ?? null
      return
    }
    const other = await store.findAgent(agent.memory)
    if (other !== null && isOvertaken(agent, other)) return
    agent.memory = other === null ? { ...agent.memory, version: 0 } : takeOver(agent.memory, other)
  }
}

/** The API has answered the thread elsewhere, and nothing here since: what is known here is old. */
function isOvertaken({ memory, keptAsked }: KnownAgent, other: AgentMemory): boolean {
  const answered = other.asked?.message ?? null
  return answered !== keptAsked && (memory.asked?.message ?? null) === keptAsked
}

function takeOver(own: AgentMemory, other: AgentMemory): AgentMemory {
  const isOwn = new Set(own.nudges.map(({ message, anchor }) => `${message} ${anchor}`))
  const added = other.nudges.filter(({ message, anchor }) => !isOwn.has(`${message} ${anchor}`))
  const resumedAt = Math.max(own.resumedAt, other.resumedAt)
  return { ...own, version: other.version, nudges: [...added, ...own.nudges], resumedAt }
}
