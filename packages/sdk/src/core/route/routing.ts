/** Routing as it is configured: which model each tier is, and which tier does for a task. */

import { findModel, type PriceBook } from '../cost/price.js'
import type { CascadeRule } from './cascade-facts.js'
import { taskTiers, tierModels } from './task-models.js'

/** What an operator said of routing. */
export interface RoutePolicy {
  /** `explain` works routes out and records them, and sends what was asked for. */
  readonly mode: 'off' | 'explain' | 'route'
  /** The id of the model that serves each tier, by the name of the tier. */
  readonly tiers: ReadonlyMap<string, string>
  /** The tier that does for a task, by the word that callers say. */
  readonly tasks: ReadonlyMap<string, string>
  /** The same for tags, where a call declares no task. */
  readonly tags: ReadonlyMap<string, string>
  /** More than so many tokens are too long for the small tier. */
  readonly longContentTokens: number
  /** Tasks whose calls are tried on cheap tiers first. Of the gateway alone: a program has a verifier of its own. */
  readonly cascades: ReadonlyMap<string, CascadeRule>
  /** Whether calls that declare nothing are told by their features. */
  readonly classify: 'off' | 'features'
  /** A tier that fails a task more often than this allows is passed over: the least share of good answers. */
  readonly floor: number
}

/** More than so many tokens lift the small tier to the medium one, unless it is said otherwise. */
const LONG_CONTENT_TOKENS = 50_000

/** No route is looked for; tiers and tasks are the usual ones. */
export const defaultRoutePolicy: RoutePolicy = {
  mode: 'off',
  tiers: new Map(Object.entries(tierModels.current)),
  tasks: new Map(Object.entries(taskTiers)),
  tags: new Map(),
  longContentTokens: LONG_CONTENT_TOKENS,
  cascades: new Map(),
  classify: 'off',
  floor: 0.7,
}

/** The model of a tier; null if nobody has named it. A model may stand for itself. */
export function modelOfTier(tier: string, tiers: RoutePolicy['tiers'], book: PriceBook): string | null {
  return tiers.get(tier) ?? (findModel(book, tier) === null ? null : tier)
}

/** The tier of a task that no table knows. */
const UNKNOWN_TASK_TIER = 'medium'

/** Why a call is worth a tier. */
export interface TierChoice {
  readonly tier: string
  readonly reason: 'task' | 'tag' | 'guessed-task' | 'unknown-task' | 'long-content'
}

/** What a call says of itself, and what is guessed where it says nothing. */
export interface DeclaredCall {
  readonly task: string | null
  readonly tags: readonly string[]
  /** Of the prompt. */
  readonly tokens: number
  /** The task that its features tell; null if they tell none, or nobody asked. */
  readonly guess: string | null
}

/** The tier that does for a call by the tables alone; null if the call says nothing about what it is. */
export function chooseTier(policy: RoutePolicy, { task, tags, tokens, guess }: DeclaredCall): TierChoice | null {
  const declared = findDeclared(policy, task, tags) ?? findGuessed(policy, guess)
  if (declared?.tier !== 'small' || tokens <= policy.longContentTokens) return declared
  return { tier: 'medium', reason: 'long-content' }
}

function findGuessed({ tasks }: RoutePolicy, guess: string | null): TierChoice | null {
  const tier = guess === null ? undefined : tasks.get(guess)
  return tier === undefined ? null : { tier, reason: 'guessed-task' }
}

function findDeclared(
  { tasks, tags: byTag }: RoutePolicy,
  task: string | null,
  tags: readonly string[],
): TierChoice | null {
  if (task !== null) {
    const tier = tasks.get(task)
    return tier === undefined ? { tier: UNKNOWN_TASK_TIER, reason: 'unknown-task' } : { tier, reason: 'task' }
  }
  for (const tag of tags) {
    const tier = byTag.get(tag)
    if (tier !== undefined) return { tier, reason: 'tag' }
  }
  return null
}
