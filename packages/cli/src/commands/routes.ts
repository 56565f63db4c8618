/** `runguard routes`: which tier does for which task, by the table and by what was said of answers. */

import {
  dayOf,
  defaultRoutePolicy,
  loadPriceBook,
  type OutcomeDay,
  priceList,
  REMEMBERED_DAYS,
  tabulateTasks,
} from '@runguard/sdk/core'
import { type ExitCode, exitCodes } from '../exit.js'
import { findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { choosePlace, describePlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { taskTable, taskTierJson } from '../views/task-views.js'

/** The flags of `routes`. */
export interface RoutesOptions extends StoreFlags {
  readonly json?: boolean
}

const MAX_ROWS = 20_000

/** Prints a row for each task and tier. @param task only its rows; null: all */
export async function runRoutes(
  environment: Environment,
  task: string | null,
  options: RoutesOptions,
): Promise<ExitCode> {
  const { terminal } = environment
  const file = await findConfig(environment, options.config)
  const place = choosePlace(environment, options, file)
  const policy = file?.config.routing ?? defaultRoutePolicy
  const atMs = environment.now()
  const query = { sinceDay: dayOf(atMs) - REMEMBERED_DAYS, limit: MAX_ROWS }
  const days = await useStore<readonly OutcomeDay[]>(place, [], (store) => store.listOutcomes(query))
  const all = tabulateTasks({ policy, book: loadPriceBook(priceList), days, atMs })
  const rows = task === null ? all : all.filter((row) => row.task === task)
  if (options.json) terminal.print(JSON.stringify({ mode: policy.mode, tasks: rows.map(taskTierJson) }))
  else if (rows.length > 0) terminal.print(taskTable(rows, terminal.colors))
  if (rows.length === 0)
    terminal.say(`Nobody has said anything of answers to ${JSON.stringify(task?.slice(0, 100))} yet.`)
  else if (policy.mode !== 'route') terminal.say(`Nothing is routed: routing.mode is ${policy.mode}.`)
  if (days.length === 0) terminal.say(`No answers were judged in ${describePlace(place)} yet: the table alone decides.`)
  return exitCodes.ok
}
