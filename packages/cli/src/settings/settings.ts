/** How calls are judged: what flags say comes before the configuration, and that before the defaults. */

import { type EngineConfig, engineDefaults } from '@runguard/sdk/engine'
import { formatDuration } from '../views/format.js'
import type { ConfigFile } from './config-file.js'

/** What a gateway can be told of calls, besides budgets. */
export type Settings = Omit<EngineConfig, 'book'>

/** A setting that has no row here does not compile: one of the file would else be read, and never be in force. */
const rows: Readonly<Record<keyof Settings, true>> = {
  mode: true,
  unknownModel: true,
  onStoreFailure: true,
  waitForMoneyMs: true,
  loops: true,
  breaker: true,
  caching: true,
  routing: true,
}
const names = Object.keys(rows) as readonly (keyof Settings)[]

/** @param flags of which some were given */
export function chooseSettings(flags: Partial<Settings>, file: ConfigFile | null): Settings {
  return { ...engineDefaults, ...pickGiven(file?.config ?? {}), ...pickGiven(flags) }
}

/** The settings of the file that no flag replaces, in the words of the file: `mode observe`; of parts only their mode. */
export function settingsFromFile(flags: Partial<Settings>, file: ConfigFile | null): string[] {
  const { waitForMoneyMs, loops, breaker, caching, routing, ...words } = pickGiven(file?.config ?? {})
  const fromFile = Object.entries({
    ...words,
    ...(waitForMoneyMs === undefined ? {} : { waitForMoney: formatDuration(waitForMoneyMs) }),
    ...(loops === undefined ? {} : { loops: loops.mode }),
    ...(breaker === undefined ? {} : { breaker: breaker.mode }),
    ...(caching === undefined ? {} : { caching: caching.mode ?? 'as markers are' }),
    ...(routing === undefined ? {} : { routing: routing.mode }),
  })
  const replaced = new Set(Object.keys(pickGiven(flags)))
  return fromFile.filter(([name]) => !replaced.has(name)).map(([name, value]) => `${name} ${value}`)
}

function pickGiven(from: Partial<Settings>): Partial<Settings> {
  const given = names.filter((name) => from[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, from[name]]))
}
