/** The lines with which the gateway begins. */

import type { SourcedBudget } from '@runguard/sdk/core'
import type { TeamStore } from '@runguard/sdk/store'
import type { ConfigFile } from './settings/config-file.js'
import { describePlace } from './settings/open-store.js'
import { type Settings, settingsFromFile } from './settings/settings.js'
import type { StoreFlags, StorePlace } from './settings/store-place.js'
import { unmatchedWarnings } from './settings/unmatched-budgets.js'
import type { Terminal } from './terminal.js'

/** What the lines are about. */
export interface Beginning {
  readonly url: string
  readonly upstream: string
  readonly settings: Settings
  readonly budgets: readonly SourcedBudget[]
  /** Those that chose the store: other commands need them too. */
  readonly flags: StoreFlags & Partial<Settings>
  readonly file: ConfigFile | null
  readonly place: StorePlace
  readonly store: Pick<TeamStore, 'listKeys'>
}

/** Says where to go on: the address, the sums, the budgets; and what a file decided, if there is one. */
export async function greet(terminal: Terminal, beginning: Beginning): Promise<void> {
  const { url, upstream, flags } = beginning
  const place = placeFlag(flags)
  terminal.say(`RunGuard is listening:  export ANTHROPIC_BASE_URL=${url}`)
  terminal.say(
    `Calls go to ${upstream}, and each is shown here and at  ${url}/runguard/   sums:  runguard report${place}   (Ctrl-C stops it)`,
  )
  terminal.say(budgetLine(beginning, place))
  const decided = decidedByFile(beginning)
  if (decided.length > 0) terminal.say(`From ${beginning.file?.path}: ${decided.join(', ')}`)
  await warnOfUnmatched(terminal, beginning.budgets, beginning.store)
}

/** Says which budgets no call can meet. A hint: a store that cannot be asked now must not end a gateway that listens. */
export async function warnOfUnmatched(
  terminal: Terminal,
  budgets: readonly SourcedBudget[],
  store: Pick<TeamStore, 'listKeys'>,
): Promise<void> {
  const all = budgets.map(({ budget }) => budget)
  const warnings = await unmatchedWarnings(all, store).catch(() => [])
  for (const warning of warnings) terminal.say(`warning: ${warning}`)
}

/** The address of a server may hold its password: it is not repeated. */
function placeFlag({ data, store, config }: StoreFlags): string {
  if (data !== undefined) return ` --data ${JSON.stringify(data)}`
  if (store !== undefined) return ' --store …'
  return config === undefined ? '' : ` --config ${JSON.stringify(config)}`
}

function decidedByFile({ flags, file, place }: Beginning): string[] {
  const isOfFile = place.kind === 'postgres' && place.url === file?.config.store
  return [...(isOfFile ? [`store ${describePlace(place)}`] : []), ...settingsFromFile(flags, file)]
}

function budgetLine({ budgets, settings, file }: Beginning, place: string): string {
  if (budgets.length === 0) return `no budgets yet:  runguard budget add '$20' --per month${place}`
  const count = budgets.length === 1 ? '1 budget' : `${budgets.length} budgets`
  const from = file === null ? '' : `, ${file.path} included`
  const observed = settings.mode === 'observe' ? ' (observe: nothing is refused)' : ''
  return `${count} in force${from}${observed}:  runguard budget ls${place}`
}
