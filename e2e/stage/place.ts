/** Where a client stands: in front of the gateway, or in one process with the guard. */

import type { BudgetInput } from '@runguard/sdk'
import type { CallRecord } from '@runguard/sdk/core'
import type { Store } from '@runguard/sdk/store'

/** The two doors into the engine. */
export type Door = 'gateway' | 'in-process'

/** What a client has to know. It does the same behind both doors. */
export interface Place {
  /** What it takes for the address of the API. */
  readonly url: string
  /** An empty folder that lives as long as the test: home and working directory of clients that need one. */
  readonly home: string
  /** Guards a client of the official SDK, if this is where it is done. */
  wrap<C extends object>(client: C): C
  /** What clients send with that let their user choose it. */
  readonly fetch: typeof globalThis.fetch
}

/** A door that is open, and what the engine behind it wrote down. */
export interface OpenDoor extends Place {
  /** Every call, oldest first, once those that have ended are written. */
  records(): Promise<readonly CallRecord[]>
  /** Takes other budgets into force. */
  setBudgets(budgets: readonly BudgetInput[]): void
  /** What the budgets have spent and hold, and whether their ledger is sound. */
  readonly ledger: Pick<Store, 'balances' | 'verify'>
}

/** What may differ from an ordinary engine, which has no budgets. */
export interface DoorOptions {
  readonly budgets?: readonly BudgetInput[]
  /** How long a call waits for money that running calls hold. */
  readonly waitForMoneyMs?: number
  /** False: prompts go out as they came, also those that are marked by default. */
  readonly fillsCache?: boolean
}

/** More calls than any test makes. */
const MANY = 10_000

/** Every call of a store, oldest first. */
export async function listCalls(store: Store): Promise<readonly CallRecord[]> {
  return (await store.listRecords(MANY)).toReversed()
}
