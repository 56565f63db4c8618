/** What a route is made from, and what it says. */

import type { CallView } from '../body/call.js'
import type { NanoUsd } from '../cost/money.js'
import type { PriceBook } from '../cost/price.js'
import type { SuccessEstimate } from './outcomes.js'
import type { RoutePolicy, TierChoice } from './routing.js'

/** What is known of a call when it is routed. */
export interface RouteRequest {
  readonly view: CallView
  /** `output_config.effort`; null if the request does not state it. */
  readonly effort: string | null
  /** The names in the header `anthropic-beta`. */
  readonly betas: readonly string[]
  readonly task: string | null
  /** The task that its features tell, where it declares none; null if they tell none, or nobody asked. */
  readonly guess: string | null
  readonly tags: readonly string[]
  /** Likely tokens of the prompt, as the asked model counts them. */
  readonly promptTokens: number
  /** Tokens that the answer has at least: what a cheaper model saves on the answer is not to be overrated. */
  readonly outputTokens: number
  /** True if no answer of a model is in the prompt yet. */
  readonly isStart: boolean
  /** Null if nothing is known of the conversation. */
  readonly conversation: ConversationState | null
  /** A budget runs low: the tier to go down to, `next` for the next cheaper one; null if none does. */
  readonly pressure: string | null
  readonly atMs: number
}

/** What is known of the conversation that a call continues. */
export interface ConversationState {
  /** The model that served it last. */
  readonly model: string
  /** Tokens of its prompt that the model's cache holds now, as that model counts them; 0 once it is cold. */
  readonly warmTokens: number
}

/** What routes depend on beside the call. */
export interface RouteParts {
  readonly policy: RoutePolicy
  readonly book: PriceBook
  /** What was learned of a tier at a task. */
  successOf(task: string, tier: string): SuccessEstimate
  /**
   * Tokens of a prompt whose conversation begins that the cache of a model holds already, because others begin alike, as
   * that model counts them. Absent: nobody knows of any.
   */
  warmOn?(model: string): number
}

/** Why a call goes where it goes. */
export type RouteReason =
  | TierChoice['reason']
  /** It says nothing about what it is. */
  | 'undeclared'
  /** The model that was asked for is retired. */
  | 'retired'
  /** A cheaper tier fails this task too often. */
  | 'learned'
  /** The conversation runs on this model, and leaving it does not pay. */
  | 'conversation'
  /** A budget runs low. */
  | 'budget'

/** A model that was looked at and not taken. */
export interface RejectedModel {
  readonly model: string
  /** Null for the model that was asked for, where that is of no tier. */
  readonly tier: string | null
  /** In words for people: `cannot be forced to use a tool`. */
  readonly why: string
  /** What the call should have cost there. */
  readonly expected: NanoUsd
}

/** Which model serves a call. */
export interface Route {
  readonly asked: string
  readonly model: string
  readonly tier: string | null
  readonly task: string | null
  readonly reason: RouteReason
  /** What the call should cost there, and what it should have cost on the model that was asked for. */
  readonly expected: NanoUsd
  readonly expectedAsked: NanoUsd
  readonly rejected: readonly RejectedModel[]
  /** Tokens that the cache of the asked model held and the route leaves behind, as that model counts them. */
  readonly lostTokens: number
  /** When the asked model is or was retired, if that is near: milliseconds since the epoch. */
  readonly retiresMs: number | null
}
