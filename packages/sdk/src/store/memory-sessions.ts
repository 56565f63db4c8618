/** Breakers and the memory of agents without a disk: the reference for the other stores. */

import type { Breaker } from '../core/breaker/breaker.js'
import type { AgentMemory, AgentName } from '../core/loop/steps-memory.js'
import { memorySamples } from './memory-samples.js'
import type { SessionMark, SessionRow, SessionStore } from './session-store.js'
import { compareText } from './summary.js'

/** An empty store of sessions. Values are kept as text, as everywhere: whoever changes one later changes nothing here. */
export function memorySessions(): SessionStore {
  const breakers = new Versions<Breaker>()
  const agents = new Versions<AgentMemory>()
  const askers = new Askers()
  const marks = new Map<string, SessionMark>()
  return {
    ...memoryBreakers(breakers),
    ...memorySamples(),
    async findAgent(name) {
      return agents.find(agentKey(name))
    },
    async findAsker(message) {
      const key = askers.find(message)
      return key === null ? null : agents.find(key)
    },
    async changeAgent(memory) {
      const key = agentKey(memory)
      const isKept = agents.change(key, memory)
      if (isKept) askers.keep(key, memory.asked?.message ?? null)
      return isKept
    },
    async findMark(session) {
      return marks.get(session) ?? null
    },
    async putMark(mark) {
      marks.set(mark.session, { ...mark })
    },
    async listSessions(limit) {
      return listRows(agents.all(), marks).slice(0, limit)
    },
    async forgetSessions(before) {
      breakers.forget(({ state, changedAt }) => state.kind === 'closed' && changedAt < before)
      for (const key of agents.forget(({ seenAt }) => seenAt < before)) askers.keep(key, null)
      const alive = new Set(agents.all().map(({ session }) => session))
      for (const { session, at } of marks.values()) if (at < before && !alive.has(session)) marks.delete(session)
    },
  }
}

function memoryBreakers(
  breakers: Versions<Breaker>,
): Pick<SessionStore, 'readBreakers' | 'listBreakers' | 'changeBreaker'> {
  return {
    async readBreakers(keys) {
      return keys.flatMap((key) => breakers.find(key) ?? [])
    },
    async listBreakers(limit) {
      const open = breakers.all().filter(({ state }) => state.kind !== 'closed')
      return open.sort((a, b) => b.changedAt - a.changedAt || compareText(a.key, b.key)).slice(0, limit)
    },
    async changeBreaker(breaker) {
      return breakers.change(breaker.key, breaker)
    },
  }
}

/** One text that no two names share. */
function agentKey({ session, agent }: AgentName): string {
  return JSON.stringify([session, agent])
}

class Versions<T extends { readonly version: number }> {
  private readonly kept = new Map<string, { readonly version: number; readonly text: string }>()

  find(key: string): T | null {
    const text = this.kept.get(key)?.text
    return text === undefined ? null : (JSON.parse(text) as T)
  }

  all(): T[] {
    return [...this.kept.values()].map(({ text }) => JSON.parse(text) as T)
  }

  change(key: string, value: T): boolean {
    if ((this.kept.get(key)?.version ?? 0) !== value.version - 1) return false
    this.kept.set(key, { version: value.version, text: JSON.stringify(value) })
    return true
  }

  /** Gives the keys of what it forgot. */
  forget(isForgotten: (value: T) => boolean): readonly string[] {
    const forgotten = [...this.kept].filter(([, { text }]) => isForgotten(JSON.parse(text) as T)).map(([key]) => key)
    for (const key of forgotten) this.kept.delete(key)
    return forgotten
  }
}

/** The keys of agents by the answer that asked them for calls: anybody may name one that is not there. */
class Askers {
  private readonly agents = new Map<string, string>()
  private readonly answers = new Map<string, string>()

  find(answer: string): string | null {
    return this.agents.get(answer) ?? null
  }

  keep(agent: string, answer: string | null): void {
    const before = this.answers.get(agent)
    this.answers.delete(agent)
    if (before !== undefined && this.agents.get(before) === agent) this.agents.delete(before)
    if (answer === null) return
    this.answers.set(agent, answer)
    this.agents.set(answer, agent)
  }
}

function listRows(agents: readonly AgentMemory[], marks: ReadonlyMap<string, SessionMark>): SessionRow[] {
  const rows = new Map<string, SessionRow>()
  for (const mark of marks.values()) rows.set(mark.session, emptyRow(mark.session, mark, mark.at))
  for (const { session, seenAt, episode } of agents) {
    const row = rows.get(session) ?? emptyRow(session, null, 0)
    const lastSeen = row.agents === 0 ? seenAt : Math.max(row.seenAt, seenAt)
    const isLooping = row.isLooping || episode !== null
    rows.set(session, { ...row, agents: row.agents + 1, seenAt: lastSeen, isLooping })
  }
  return [...rows.values()].sort((a, b) => b.seenAt - a.seenAt || compareText(a.session, b.session))
}

function emptyRow(session: string, mark: SessionMark | null, seenAt: number): SessionRow {
  return { session, agents: 0, seenAt, isLooping: false, mark }
}
