/** `runguard reconcile`: the ledger against the usage and cost reports of the Admin API. */

import { findModel, loadPriceBook, priceList } from '@runguard/sdk/core'
import type { Store } from '@runguard/sdk/store'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { recordPages } from '../operations/record-pages.js'
import { type AdminAccess, AdminApiError, readCosts, readUsage } from '../reconcile/admin-reports.js'
import { type Comparison, compareBooks } from '../reconcile/comparison.js'
import { addRecord, DAY_MS, floorTo, HOUR_MS, type LedgerSums, openSums } from '../reconcile/ledger-hours.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import { resolveReferences } from '../settings/references.js'
import type { StoreFlags } from '../settings/store-place.js'
import { parseSince, parseUntil } from '../views/moments.js'
import { reconcileJson, reconcileText } from '../views/reconcile-views.js'

/** The flags of `reconcile`. */
export interface ReconcileOptions extends StoreFlags {
  readonly since: string
  readonly until?: string
  /** A reference to a variable: a key on the command line is seen by everybody on the machine. */
  readonly adminKey: string
  readonly baseUrl: string
  readonly apiKey?: readonly string[]
  readonly json?: boolean
}

const DEFAULT_VARIABLE = 'ANTHROPIC_ADMIN_KEY'

/** Prints the differences; returns the exit code of a failure if there are any. */
export async function runReconcile(environment: Environment, options: ReconcileOptions): Promise<ExitCode> {
  const { terminal } = environment
  const access = openAccess(environment, options)
  const span = readSpan(environment, options)
  const place = await findPlace(environment, options)
  const sums = await useStore<LedgerSums>(place, openSums(), (store) => sumRecords(store, span.sinceMs, span.untilMs))
  const comparison = await compare(access, sums, { ...span, apiKeys: options.apiKey ?? [], nowMs: environment.now() })
  terminal.print(options.json ? JSON.stringify(reconcileJson(comparison)) : reconcileText(comparison, terminal.colors))
  if (sums.hours.size === 0) terminal.say(`No billed calls of this time in ${describePlace(place)}.`)
  const { hourDifferences, dayDifferences } = comparison
  return hourDifferences.length + dayDifferences.length > 0 ? exitCodes.failure : exitCodes.ok
}

function openAccess({ variable }: Environment, { adminKey, baseUrl }: ReconcileOptions): AdminAccess {
  if (!/^\$\{\w+\}$/.test(adminKey)) {
    throw new CommandError(
      `Name the variable that holds the key: --admin-key '\${${DEFAULT_VARIABLE}}'`,
      exitCodes.config,
    )
  }
  const { text, missing } = resolveReferences(adminKey, variable)
  if (missing.length > 0 || text === '') {
    throw new CommandError(
      `${adminKey} is not set: it has to hold an admin key of the organization (sk-ant-admin…).`,
      exitCodes.config,
    )
  }
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  return { baseUrl: baseUrl.replace(/\/+$/, ''), key: text, fetch, sleep }
}

interface Span {
  readonly sinceMs: number
  readonly untilMs: number
}

/** Whole hours, as the reports have them. */
function readSpan({ now, offsetAt }: Environment, { since, until }: ReconcileOptions): Span {
  const present = { nowMs: now(), offsetAt }
  const sinceMs = floorTo(parseSince(since, present), HOUR_MS)
  const untilMs = until === undefined ? present.nowMs : parseUntil(until, present)
  if (sinceMs < untilMs) return { sinceMs, untilMs: Math.ceil(untilMs / HOUR_MS) * HOUR_MS }
  throw new CommandError('--since is not before --until: there is nothing between them.', exitCodes.config)
}

const book = loadPriceBook(priceList)

function nameOf(model: string): string {
  return findModel(book, model)?.id ?? model
}

async function sumRecords(store: Store, sinceMs: number, untilMs: number): Promise<LedgerSums> {
  const sums = openSums()
  for await (const page of recordPages(store, { since: sinceMs, until: untilMs })) {
    for (const record of page) addRecord(sums, record, nameOf)
  }
  return sums
}

async function compare(
  access: AdminAccess,
  sums: LedgerSums,
  { sinceMs, untilMs, apiKeys, nowMs }: Span & { readonly apiKeys: readonly string[]; readonly nowMs: number },
): Promise<Comparison> {
  try {
    const usage = await readUsage(access, { sinceMs, untilMs, apiKeys })
    const days = wholeDays(sinceMs, untilMs, nowMs)
    const costs = apiKeys.length > 0 || days === null ? null : await readCosts(access, days)
    const ofDays = costs === null || days === null ? sums : { ...sums, days: within(sums, days) }
    return compareBooks(ofDays, usage, costs, { nowMs, nameOf })
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error
    throw new CommandError(error.message, error.status === null ? exitCodes.unreachable : exitCodes.failure)
  }
}

/** The cost report has days of UTC: only those that are wholly asked for can be compared, and today up to now. */
function wholeDays(sinceMs: number, untilMs: number, nowMs: number): Span | null {
  const firstMs = Math.ceil(sinceMs / DAY_MS) * DAY_MS
  const lastMs = untilMs >= nowMs ? Math.ceil(untilMs / DAY_MS) * DAY_MS : floorTo(untilMs, DAY_MS)
  return firstMs < lastMs ? { sinceMs: firstMs, untilMs: lastMs } : null
}

function within({ days }: LedgerSums, { sinceMs, untilMs }: Span): LedgerSums['days'] {
  return new Map([...days].filter(([dayMs]) => dayMs >= sinceMs && dayMs < untilMs))
}
