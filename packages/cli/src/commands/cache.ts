/** `runguard cache`: what the prompt cache did, and why it missed. */

import { type CallRecord, reportCaching } from '@runguard/sdk/core'
import type { Store } from '@runguard/sdk/store'
import { type ExitCode, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { cacheReportJson, cacheReportText } from '../views/cache-views.js'

/** The flags of `cache`. */
export interface CacheOptions extends StoreFlags {
  readonly json?: boolean
  /** How many of the latest calls are looked at. */
  readonly limit: number
}

/** @param session only its calls; null: all */
export async function runCache(
  environment: Environment,
  session: string | null,
  options: CacheOptions,
): Promise<ExitCode> {
  const { terminal, now } = environment
  const place = await findPlace(environment, options)
  const latest = await useStore<readonly CallRecord[]>(place, [], (store: Store) => store.listRecords(options.limit))
  const records = session === null ? latest : latest.filter(({ scope }) => scope.session === session)
  const report = reportCaching(records, now())
  if (options.json) terminal.print(JSON.stringify(cacheReportJson(report, session)))
  else if (report.calls > 0) terminal.print(cacheReportText(report, terminal.colors))
  if (report.calls === 0) terminal.say(adviceWhenEmpty(describePlace(place), session, latest.length))
  return exitCodes.ok
}

function adviceWhenEmpty(place: string, session: string | null, looked: number): string {
  if (session === null || looked === 0) return `No calls with a bill in ${place} yet. Start the gateway with:  runguard`
  return `None of the last ${looked} calls in ${place} is of session ${JSON.stringify(session.slice(0, 100))}.`
}
