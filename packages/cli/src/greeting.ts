/** The three lines with which the gateway begins. */

import type { EngineConfig } from '@runguard/sdk/engine'
import type { SourcedBudget } from './budgets-in-force.js'
import type { ConfigFile } from './config-file.js'
import type { StoreFlags } from './open-store.js'
import type { Terminal } from './terminal.js'

/** What the lines are about. */
export interface Beginning {
  readonly url: string
  readonly upstream: string
  readonly mode: EngineConfig['mode']
  readonly budgets: readonly SourcedBudget[]
  /** The flags that chose the store: other commands need them too. */
  readonly flags: StoreFlags
  readonly file: ConfigFile | null
}

/** Says where to go on: the address, the sums, the budgets. */
export function greet(terminal: Terminal, beginning: Beginning): void {
  const { url, upstream, flags } = beginning
  const place = placeFlag(flags)
  terminal.say(`RunGuard is listening:  export ANTHROPIC_BASE_URL=${url}`)
  terminal.say(
    `Calls go to ${upstream}, and each is shown here with its cost; sums:  runguard report${place}   (Ctrl-C stops it)`,
  )
  terminal.say(budgetLine(beginning, place))
}

/** The address of a server may hold its password: it is not repeated. */
function placeFlag({ data, store }: StoreFlags): string {
  if (data !== undefined) return ` --data ${JSON.stringify(data)}`
  return store === undefined ? '' : ' --store …'
}

function budgetLine({ budgets, mode, file }: Beginning, place: string): string {
  if (budgets.length === 0) return `no budgets yet:  runguard budget add '$20' --per month${place}`
  const count = budgets.length === 1 ? '1 budget' : `${budgets.length} budgets`
  const from = file === null ? '' : `, ${file.path} included`
  const observed = mode === 'observe' ? ' (observe: nothing is refused)' : ''
  return `${count} in force${from}${observed}:  runguard budget ls${place}`
}
