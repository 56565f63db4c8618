/** What people change, apart from what happens: the interface says what something means, the stores keep it. */

import type { AuditStore } from './audit-store.js'
import type { TeamStore } from './team-store.js'

/** A budget as somebody wrote it. What is kept is checked again when it is read: it may come from another version. */
export interface StoredBudget {
  /** Unique. */
  readonly id: string
  /** The entry of `budgets:` in a configuration, as JSON. */
  readonly written: unknown
}

/** A budget with when it was put: milliseconds since the epoch, null for those from before that was kept. */
export interface KeptBudget extends StoredBudget {
  /** First. */
  readonly createdAt: number | null
  /** Last. */
  readonly changedAt: number | null
}

/** Budgets that are not in a file. */
export interface BudgetRegistry {
  /** A number that every change raises, cheap to ask for. Ask before reading: then no change is missed. */
  version(): Promise<number>
  /** In ascending order of id. */
  listBudgets(): Promise<readonly KeptBudget[]>
  /**
   * Adds the budget, or replaces the one with its id.
   *
   * @param at milliseconds since the epoch
   * @param asOf the version that was asked for before what it replaces was read; absent: whatever is there
   * @returns false, and no budget is changed, where anything was changed since that version
   */
  putBudget(budget: StoredBudget, at: number, asOf?: number): Promise<boolean>
  /** False if there was none with this id. */
  removeBudget(id: string): Promise<boolean>
}

/** What people change, and who changed what. */
export interface Registry extends BudgetRegistry, TeamStore, AuditStore {}
