/** `runguard prices`: what models cost, and whether the list still fits. */

import {
  findLine,
  findModel,
  findPrice,
  loadPriceBook,
  type PriceBook,
  type PricedModel,
  priceList,
} from '@runguard/sdk/core'
import type { ReportRow } from '@runguard/sdk/store'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { checkPrices } from '../operations/price-check.js'
import type { Environment } from '../settings/environment.js'
import { findPlace, useStore } from '../settings/open-store.js'
import type { StoreFlags, StorePlace } from '../settings/store-place.js'
import { printable } from '../views/format.js'
import { parseAt } from '../views/moments.js'
import { modelJson, modelPrices, priceTable, releasedModels } from '../views/price-views.js'

/** The flags of `prices show`. */
export interface PricesShowOptions {
  readonly at?: string
  readonly json?: boolean
}

/** The flags of `prices check`. */
export interface PricesCheckOptions extends StoreFlags {
  readonly json?: boolean
}

/** Prints the list as of a day, or all that is known of one model. */
export function runPricesShow(
  environment: Environment,
  name: string | undefined,
  options: PricesShowOptions,
): ExitCode {
  const { terminal, now } = environment
  const book = loadPriceBook(priceList)
  const atMs = options.at === undefined ? now() : parseAt(options.at, now())
  const model = name === undefined ? null : requireModel(book, name)
  if (model !== null && options.at === undefined) {
    if (options.json)
      terminal.print(JSON.stringify({ version: book.version, models: [modelJson(model, model.prices)] }))
    else terminal.print(modelPrices(model, terminal.colors))
    return exitCodes.ok
  }
  const shown = { ...book, models: model === null ? releasedModels(book, atMs) : [model] }
  if (options.json) terminal.print(JSON.stringify(listJson(shown, atMs)))
  else terminal.print(priceTable(shown, atMs, terminal.colors))
  return exitCodes.ok
}

function listJson(book: PriceBook, atMs: number) {
  const models = book.models.map((model) => {
    const price = findPrice(book, model.id, atMs)
    return modelJson(model, price === null ? [] : [price])
  })
  return { version: book.version, at: new Date(atMs).toISOString(), models }
}

function requireModel(book: PriceBook, name: string): PricedModel {
  const model = findModel(book, name)
  if (model !== null) return model
  const line = findLine(name)
  const similar = book.models.filter((known) => line !== 'other' && known.line === line).map(({ id }) => id)
  const advice =
    similar.length > 0 ? `Listed ${line} models: ${similar.join(', ')}` : 'See them all with:  runguard prices show'
  throw new CommandError(`No model ${JSON.stringify(printable(name))} in the price list; ids match exactly.\n${advice}`)
}

const LATELY_MS = 30 * 86_400_000

/** Prints what is wrong with the list, if anything; what needs an action makes the command fail. */
export async function runPricesCheck(environment: Environment, options: PricesCheckOptions): Promise<ExitCode> {
  const { terminal, now } = environment
  const nowMs = now()
  const findings = checkPrices({
    book: loadPriceBook(priceList),
    asOfMs: Date.parse(priceList.asOf),
    nowMs,
    usedModels: await listUsedModels(await findPlace(environment, options), nowMs - LATELY_MS),
  })
  if (options.json) terminal.print(JSON.stringify({ findings }))
  else
    for (const { kind, text } of findings) terminal.print(kind === 'note' ? text : terminal.colors.yellow(`! ${text}`))
  return findings.some(({ kind }) => kind === 'attention') ? exitCodes.failure : exitCodes.ok
}

/** Models with tokens to pay for: a name that the API refused costs nothing. */
async function listUsedModels(place: StorePlace, since: number): Promise<readonly string[]> {
  const rows = await useStore<readonly ReportRow[]>(place, [], (store) => store.report({ groupBy: 'model', since }))
  return rows.filter(({ costNano }) => costNano > 0).map(({ group }) => group)
}
