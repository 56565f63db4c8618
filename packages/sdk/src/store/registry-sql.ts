/** The SQL of the registry. Whoever changes it takes the next version first, so that changes happen one after another. */

import type { BudgetRegistry, KeptBudget, StoredBudget } from './registry.js'
import type { SqlRow, Statement } from './sql.js'

/** Gives the row that {@link readRegistryVersion} takes. */
export const SELECT_REGISTRY_VERSION: Statement = { text: 'SELECT version FROM registry_version', values: [] }

/** Goes before every change below, in its transaction. */
export const RAISE_REGISTRY_VERSION: Statement = {
  text: 'UPDATE registry_version SET version = version + 1',
  values: [],
}

/** Goes after a change that gave no row, in its transaction: nothing was changed. */
export const LOWER_REGISTRY_VERSION: Statement = {
  text: 'UPDATE registry_version SET version = version - 1',
  values: [],
}

/** A row of {@link SELECT_REGISTRY_VERSION}. */
export function readRegistryVersion(row: SqlRow | undefined): number {
  return Number(row?.version ?? 0)
}

/** All budgets, in no order: databases disagree about the order of texts. */
export const SELECT_BUDGETS: Statement = {
  text: 'SELECT id, written, created_at, changed_at FROM registry_budgets',
  values: [],
}

/** A row of {@link SELECT_BUDGETS}. */
export function readKeptBudget({ id, written, created_at, changed_at }: SqlRow): KeptBudget {
  const moment = (value: SqlRow[string]): number | null => (value == null ? null : Number(value))
  return {
    id: String(id),
    written: JSON.parse(String(written)) as unknown,
    createdAt: moment(created_at),
    changedAt: moment(changed_at),
  }
}

/** The version is raised by then. */
const PUT_BUDGET = `INSERT INTO registry_budgets (id, written, created_at, changed_at)
  SELECT ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM registry_version WHERE version = COALESCE(CAST(? AS BIGINT) + 1, version)
  ON CONFLICT (id) DO UPDATE SET written = excluded.written, changed_at = excluded.changed_at RETURNING id`

/** Adds or replaces one, and gives its row if that was done; all as {@link BudgetRegistry.putBudget} says. */
export function writeBudget({ id, written }: StoredBudget, at: number, asOf: number | null = null): Statement {
  return { text: PUT_BUDGET, values: [id, JSON.stringify(written), at, at, asOf] }
}

/** Gives a row for the budget it took away. */
export function deleteBudget(id: string): Statement {
  return { text: 'DELETE FROM registry_budgets WHERE id = ? RETURNING id', values: [id] }
}
