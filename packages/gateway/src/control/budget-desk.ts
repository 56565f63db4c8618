/** The budgets of the configuration file and of the registry: how they stand, and changing those of the registry. */

import {
  type Account,
  type Budget,
  nanoUsd,
  type SourcedBudget,
  standAccounts,
  windowAccounts,
} from '@runguard/sdk/core'
import { type ListPlace, type Registry, readBudgetStandings, type Store, type StoredBudget } from '@runguard/sdk/store'
import type { ApiBudget, ApiBudgetAccounts, ApiBudgetBody } from '../api/budgets.js'
import { pageOf } from './cursor.js'
import { ApiProblem, notFound } from './problem.js'
import { budgetWire, MAX_ACCOUNTS, pagedAccountWire, readBudget, readWritten, type Tiers } from './wire/budget-wire.js'

/** What the desk works with. */
export interface BudgetDeskParts {
  readonly store: Registry & Pick<Store, 'balances' | 'fullestBalances' | 'countBalances'>
  /** Those of the configuration file: changed there. */
  readonly fileBudgets: readonly Budget[]
  readonly tiers: Tiers
  readonly now: () => number
  /** Takes what the registry has now into force; resolves when it is. */
  readonly apply: () => Promise<void>
}

/** A budget before and after a change, as the API shows them. */
export interface BudgetChange {
  readonly before: ApiBudget | null
  readonly after: ApiBudget | null
}

/** Budgets at the control plane. */
export interface BudgetDesk {
  list(): Promise<readonly ApiBudget[]>
  /** In the order in which they are kept, without how they stand. */
  inForce(): Promise<readonly SourcedBudget[]>
  /** A page of the accounts of a budget, the fullest first. Rejects with `ApiProblem`. @param after null: from the first */
  accounts(id: string, after: ListPlace | null, limit?: number): Promise<ApiBudgetAccounts>
  /** Rejects with `ApiProblem`. */
  put(id: string, body: ApiBudgetBody): Promise<BudgetChange>
  remove(id: string): Promise<BudgetChange>
}

/** Opens the desk. */
export function openBudgetDesk(parts: BudgetDeskParts): BudgetDesk {
  const { store } = parts
  const inTurn = oneByOne()
  const find = async (id: string): Promise<ApiBudget | null> =>
    (await listBudgets(parts)).find((each) => each.id === id) ?? null
  return {
    list: () => listBudgets(parts),
    inForce: async () => merge(parts, await store.listBudgets()),
    accounts: (id, after, limit = MAX_ACCOUNTS) => pageAccounts(parts, id, after, limit),
    put: (id, body) =>
      inTurn(async () => {
        requireNotInFile(parts, id)
        const { stored } = readBudget(id, body, parts.tiers)
        for (;;) {
          const asOf = await store.version()
          const before = await find(id)
          requireRevision(body.revision, before?.revision ?? null)
          // Somebody else may have changed it since, at another gateway or at the keyboard.
          if (!(await store.putBudget(stored, parts.now(), asOf))) continue
          await parts.apply()
          return { before, after: await find(id) }
        }
      }),
    remove: (id) =>
      inTurn(async () => {
        requireNotInFile(parts, id)
        const before = await find(id)
        if (!(await store.removeBudget(id))) throw notFound('budget')
        await parts.apply()
        return { before, after: null }
      }),
  }
}

/** Changes of one process come one after the other. */
function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }
}

function requireNotInFile({ fileBudgets }: BudgetDeskParts, id: string): void {
  if (!fileBudgets.some((budget) => budget.id === id)) return
  throw new ApiProblem(409, 'conflict', 'This budget is in the configuration file: change it there.')
}

function requireRevision(wanted: string | null | undefined, current: string | null): void {
  if (wanted === undefined || wanted === current) return
  throw new ApiProblem(409, 'conflict', 'Somebody else has changed this budget meanwhile. Look at it again.')
}

/** A stored budget that cannot be read is left out here; the gateway says so itself. */
function merge({ fileBudgets, tiers }: BudgetDeskParts, stored: readonly StoredBudget[]): SourcedBudget[] {
  const inFile = new Set(fileBudgets.map(({ id }) => id))
  const ofFile = fileBudgets.map((budget): SourcedBudget => ({ budget, source: 'config' }))
  const ofRegistry = stored.flatMap(({ id, written }): SourcedBudget[] => {
    const reading = readWritten(written, tiers)
    const [budget] = reading.kind === 'config' ? reading.config.budgets : []
    return budget?.id === id && !inFile.has(id) ? [{ budget, source: 'registry' }] : []
  })
  return [...ofFile, ...ofRegistry]
}

async function listBudgets(parts: BudgetDeskParts): Promise<readonly ApiBudget[]> {
  const { store, now } = parts
  const stored = await store.listBudgets()
  const kept = new Map(stored.map((each) => [each.id, each]))
  const standings = await readBudgetStandings(store, merge(parts, stored), { atMs: now(), most: MAX_ACCOUNTS })
  return standings.map((standing) => {
    const isKept = standing.source === 'registry'
    return budgetWire(standing, isKept ? (kept.get(standing.budget.id) ?? null) : null)
  })
}

async function pageAccounts(
  parts: BudgetDeskParts,
  id: string,
  after: ListPlace | null,
  limit: number,
): Promise<ApiBudgetAccounts> {
  const { store, now } = parts
  const found = merge(parts, await store.listBudgets()).find(({ budget }) => budget.id === id)
  if (found === undefined) throw notFound('budget')
  const { budget } = found
  if (budget.window === 'request') return { items: [], next: null }
  const atMs = now()
  const place = after === null ? {} : { after: { taken: nanoUsd(after.at), key: after.id } }
  const rows = await store.fullestBalances({ ...windowAccounts(budget, atMs), ...place, limit: limit + 1 })
  const { items, next } = pageOf(rows, limit, (account) => account, placeOf)
  return { items: standAccounts(budget, items, atMs).map(pagedAccountWire), next }
}

function placeOf({ spent, held, key }: Account): ListPlace {
  return { at: spent + held, id: key }
}
