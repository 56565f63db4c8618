/** What is said of cascades: by an operator, and by the calls that are their tries. */

/** How an answer is judged by a gateway: its text as a whole. */
export type VerifyRule =
  | { readonly kind: 'regex'; readonly pattern: string }
  /** The text is JSON, and valid by this schema. */
  | { readonly kind: 'json-schema'; readonly schema: Readonly<Record<string, unknown>> }

/** What an operator said of the calls of one task. */
export interface CascadeRule {
  /** Names of tiers, in the order in which they are tried. */
  readonly tiers: readonly string[]
  readonly verify: VerifyRule
}

/** A try, as its call and its record say. */
export interface CascadeAttempt {
  /** The same for all tries of one cascade. */
  readonly id: string
  /** From 1 on. */
  readonly attempt: number
  readonly tier: string
  /** The model of the last resort: what the caller would have got without the cascade. */
  readonly asked: string
}
