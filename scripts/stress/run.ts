/** One run: gateways, clients and an upstream that bills; then everything that they left behind. */

import type { CallRecord } from '@runguard/sdk/core'
import { startSimulator } from '@runguard/simulator'
import { planBudgets } from './budgets.js'
import { makeCall, type Outcome, openConnections } from './client.js'
import { type Evidence, findFacts, type RunFindings } from './findings.js'
import type { Books, Place, Writes } from './gateway-task.js'
import { GatewaySlot } from './gateways.js'
import { type PlannedCall, planLoad } from './load.js'
import { type Random, seededRandom } from './random.js'

/** What one run is made of. */
export interface RunTask {
  readonly place: Place
  readonly processes: number
  readonly kills: number
  readonly capUsd: number
  readonly calls: number
  readonly seed: number
  readonly isPaced: boolean
}

/** What one run showed. */
export interface RunResult extends RunFindings {
  readonly capUsd: number
  readonly isPaced: boolean
  readonly seconds: number
  readonly kills: number
  /** How many calls ended how. */
  readonly outcomes: Readonly<Record<string, number>>
  /** The gateway's time before a call that was sent went out, waiting for money included. Milliseconds. */
  readonly overheadMs: readonly number[]
  /** What single calls were settled at above their holds, in nano-dollars: what had come before they could be cut. */
  readonly aboveHolds: readonly number[]
  /** Of the gateways that ran last. */
  readonly writes: Writes
  /** Holds that were open when all calls had ended, before their deadline. */
  readonly openAtEnd: number
}

const CONCURRENCY = 200
/** A run that takes longer makes no more calls. */
const MAX_RUN_MS = 60_000
/** Room for one more kill and start, on a busy machine. */
const MAX_KILL_MS = 3_000
const KILL_PAUSE_MS = { least: 100, most: 1_200 }
/** Longer than a hold lives without a word from its owner. */
const BEYOND_DEADLINE_MS = 61_000
const MAX_KEEPER_ROUNDS = 50

/** Does it. */
export async function runStress(task: RunTask): Promise<RunResult> {
  const { place, capUsd, kills, calls, seed, isPaced } = task
  const simulator = await startSimulator()
  const budgets = planBudgets(capUsd, kills > 0)
  const gateway = { place, upstream: simulator.url, budgets }
  const slots = Array.from({ length: task.processes }, () => new GatewaySlot(gateway))
  try {
    await Promise.all(slots.map((slot) => slot.start()))
    const plan = planLoad({ seed, calls, wantedNano: kills > 0 ? 0 : Math.round(capUsd * 1e9), isPaced })
    const startedAt = Date.now()
    const { outcomes, killed } = await drive({ slots, plan, kills, random: seededRandom(seed + 1) })
    const seconds = (Date.now() - startedAt) / 1_000
    await simulator.idle()
    const { books, writes, openAtEnd } = await closeBooks(slots)
    const evidence: Evidence = { plan, budgets, outcomes, log: simulator.log, books }
    const overheadMs = books.records.filter(isSent).map((record) => record.overheadMs)
    const counts = countOutcomes(outcomes)
    const facts = { ...findFacts(evidence), aboveHolds: books.records.map(aboveHold).filter((nano) => nano > 0) }
    const seen = { capUsd, isPaced, seconds, kills: killed, outcomes: counts, overheadMs, writes, openAtEnd }
    return { ...facts, ...seen }
  } finally {
    await Promise.all(slots.map((slot) => slot.kill()))
    await simulator.close()
  }
}

interface Drive {
  readonly slots: readonly GatewaySlot[]
  readonly plan: readonly PlannedCall[]
  readonly kills: number
  readonly random: Random
}

/** Makes the planned calls, and kills gateways meanwhile; without kills left to do, no call is made for their sake. */
async function drive({
  slots,
  plan,
  kills,
  random,
}: Drive): Promise<{ outcomes: Map<number, Outcome>; killed: number }> {
  const outcomes = new Map<number, Outcome>()
  const connections = openConnections()
  const endsAt = Date.now() + MAX_RUN_MS + kills * MAX_KILL_MS
  let [next, killed] = [0, 0]
  const isOver = (): boolean => next >= plan.length || Date.now() > endsAt || (kills > 0 && killed >= kills)
  const work = async (): Promise<void> => {
    while (!isOver()) {
      const call = plan[next++] as PlannedCall
      const url = await nextUrl(slots, call.number)
      outcomes.set(call.number, await makeCall(connections, url, call))
    }
  }
  const killAll = async (): Promise<void> => {
    while (killed < kills && !isOver()) {
      await pause(KILL_PAUSE_MS.least + random() * (KILL_PAUSE_MS.most - KILL_PAUSE_MS.least))
      const slot = slots[Math.floor(random() * slots.length)] as GatewaySlot
      await slot.kill()
      await slot.start()
      killed += 1
    }
  }
  await Promise.all([...Array.from({ length: CONCURRENCY }, work), killAll()])
  await connections.close()
  return { outcomes, killed }
}

/** The gateway for a call, in turn; while that one is down, any other, and while all are, the first that comes back. */
async function nextUrl(slots: readonly GatewaySlot[], number: number): Promise<string> {
  for (;;) {
    const url = slots[number % slots.length]?.url ?? slots.find((slot) => slot.url !== null)?.url ?? null
    if (url !== null) return url
    await pause(10)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Lets every deadline pass, lets the keeper do its work, and reads all there is. */
async function closeBooks(slots: readonly GatewaySlot[]): Promise<{ books: Books; writes: Writes; openAtEnd: number }> {
  const [first] = slots as [GatewaySlot, ...GatewaySlot[]]
  for (const slot of slots) await slot.ask({ ask: 'flush' })
  const { open } = await first.ask<Books>({ ask: 'books' })
  await first.ask({ ask: 'shift', ms: BEYOND_DEADLINE_MS })
  let books = await first.ask<Books>({ ask: 'books' })
  for (let round = 0; round < MAX_KEEPER_ROUNDS && books.open.length > 0; round++) {
    await first.ask({ ask: 'keep' })
    books = await first.ask<Books>({ ask: 'books' })
  }
  const parts = await Promise.all(slots.map((slot) => slot.ask<Writes>({ ask: 'writes' })))
  const writes = {
    writeMs: parts.flatMap(({ writeMs }) => writeMs),
    writeEvents: parts.flatMap(({ writeEvents }) => writeEvents),
    problems: parts.flatMap(({ problems }) => problems),
  }
  return { books, writes, openAtEnd: open.length }
}

function isSent({ ending: { reason }, hold }: CallRecord): boolean {
  return hold !== null && reason !== 'never-sent'
}

function aboveHold({ hold, cost }: CallRecord): number {
  return hold === null ? 0 : cost.nano - hold.nano
}

function countOutcomes(outcomes: ReadonlyMap<number, Outcome>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes.values()) {
    const name = outcomeName(outcome)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function outcomeName(outcome: Outcome): string {
  if (outcome.kind === 'refused') return `refused: ${outcome.facts.reason} (${outcome.facts.budget})`
  return outcome.kind === 'failed' ? `failed: ${outcome.problem}` : outcome.kind
}
