/** Agents: what is remembered of each between its calls, in this process and in the store that gateways share. */

import type { RequestKey } from '../core/conversation.js'
import { SessionLoopDetector } from '../core/loop-session.js'
import type { LoopAction } from '../core/loop-verdict.js'
import { type AgentMemory, type AgentName, forgetRounds, unknownAgent } from '../core/steps-memory.js'
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
}

/** The agents that are known. */
export interface Agents {
  /** Asks the store only for one that this process has not seen, and goes on without it if it does not answer. */
  find(name: AgentName): KnownAgent | Promise<KnownAgent>
  /** Without asking anybody; null if this process does not know it. */
  recall(name: AgentName): KnownAgent | null
  /** To be kept: at once where later calls depend on it, else within seconds. */
  keep(agent: KnownAgent, isUrgent: boolean): void
  /** Resolves when everything was kept, or could not be. */
  flush(): Promise<void>
}

/** A detector has some kilobytes; who is forgotten here is in the store, or in the next request's conversation. */
const MAX_KNOWN = 2_000
const KEEP_AFTER_MS = 10_000

/** No agents yet. */
export function rememberAgents(store: SessionStore, runtime: Runtime): Agents {
  const known = new Map<string, KnownAgent>()
  const unkept = new Set<KnownAgent>()
  const saving = new Map<KnownAgent, Promise<void>>()
  let isDue = false

  const recall = (name: AgentName): KnownAgent | null => {
    const key = keyOf(name)
    const agent = known.get(key)
    if (agent === undefined) return null
    known.delete(key)
    known.set(key, agent)
    return agent
  }
  const admit = (agent: KnownAgent): KnownAgent => {
    const already = recall(agent.memory)
    if (already !== null) return already
    known.set(keyOf(agent.memory), agent)
    const [oldest] = known.keys()
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    return agent
  }
  const save = (agent: KnownAgent): Promise<void> => {
    const running = saving.get(agent)
    // What changed meanwhile is kept when that is done.
    if (running !== undefined) return running.then(() => (unkept.has(agent) ? save(agent) : undefined))
    unkept.delete(agent)
    const saved = saveAgent(store, agent)
      .catch((error: unknown) => runtime.log.warn('agent-not-kept', { error: String(error) }))
      .finally(() => saving.delete(agent))
    saving.set(agent, saved)
    return saved
  }
  const flush = async (): Promise<void> => {
    await Promise.all([...saving.values(), ...[...unkept].map(save)])
  }
  const keepSoon = (): void => {
    if (isDue) return
    isDue = true
    runtime.schedule(KEEP_AFTER_MS, () => {
      isDue = false
      void flush()
    })
  }
  return {
    find: (name) => recall(name) ?? load(store, runtime, name).then(admit),
    recall,
    keep: (agent, isUrgent) => {
      unkept.add(agent)
      if (isUrgent) void save(agent)
      else keepSoon()
    },
    flush,
  }
}

function keyOf({ session, agent }: AgentName): string {
  return JSON.stringify([session, agent])
}

async function load(store: SessionStore, runtime: Runtime, name: AgentName): Promise<KnownAgent> {
  try {
    return openAgent((await store.findAgent(name)) ?? unknownAgent(name))
  } catch (error) {
    runtime.log.warn('agent-not-read', { error: String(error) })
    return openAgent(unknownAgent(name))
  }
}

/** What another version kept is not understood: then the rounds are read again from the conversation. */
function openAgent(memory: AgentMemory): KnownAgent {
  if (memory.detector === null) return { memory, detector: new SessionLoopDetector(), request: null, told: null }
  try {
    return { memory, detector: SessionLoopDetector.from(memory.detector), request: null, told: null }
  } catch {
    return { memory: forgetRounds(memory), detector: new SessionLoopDetector(), request: null, told: null }
  }
}

/**
 * The newest writer wins: both saw the same conversation. Only what a person or a nudge added elsewhere is taken over, for
 * the conversation does not show it.
 */
async function saveAgent(store: SessionStore, agent: KnownAgent): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const next = { ...agent.memory, version: agent.memory.version + 1, detector: agent.detector.toJSON() }
    const isKept = await store.changeAgent(next)
    if (isKept) {
      agent.memory = { ...agent.memory, version: next.version }
      return
    }
    const other = await store.findAgent(agent.memory)
    agent.memory = other === null ? { ...agent.memory, version: 0 } : takeOver(agent.memory, other)
  }
}

function takeOver(own: AgentMemory, other: AgentMemory): AgentMemory {
  const isOwn = new Set(own.nudges.map(({ message, anchor }) => `${message} ${anchor}`))
  const added = other.nudges.filter(({ message, anchor }) => !isOwn.has(`${message} ${anchor}`))
  const resumedAt = Math.max(own.resumedAt, other.resumedAt)
  return { ...own, version: other.version, nudges: [...added, ...own.nudges], resumedAt }
}
