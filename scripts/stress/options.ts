/** What a run is asked to do. */

import { parseArgs } from 'node:util'

/** Where the ledger is kept. */
export type StoreKind = 'memory' | 'sqlite' | 'postgres'

/** The options, checked. */
export interface StressOptions {
  readonly store: StoreKind
  readonly processes: number
  /** Gateways killed under load. */
  readonly kills: number
  /** Dollars; one run for each. */
  readonly caps: readonly number[]
  /** The most calls of a run. */
  readonly calls: number
  readonly seed: number
  /** False: streams come as fast as the machine can, which no model does. */
  readonly isPaced: boolean
  readonly isJson: boolean
}

/** How to use the program. */
export const usage =
  'npm run stress:budgets -- [--store memory|sqlite|postgres] [--processes N] [--kills N] [--cap USD] [--calls N] ' +
  '[--seed N] [--unpaced] [--json]'

const STORES: readonly string[] = ['memory', 'sqlite', 'postgres'] satisfies StoreKind[]
const CAPS = [0.05, 1, 20]
/** A gateway that has run out of money has nothing that a kill could interrupt. */
const KILL_CAPS = [10_000]
const CALLS = 600
/** About as many calls as run at once are lost with a gateway. */
const CALLS_PER_KILL = 260

/** Reads the command line. Throws `Error` with what to write instead. */
export function readOptions(args: readonly string[]): StressOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = { store: text, processes: text, kills: text, cap: text, calls: text, seed: text } as const
  const { values } = parseArgs({ args: [...args], options: { ...options, json: flag, unpaced: flag } })
  const store = values.store ?? 'memory'
  if (!isStore(store)) throw new Error(`--store is one of ${STORES.join(', ')}`)
  const count = (name: keyof typeof options, usual: number, least: number): number => {
    const written = values[name]
    const value = written === undefined ? usual : Number(written)
    if (!Number.isSafeInteger(value) || value < least) throw new Error(`--${name} is a whole number, at least ${least}`)
    return value
  }
  const [processes, kills] = [count('processes', 1, 1), count('kills', 0, 0)]
  if (store === 'memory' && processes + kills > 1) {
    throw new Error('a ledger in memory belongs to one process and ends with it: use --store sqlite or postgres')
  }
  const calls = count('calls', CALLS + kills * CALLS_PER_KILL, 1)
  const usualCaps = kills > 0 ? KILL_CAPS : CAPS
  const caps = values.cap === undefined ? usualCaps : [readCap(values.cap)]
  const [isPaced, isJson] = [values.unpaced !== true, values.json ?? false]
  return { store, processes, kills, caps, calls, seed: count('seed', 1, 0), isPaced, isJson }
}

function isStore(name: string): name is StoreKind {
  return STORES.includes(name)
}

function readCap(written: string): number {
  const cap = Number(written)
  if (!(cap >= 0.000001 && cap <= 1_000_000)) throw new Error('--cap is an amount in dollars, such as 0.05')
  return cap
}
