/** `runguard ledger`: what was set aside and posted, whether it adds up, and taking an estimate back. */

import type { Hold, LedgerFinding, LedgerResult } from '@runguard/sdk/core'
import type { Environment } from '../environment.js'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { printable, wholeCount } from '../format.js'
import { findingLine, holdJson, type LedgerPage, ledgerJson, ledgerTables } from '../ledger-views.js'
import { describePlace, findPlace, type OpenStore, type StoreFlags, useStore } from '../open-store.js'

/** The flags that all commands about the ledger have. */
export interface LedgerFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `ledger show`: one of the first three at most. */
export interface LedgerShowFlags extends LedgerFlags {
  readonly account?: string
  readonly hold?: string
  readonly budget?: string
  readonly limit: number
}

const NOTHING: LedgerPage = { accounts: [], holds: [], entries: [] }

/** Prints accounts, holds and entries: of what was asked for, else the current accounts and the open holds. */
export async function runLedgerShow(environment: Environment, options: LedgerShowFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const place = await findPlace(environment, options)
  const page = await useStore(place, NOTHING, (store) => readPage(store, options, environment.now()))
  const isEmpty = page.accounts.length + page.holds.length + page.entries.length === 0
  if (options.json) terminal.print(JSON.stringify(ledgerJson(page)))
  else if (!isEmpty) terminal.print(ledgerTables(page, offsetAt, terminal.colors))
  if (isEmpty) terminal.say(adviceWhenEmpty(options, describePlace(place)))
  return exitCodes.ok
}

async function readPage(store: OpenStore, options: LedgerShowFlags, at: number): Promise<LedgerPage> {
  const { account, hold, budget, limit } = options
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

function adviceWhenEmpty({ account, hold, budget }: LedgerShowFlags, place: string): string {
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

/** The flags of `ledger void`. */
export interface LedgerVoidFlags extends LedgerFlags {
  readonly reason: string
}

/** Takes back what an estimate posted; the reason stays in the ledger. */
export async function runLedgerVoid(environment: Environment, id: string, options: LedgerVoidFlags): Promise<ExitCode> {
  const { terminal } = environment
  const reason = requireReason(options.reason)
  const place = await findPlace(environment, options)
  const result = await useStore<LedgerResult>(place, { kind: 'unknown-hold' }, async (store) => {
    if ((await store.findHold(id)) === null) return { kind: 'unknown-hold' }
    const event = { kind: 'void', hold: id, reason, at: environment.now() } as const
    const [result] = await store.post({ events: [event], records: [] })
    return result ?? { kind: 'unknown-hold' }
  })
  const hold = requireVoided(id, result)
  terminal.print(options.json ? JSON.stringify({ kind: 'voided', ...holdJson(hold), reason }) : `${id}: voided`)
  return exitCodes.ok
}

const MAX_REASON_LENGTH = 1_000

function requireReason(text: string): string {
  const reason = text.trim()
  if (reason !== '' && reason.length <= MAX_REASON_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(reason)) return reason
  throw new CommandError(
    `--reason must say, in one line of up to ${wholeCount(MAX_REASON_LENGTH)} characters, why the estimate is wrong: ` +
      'it stays in the ledger.',
    exitCodes.config,
  )
}

function requireVoided(id: string, result: LedgerResult): Hold {
  if (result.kind === 'voided') return result.hold
  throw new CommandError(`The hold ${JSON.stringify(printable(id))} ${whyNot(result.kind)}`)
}

function whyNot(kind: Exclude<LedgerResult['kind'], 'voided'>): string {
  switch (kind) {
    case 'unknown-hold':
      return 'is not in the ledger. Open and expired ones:  runguard ledger show'
    case 'still-open':
      return 'is still open: its call runs, or the keeper will post it as an estimate when its deadline has passed.'
    case 'already-voided':
      return 'was voided before; nothing has changed.'
    case 'already-released':
      return 'was released: nothing is posted for it.'
    case 'already-settled':
      return 'was settled with its exact cost: only an estimate can be taken back.'
    default:
      return `cannot be voided (${kind}).`
  }
}
