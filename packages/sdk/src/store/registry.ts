/** What people change, apart from what happens: the interface says what something means, the stores keep it. */

/** A budget as somebody wrote it. What is kept is checked again when it is read: it may come from another version. */
export interface StoredBudget {
  /** Unique. */
  readonly id: string
  /** The entry of `budgets:` in a configuration, as JSON. */
  readonly written: unknown
}

/** What people change. */
export interface Registry {
  /** A number that every change raises, cheap to ask for. Ask before reading: then no change is missed. */
  version(): Promise<number>
  /** In ascending order of id. */
  listBudgets(): Promise<readonly StoredBudget[]>
  /** Adds the budget, or replaces the one with its id. */
  putBudget(budget: StoredBudget): Promise<void>
  /** False if there was none with this id. */
  removeBudget(id: string): Promise<boolean>
}
