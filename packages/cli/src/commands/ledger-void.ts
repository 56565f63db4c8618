/** `runguard ledger void`: taking back what estimates posted. */

import { formatUsd, type Hold, type LedgerResult, sumUsd } from '@runguard/sdk/core'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { makeNoted } from '../operations/noted-change.js'
import { quoteId } from '../settings/budgets-in-force.js'
import type { Environment } from '../settings/environment.js'
import { requireKnownBudget } from '../settings/known-budgets.js'
import { findPlace, useStore } from '../settings/open-store.js'
import type { OpenStore } from '../settings/store-place.js'
import { moneyJson } from '../views/budget-views.js'
import { printable, wholeCount } from '../views/format.js'
import { holdJson } from '../views/ledger-views.js'
import type { LedgerFlags } from './ledger.js'

/** The flags of `ledger void`. */
export interface LedgerVoidFlags extends LedgerFlags {
  readonly reason: string
  /** All that nobody ended, of one budget. */
  readonly expired?: boolean
  readonly budget?: string
}

/** As it stands in the audit log. */
const ACTION = 'ledger.void'

/**
 * Takes back one estimate, or all expired ones of a budget; the reason stays in the ledger.
 *
 * @param id of the hold, unless all are meant
 */
export async function runLedgerVoid(
  environment: Environment,
  id: string | undefined,
  options: LedgerVoidFlags,
): Promise<ExitCode> {
  const { expired = false, budget } = options
  const reason = requireReason(options.reason)
  if (id !== undefined && !expired && budget === undefined) return await voidOne(environment, id, reason, options)
  if (id === undefined && expired && budget !== undefined) return await voidAll(environment, budget, reason, options)
  throw new CommandError('Say what to take back: the id of a hold, or --expired with --budget.', exitCodes.usage)
}

async function voidOne(environment: Environment, id: string, reason: string, options: LedgerFlags): Promise<ExitCode> {
  const { terminal } = environment
  const place = await findPlace(environment, options)
  const unknown: LedgerResult = { kind: 'unknown-hold' }
  const voided = await useStore<Hold | null>(place, null, async (store) => {
    if ((await store.findHold(id)) === null) return null
    return await makeNoted(store, environment, { action: ACTION, subject: id }, async (take) => {
      const [result = unknown] = await postVoids(store, [id], reason, environment.now())
      const hold = requireVoided(id, result)
      take({ action: ACTION, subject: id, before: null, after: { reason, holds: [id] } })
      return hold
    })
  })
  const hold = voided ?? requireVoided(id, unknown)
  terminal.print(options.json ? JSON.stringify({ kind: 'voided', ...holdJson(hold), reason }) : `${id}: voided`)
  return exitCodes.ok
}

async function voidAll(
  environment: Environment,
  budget: string,
  reason: string,
  options: LedgerFlags,
): Promise<ExitCode> {
  const { terminal } = environment
  await requireKnownBudget(environment, options, budget)
  const place = await findPlace(environment, options)
  const voided = await useStore<readonly Hold[]>(place, [], async (store) => {
    return await makeNoted(store, environment, { action: ACTION, subject: budget }, async (take) => {
      const holds = await voidExpired(store, budget, reason, environment.now())
      const after = { reason, holds: holds.map(({ id }) => id) }
      take({ action: ACTION, subject: budget, before: null, after })
      return holds
    })
  })
  const total = sumUsd(voided.map(({ posted }) => posted))
  if (options.json) {
    const holds = voided.map(({ id }) => id)
    terminal.print(JSON.stringify({ kind: 'voided-expired', budget, holds, ...moneyJson('posted', total), reason }))
  } else
    terminal.print(`${quoteId(printable(budget))}: ${wholeCount(voided.length)} voided, ${formatUsd(total)} taken back`)
  return exitCodes.ok
}

const GROUP = 500

/** As they were before. Group by group: a crash may have left any number. */
async function voidExpired(store: OpenStore, budget: string, reason: string, at: number): Promise<readonly Hold[]> {
  const voided: Hold[] = []
  for (;;) {
    const holds = await store.expiredHolds({ budget, limit: GROUP })
    const ids = holds.map(({ id }) => id)
    const results = await postVoids(store, ids, reason, at)
    const taken = holds.filter((_, index) => results[index]?.kind === 'voided')
    voided.push(...taken)
    // What was not voided has just been settled by its owner, and is not expired any more.
    if (taken.length === 0) return voided
  }
}

function postVoids(store: OpenStore, ids: readonly string[], reason: string, at: number) {
  return store.post({ events: ids.map((hold) => ({ kind: 'void', hold, reason, at }) as const), records: [] })
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
      return 'is not in the ledger. Those that can be voided:  runguard ledger show --expired'
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
