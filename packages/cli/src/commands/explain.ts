/** `runguard explain`: one call and its bill, line by line. */

import type { CallRecord, DeferredJob } from '@runguard/sdk/core'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { explainCall, explanationJson } from '../views/explanation.js'
import { formatMoment, printable } from '../views/format.js'
import { degradedText } from '../views/route-views.js'

/** The flags of `explain`. */
export interface ExplainOptions extends StoreFlags {
  readonly json?: boolean
}

/** @param id RunGuard's id, the API's, or `last` */
export async function runExplain(environment: Environment, id: string, options: ExplainOptions): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const place = await findPlace(environment, options)
  const { record, job } = await useStore<FoundCall>(place, NOTHING, (store) => findCall(store, id))
  if (record === null) {
    const advice = job === null ? adviceWhenMissing(id, describePlace(place)) : adviceWhenWaiting(job, offsetAt)
    throw new CommandError(advice)
  }
  if (options.json) terminal.print(JSON.stringify(explanationJson(record)))
  else terminal.print(explainCall(record, offsetAt, terminal.colors))
  return exitCodes.ok
}

interface FoundCall {
  readonly record: CallRecord | null
  /** Of a call that waits, or of which there will be no record. */
  readonly job: DeferredJob | null
}

const NOTHING: FoundCall = { record: null, job: null }

async function findCall(store: OpenStore, id: string): Promise<FoundCall> {
  if (id === 'last') {
    const [newest = null] = await store.listRecords(1)
    return { record: newest, job: null }
  }
  const record = await store.findRecord(id)
  return { record, job: record === null ? await store.findDeferred(id) : null }
}

/** A call that waits has no bill before it has ended. */
function adviceWhenWaiting(
  { id, outcome, deadline, decision }: DeferredJob,
  offsetAt: Environment['offsetAt'],
): string {
  const by = formatMoment(deadline, offsetAt(deadline))
  const state =
    outcome === null
      ? `waits: it is answered by ${by}, and recorded then`
      : `has waited, and ended without a bill: ${outcome}`
  return [`Call ${printable(id)} ${state}.`, degradedText(decision?.degraded ?? [])].join('\n').trim()
}

function adviceWhenMissing(id: string, place: string): string {
  if (id === 'last') return `No calls in ${place} yet. Start the gateway with:  runguard`
  return (
    `No call ${JSON.stringify(id.slice(0, 100))} in ${place}.\n` +
    'Give the x-runguard-request-id of its answer (rg_…), its request-id (req_…), or: last'
  )
}
