import { describe, expect, it } from 'vitest'
import { nanoUsd } from '../core/cost/money.js'
import { type AgentMemory, rememberCost } from '../core/loop/steps-memory.js'
import { memoryStore } from '../store/memory.js'
import type { SessionStore } from '../store/session-store.js'
import { manualRuntime } from '../testing/manual-runtime.js'
import { type Agents, type KnownAgent, rememberAgents } from './agents.js'

const name = (session: string) => ({ session, agent: '' })

/** A store that can go away, and counts what it is asked to keep. */
function countingStore() {
  const inner = memoryStore()
  const state = { isAway: false, kept: 0, running: 0, mostRunning: 0 }
  const changeAgent = async (memory: AgentMemory): Promise<boolean> => {
    state.mostRunning = Math.max(state.mostRunning, ++state.running)
    await Promise.resolve()
    state.running -= 1
    state.kept += 1
    if (state.isAway) throw new Error('the store is away')
    return inner.changeAgent(memory)
  }
  const store: SessionStore = { ...inner, changeAgent }
  return { store, state }
}

async function meet(agents: Agents, session: string): Promise<KnownAgent> {
  const agent = await agents.find(name(session))
  agent.memory = rememberCost(agent.memory, nanoUsd(5))
  return agent
}

describe('what is known of agents', () => {
  it('is kept within seconds, one after the other, and found by another process', async () => {
    const { store, state } = countingStore()
    const runtime = manualRuntime()
    const agents = rememberAgents(store, runtime)
    for (let index = 0; index < 20; index++) agents.keepSoon(await meet(agents, `s${index}`))
    expect(state.kept).toBe(0)
    runtime.advance(10_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(state).toMatchObject({ kept: 20, mostRunning: 1 })
    expect((await rememberAgents(store, runtime).find(name('s7'))).memory.unplaced).toBe(5)
  })

  it('survives a store that is away: nobody waits, it is asked once a round, and all is kept later', async () => {
    const { store, state } = countingStore()
    const runtime = manualRuntime()
    const agents = rememberAgents(store, runtime)
    state.isAway = true
    for (let index = 0; index < 20; index++) agents.keepSoon(await meet(agents, `s${index}`))
    await agents.flush()
    expect(state.kept).toBe(1)
    expect(runtime.lines.map(({ event }) => event)).toEqual(['agent-not-kept'])
    state.isAway = false
    await agents.flush()
    expect(await store.listSessions(50)).toHaveLength(20)
  })

  it('is kept at once where there is much of it, and calls have their turn in between', async () => {
    const { store, state } = countingStore()
    let turns = 0
    const soon = (task: () => void) => {
      turns += 1
      queueMicrotask(task)
    }
    const agents = rememberAgents(store, { ...manualRuntime(), soon })
    for (let index = 0; index <= 500; index++) agents.keepSoon(await meet(agents, `s${index}`))
    await new Promise((resolve) => setImmediate(resolve))
    expect(state).toMatchObject({ kept: 501, mostRunning: 1 })
    expect(turns).toBe(10)
  })

  it('is the newest of two processes, and what a person or a nudge added elsewhere', async () => {
    const store = memoryStore()
    const [one, other] = [rememberAgents(store, manualRuntime()), rememberAgents(store, manualRuntime())]
    const [mine, theirs] = [await meet(one, 's'), await meet(other, 's')]
    const nudge = { message: 4, anchor: 'call:t3', text: 'look again' }
    theirs.memory = { ...theirs.memory, nudges: [nudge], resumedAt: Number.MAX_SAFE_INTEGER }
    await other.keepNow(theirs)
    mine.memory = rememberCost(mine.memory, nanoUsd(3))
    await one.keepNow(mine)
    const found = (await rememberAgents(store, manualRuntime()).find(name('s'))).memory
    expect(found).toMatchObject({ unplaced: 8, nudges: [nudge], resumedAt: Number.MAX_SAFE_INTEGER, version: 2 })
  })

  it('is kept with what changed while it was being kept', async () => {
    const { store } = countingStore()
    const agents = rememberAgents(store, manualRuntime())
    const agent = await meet(agents, 's')
    const first = agents.keepNow(agent)
    agent.memory = rememberCost(agent.memory, nanoUsd(3))
    await Promise.all([first, agents.keepNow(agent)])
    expect((await store.findAgent(name('s')))?.unplaced).toBe(8)
  })
})
