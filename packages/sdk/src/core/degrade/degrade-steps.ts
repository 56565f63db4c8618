/** The steps of degradation: what is done with calls as a budget runs low. */

/** How much a model thinks about an answer, from the least on. */
export const effortLevels = ['low', 'medium', 'high', 'xhigh', 'max'] as const

/** `output_config.effort`. */
export type Effort = (typeof effortLevels)[number]

/** What is done with a call. */
export type DegradeAction =
  /** @property to the name of a tier; null: the next cheaper one */
  | { readonly kind: 'cheaper-tier'; readonly to: string | null }
  | { readonly kind: 'lower-effort'; readonly to: Effort }
  | { readonly kind: 'tighter-max-tokens'; readonly maxTokens: number }
  /** Only of calls whose callers said that they may wait. */
  | { readonly kind: 'defer' }
  | { readonly kind: 'refuse' }

/** One step of the ladder of a budget. */
export interface DegradeStep {
  /** From this share of the limit on: 0.8 is four fifths. */
  readonly at: number
  readonly action: DegradeAction
}

/** What became of a step. */
export interface TakenStep {
  readonly kind: DegradeAction['kind']
  readonly budget: string
  readonly at: number
  readonly used: number
  /** What was changed: `claude-opus-5-5 → claude-sonnet-5-5`. Null if nothing was. */
  readonly change: string | null
  /** Why nothing was changed; null if something was. */
  readonly why: string | null
}

/** True for the levels of effort that are known. */
export function isEffort(word: unknown): word is Effort {
  return (effortLevels as readonly unknown[]).includes(word)
}
