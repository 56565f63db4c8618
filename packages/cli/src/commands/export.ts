/** `runguard export`: the records themselves, for other programs. */

import type { CallRecord } from '@runguard/sdk/core'
import { type ExitCode, exitCodes } from '../exit.js'
import { recordPages } from '../operations/record-pages.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { callColumns, callRow } from '../views/call-columns.js'
import { renderCsv } from '../views/csv.js'
import { parseSpan } from '../views/moments.js'

/** The flags of `export`. */
export interface ExportOptions extends StoreFlags {
  readonly csv?: boolean
  readonly since?: string
  readonly until?: string
}

/** Prints the records, the oldest first: each as a line of JSON with all it holds, or as a row of CSV. */
export async function runExport(environment: Environment, options: ExportOptions): Promise<ExitCode> {
  const { terminal, now, offsetAt } = environment
  const span = parseSpan(options, { nowMs: now(), offsetAt })
  const place = await findPlace(environment, options)
  if (options.csv) terminal.write(renderCsv([callColumns]))
  const count = await useStore<number>(place, 0, async (store) => {
    let written = 0
    for await (const page of recordPages(store, span)) {
      written += page.length
      terminal.write(options.csv ? renderCsv(page.map(callRow)) : page.map(lineOf).join(''))
    }
    return written
  })
  if (count === 0) terminal.say(`No calls to export in ${describePlace(place)}.`)
  return exitCodes.ok
}

function lineOf(record: CallRecord): string {
  return `${JSON.stringify(record)}\n`
}
