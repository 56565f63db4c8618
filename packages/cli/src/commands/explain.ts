/** `runguard explain`: one call and its bill, line by line. */

import type { CallRecord } from '@runguard/sdk/core'
import type { Store } from '@runguard/sdk/store'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { explainCall, explanationJson } from '../views/explanation.js'

/** The flags of `explain`. */
export interface ExplainOptions extends StoreFlags {
  readonly json?: boolean
}

/** @param id RunGuard's id, the API's, or `last` */
export async function runExplain(environment: Environment, id: string, options: ExplainOptions): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const place = await findPlace(environment, options)
  const record = await useStore<CallRecord | null>(place, null, (store) => findCall(store, id))
  if (record === null) throw new CommandError(adviceWhenMissing(id, describePlace(place)))
  if (options.json) terminal.print(JSON.stringify(explanationJson(record)))
  else terminal.print(explainCall(record, offsetAt, terminal.colors))
  return exitCodes.ok
}

async function findCall(store: Store, id: string): Promise<CallRecord | null> {
  if (id !== 'last') return await store.findRecord(id)
  const [newest = null] = await store.listRecords(1)
  return newest
}

function adviceWhenMissing(id: string, place: string): string {
  if (id === 'last') return `No calls in ${place} yet. Start the gateway with:  runguard`
  return (
    `No call ${JSON.stringify(id.slice(0, 100))} in ${place}.\n` +
    'Give the x-runguard-request-id of its answer (rg_…), its request-id (req_…), or: last'
  )
}
