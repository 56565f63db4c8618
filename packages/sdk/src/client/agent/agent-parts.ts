/** A session from the inside: what the rooms of the agent share. */

import { addUsd, type NanoUsd } from '../../core/cost/money.js'
import type { PriceBook } from '../../core/cost/price.js'
import type { Runtime } from '../../engine/runtime.js'
import type { SessionAccount } from './agent-account.js'
import type { History } from './agent-history.js'
import type { LoopWatch } from './agent-loops.js'
import type { AgentSessionOptions } from './agent-options.js'
import type { CallHabit, SessionMoney } from './agent-spending.js'

/** The parts of one session; the last two grow with every call. */
export interface AgentParts {
  readonly id: string
  readonly options: AgentSessionOptions
  readonly runtime: Runtime
  readonly book: PriceBook
  readonly account: SessionAccount
  readonly loops: LoopWatch | null
  readonly budgetNano: NanoUsd
  /** By the runs before this session was resumed. */
  readonly spentBeforeNano: NanoUsd
  history: History
  habit: CallHabit
}

/** Where the money of the session stands. */
export function moneyOf({ id, budgetNano, spentBeforeNano, account }: AgentParts): SessionMoney {
  return { id, budgetNano, spentNano: addUsd(spentBeforeNano, account.spentNano()) }
}

/** The longest answer that the session asks for, in tokens. */
export function maxTokensOf({ options }: AgentParts): number {
  return options.maxTokens ?? 16_000
}
