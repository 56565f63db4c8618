/** `runguard ledger show` and `verify`: what was set aside and posted, and whether it adds up. */

import type { LedgerFinding } from '@runguard/sdk/core'
import { type ExitCode, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'
import { requireKnownBudget } from '../settings/known-budgets.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { printable, wholeCount } from '../views/format.js'
import { findingLine, type LedgerPage, ledgerJson, ledgerTables } from '../views/ledger-views.js'

/** The flags that all commands about the ledger have. */
export interface LedgerFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `ledger show`: one of the first three at most, or a budget with `expired`. */
export interface LedgerShowFlags extends LedgerFlags {
  readonly account?: string
  readonly hold?: string
  readonly budget?: string
  readonly expired?: boolean
  readonly limit: number
}

const NOTHING: LedgerPage = { accounts: [], holds: [], entries: [] }

/** Prints accounts, holds and entries: of what was asked for, else the current accounts and the open holds. */
export async function runLedgerShow(environment: Environment, options: LedgerShowFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  if (options.budget !== undefined) await requireKnownBudget(environment, options, options.budget)
  const place = await findPlace(environment, options)
  const page = await useStore(place, NOTHING, (store) => readPage(store, options, environment.now()))
  const isEmpty = page.accounts.length + page.holds.length + page.entries.length === 0
  if (options.json) terminal.print(JSON.stringify(ledgerJson(page)))
  else if (!isEmpty) terminal.print(ledgerTables(page, offsetAt, terminal.colors))
  if (isEmpty) terminal.say(adviceWhenEmpty(options, describePlace(place)))
  else if (options.expired === true) terminal.say(VOID_ADVICE)
  return exitCodes.ok
}

async function readPage(store: OpenStore, options: LedgerShowFlags, at: number): Promise<LedgerPage> {
  const { account, hold, budget, expired, limit } = options
  if (expired === true) {
    const holds = await store.expiredHolds({ limit, ...(budget === undefined ? {} : { budget }) })
    return { accounts: [], holds, entries: [] }
  }
  if (hold !== undefined) {
    const found = await store.findHold(hold)
    return { accounts: [], holds: found === null ? [] : [found], entries: await store.entries({ hold, limit }) }
  }
  if (account !== undefined) {
    return {
      accounts: await store.balances({ keys: [account] }),
      holds: [],
      entries: await store.entries({ account, limit }),
    }
  }
  const accounts = await store.balances(budget === undefined ? { at } : { budget })
  const open = budget === undefined ? await store.openHolds({ limit }) : []
  return { accounts: accounts.slice(0, limit), holds: open, entries: [] }
}

const VOID_ADVICE =
  "If they cost nothing, take them back:  runguard ledger void --expired --budget … --reason '…'   (or one by its id)"

function adviceWhenEmpty({ account, hold, budget, expired }: LedgerShowFlags, place: string): string {
  if (expired === true) return `Nothing is posted in ${place} for holds that nobody ended.`
  const asked = account ?? hold ?? budget
  if (asked === undefined)
    return `Nothing was held so far in ${place}: the ledger begins with the first call that meets a budget.`
  return `Nothing in the ledger of ${place} for ${JSON.stringify(printable(asked))}.`
}

const promises = [
  'every balance is the sum of its entries, and never negative',
  'no hold passed its limit',
  'entries are numbered without gaps, and each moves money as its kind may',
  'every hold was resolved once, on all of its accounts, and says what its entries say',
  'no estimate gave money back',
]

/** Adds the whole ledger up, says what was checked, and fails if something is wrong. */
export async function runLedgerVerify(environment: Environment, options: LedgerFlags): Promise<ExitCode> {
  const { terminal } = environment
  const place = await findPlace(environment, options)
  const audit = await useStore(place, EMPTY_AUDIT, auditLedger)
  const { accounts, entries, findings } = audit
  if (options.json) terminal.print(JSON.stringify(audit))
  else {
    terminal.print(
      `Checked ${wholeCount(accounts)} accounts and ${wholeCount(entries)} entries of ${describePlace(place)}:`,
    )
    for (const promise of promises) terminal.print(`  ${promise}`)
    const count = findings.length === 1 ? 'Not so in 1 place:' : `Not so in ${wholeCount(findings.length)} places:`
    terminal.print(findings.length === 0 ? 'All of it holds.' : terminal.colors.red(count))
    for (const finding of findings) terminal.print(`  ${findingLine(finding)}`)
  }
  return findings.length === 0 ? exitCodes.ok : exitCodes.failure
}

interface Audit {
  /** On which something was held. */
  readonly accounts: number
  /** As the accounts count them. */
  readonly entries: number
  readonly findings: readonly LedgerFinding[]
}

const EMPTY_AUDIT: Audit = { accounts: 0, entries: 0, findings: [] }

async function auditLedger(store: OpenStore): Promise<Audit> {
  const findings = await store.verify()
  const accounts = await store.balances({})
  return { accounts: accounts.length, entries: accounts.reduce((sum, { entryCount }) => sum + entryCount, 0), findings }
}
