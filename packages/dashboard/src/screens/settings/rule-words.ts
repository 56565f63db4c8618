/** The rules of the configuration in words. Pure. */

import { formatDuration, readable } from '../../parts/format.js'

const NAMES: Readonly<Record<string, string>> = {
  mode: 'Mode',
  unknownModel: 'Model without a price',
  onStoreFailure: 'While the store fails',
  waitForMoney: 'Wait for money',
  loops: 'Loops',
  breaker: 'Breakers',
  caching: 'Prompt cache',
  routing: 'Routing',
}

const VALUES: Readonly<Record<string, string>> = {
  'unknownModel dearest': 'priced as the dearest of its line',
  'unknownModel flag': 'priced at a flat rate, and marked',
  'unknownModel refuse': 'refused',
  'onStoreFailure refuse': 'calls are refused',
  'onStoreFailure pass': 'calls pass',
}

/** A rule and what it is set to; one that is not known here stays as the configuration has it. */
export function ruleWords([name, value]: readonly [string, string]): readonly [string, string] {
  const ms = /^(\d+) ms$/.exec(value)?.[1]
  const words = ms === undefined ? (VALUES[`${name} ${value}`] ?? readable(value)) : formatDuration(Number(ms))
  return [NAMES[name] ?? name, words]
}
