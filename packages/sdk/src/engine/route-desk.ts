/** What routes are made with: the call, and what the engine gives. */

import type { CallView } from '../core/body/call.js'
import type { CompiledBudgets } from '../core/budget/budget.js'
import type { Headers, Scope } from '../core/budget/scope.js'
import type { PriceBook } from '../core/cost/price.js'
import type { DeferDecision } from '../core/defer/defer.js'
import type { RoutePolicy } from '../core/route/routing.js'
import type { TokenRatio } from '../core/tokens/token-ratio.js'
import type { ConversationStore } from '../store/conversation-store.js'
import type { OutcomeStore } from '../store/outcome-store.js'
import type { Store } from '../store/store.js'
import type { Balances } from './balances.js'
import type { EstimateInput } from './estimate-input.js'
import type { OwnedPrompt } from './prefixes.js'
import type { Runtime } from './runtime.js'

/** A call before it is sent. */
export interface RouteCall {
  readonly id: string
  readonly view: CallView
  readonly body: Uint8Array
  readonly scope: Scope
  readonly headers: Headers
  /** True for a try of a cascade, and where a budget chose before it waited: its model is not looked for again. */
  readonly isChosen: boolean
  readonly waiting: Waiting
}

/** Whether a call can be made to wait for a batch. */
export type Waiting =
  /** It may. `whyNot` says why no batch could answer it; null if one can. */
  | { readonly kind: 'offered'; readonly whyNot: string | null }
  /** Whoever sent it waits for its answer. */
  | { readonly kind: 'at-once'; readonly why: string }
  /** It has; `decision` is null if its caller alone made it wait. */
  | { readonly kind: 'waited'; readonly decision: DeferDecision | null }

/** What routes need of the engine. */
export interface RoutesDesk {
  readonly runtime: Runtime
  readonly book: PriceBook
  readonly policy: RoutePolicy
  readonly balances: Balances
  readonly store: OutcomeStore & ConversationStore & Pick<Store, 'findRecord'>
  /** The budgets of this moment. */
  budgets(): CompiledBudgets
  /** What has been learned of a model's tokens. */
  ratioOf(model: string): TokenRatio
  readonly estimateInput: EstimateInput
  /** Resolves when every call that has ended is in the store. */
  flush(): Promise<void>
  /** Tokens of the prompt that the cache of a model holds because others began alike. */
  warmOn(call: OwnedPrompt, model: string): number
  /** Tokens that hardly an answer stays below. */
  shortOutput(scope: Scope, model: string): number
}
