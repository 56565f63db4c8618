/** `runguard budget`: the budgets of the registry; gateways on the same store take changes into force by themselves. */

import type { Budget } from '@runguard/sdk/core'
import type { StoredBudget } from '@runguard/sdk/store'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { putBudget, removeBudget } from '../operations/budget-change.js'
import { mergeBudgets, quoteId } from '../settings/budgets-in-force.js'
import { findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { wayOn } from '../settings/known-budgets.js'
import { changeStore, choosePlace, findPlace } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { unmatchedWarnings } from '../settings/unmatched-budgets.js'
import {
  type BudgetChanges,
  type CheckedBudget,
  changeBudget,
  dropOverride,
  type NewBudget,
  nameInScope,
  overrideBudget,
  writeBudget,
} from '../settings/written-budget.js'
import { budgetJson, budgetLine } from '../views/budget-views.js'
import { printable } from '../views/format.js'

/** The flags that all commands about budgets have. */
export interface BudgetFlags extends StoreFlags {
  readonly json?: boolean
}

/** Adds a budget. */
export async function runBudgetAdd(
  environment: Environment,
  limit: string,
  options: Omit<NewBudget, 'limit'> & BudgetFlags,
): Promise<ExitCode> {
  const { id, name, scope, per, observe, timeZone, thresholds } = options
  const checked = writeBudget({ limit, scope, ...pickGiven({ id, name, per, observe, timeZone, thresholds }) })
  const file = await findConfig(environment, options.config)
  const warnings = await changeStore(choosePlace(environment, options, file), async (store) => {
    requireNew(checked.budget, await store.listBudgets())
    const { problems } = mergeBudgets(file, [checked.stored])
    if (problems.length > 0) throw new CommandError(problems.join('\n'), exitCodes.config)
    await putBudget(environment, store, null, checked.stored)
    return unmatchedWarnings([checked.budget], store)
  })
  show(environment, options, checked.budget, warnings)
  return exitCodes.ok
}

/** Changes some fields of a budget. */
export async function runBudgetSet(
  environment: Environment,
  id: string,
  options: BudgetChanges & BudgetFlags,
): Promise<ExitCode> {
  const { limit, name, observe, enforce, thresholds } = options
  const changes = pickGiven({ limit, name, observe, enforce, thresholds })
  if (Object.keys(changes).length === 0) {
    throw new CommandError(
      'Say what to change: --limit, --name, --observe, --enforce or --thresholds.',
      exitCodes.usage,
    )
  }
  return await change(environment, id, options, (stored) => changeBudget(stored, changes))
}

/** Pauses a budget, or lets it go on. A paused one neither counts nor refuses. */
export async function runBudgetPause(
  environment: Environment,
  id: string,
  options: BudgetFlags,
  paused: boolean,
): Promise<ExitCode> {
  return await change(environment, id, options, (stored) => changeBudget(stored, { paused }))
}

/** The flags of `budget override`. */
export interface OverrideFlags extends BudgetFlags {
  readonly scopeName: string
  /** The same with its kind in front, as scopes are written elsewhere. */
  readonly scope?: string
  readonly limit?: string
  readonly until?: string
  readonly remove?: boolean
}

/** Gives one name another limit, for a while, or takes that away. */
export async function runBudgetOverride(
  environment: Environment,
  id: string,
  options: OverrideFlags,
): Promise<ExitCode> {
  const { scopeName, scope, limit, until, remove } = options
  const nameFor = (stored: StoredBudget): string => (scope === undefined ? scopeName : nameInScope(stored, scope))
  if (remove === true) {
    return await change(environment, id, options, (stored) => requireDropped(stored, nameFor(stored)))
  }
  if (limit === undefined) throw new CommandError("Say the other limit: --limit '$50'; or --remove.", exitCodes.usage)
  const nowMs = environment.now()
  return await change(environment, id, options, (stored) => {
    return overrideBudget(stored, { scopeName: nameFor(stored), limit, ...pickGiven({ until }) }, nowMs)
  })
}

/** Takes a budget away. What was spent under it stays in the ledger. */
export async function runBudgetRemove(environment: Environment, id: string, options: BudgetFlags): Promise<ExitCode> {
  const { terminal } = environment
  await changeStore(await findPlace(environment, options), async (store) => {
    const before = await findStored(store, id)
    if (before === null) throw await missing(environment, id, options, store)
    await removeBudget(environment, store, before)
  })
  if (options.json) terminal.print(JSON.stringify({ kind: 'budget-removed', id }))
  else terminal.print(`${printable(id)}: removed`)
  return exitCodes.ok
}

async function change(
  environment: Environment,
  id: string,
  options: BudgetFlags,
  work: (stored: StoredBudget) => CheckedBudget,
): Promise<ExitCode> {
  const { budget, warnings } = await changeStore(await findPlace(environment, options), async (store) => {
    const stored = await findStored(store, id)
    if (stored === null) throw await missing(environment, id, options, store)
    const changed = work(stored)
    await putBudget(environment, store, stored, changed.stored)
    return { budget: changed.budget, warnings: await unmatchedWarnings([changed.budget], store) }
  })
  show(environment, options, budget, warnings)
  return exitCodes.ok
}

async function findStored(store: OpenStore, id: string): Promise<StoredBudget | null> {
  return (await store.listBudgets()).find((entry) => entry.id === id) ?? null
}

function show({ terminal }: Environment, { json }: BudgetFlags, budget: Budget, warnings: readonly string[]): void {
  terminal.print(json ? JSON.stringify({ kind: 'budget', ...budgetJson(budget) }) : budgetLine(budget))
  terminal.say('Gateways on this store take it into force within two seconds.')
  for (const warning of warnings) terminal.say(`warning: ${warning}`)
}

function requireNew({ id }: Budget, stored: readonly StoredBudget[]): void {
  if (!stored.some((entry) => entry.id === id)) return
  throw new CommandError(
    `There is a budget ${quoteId(id)} already: change it with  runguard budget set ${quoteId(id)} --limit …\n` +
      'or give the new one an id of its own with --id.',
    exitCodes.config,
  )
}

function requireDropped(stored: StoredBudget, scopeName: string): CheckedBudget {
  const dropped = dropOverride(stored, scopeName)
  if (dropped !== null) return dropped
  throw new CommandError(`The budget ${quoteId(stored.id)} has no other limit for ${JSON.stringify(scopeName)}.`)
}

async function missing(
  environment: Environment,
  id: string,
  { config }: BudgetFlags,
  store: OpenStore,
): Promise<CommandError> {
  const file = await findConfig(environment, config)
  if (file?.config.budgets.some((budget) => budget.id === id)) {
    return new CommandError(`The budget ${quoteId(id)} is written in ${file.path}: change it there.`)
  }
  const known = (await store.listBudgets()).map((entry) => entry.id)
  return new CommandError(`There is no budget ${quoteId(printable(id))} in the registry. ${wayOn(id, known)}`)
}

/** Without what was not given: an option that is absent is not one that is undefined. */
function pickGiven<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
