/** What has been learned of the answers of many scopes and models, in bounded memory. */

import { keepNewest } from '../bounded/bounded.js'
import { freshHistory, learnOutput, type OutputHistory, outputQuantile, shortQuantile } from './quantile.js'

/** Whose answers, from which model. */
export interface OutputSource {
  /** The name of the scope that is learned for, such as `session:s-1`; null for none. */
  readonly scope: string | null
  readonly model: string
}

export interface QuantileBook {
  /** Learns for the scope, and for the model as a whole. See {@link learnOutput}. */
  learn(source: OutputSource, tokens: number, isTruncated: boolean): void
  /** Tokens that nine of ten answers do not exceed: of this scope and model, as far as known, else of the model. */
  expect(source: OutputSource): number
  /** Tokens that hardly one of twenty answers stays below: as short as such answers are known to be. */
  expectShort(source: OutputSource): number
  /** How many histories are kept. */
  readonly size: number
}

/** Most answers of agents are a few hundred tokens. Holding too little costs an extension, holding too much a refusal. */
const PRIOR_TOKENS = 1_024
const SHARE = 0.9
/** As long as little is known, answers may be as short as a sentence; sixty longer ones outweigh that. */
const PRIOR_SHORT_TOKENS = 32
const SHORT_SHARE = 0.05

/** A book of at most `maxEntries` histories; the one that was not used for longest makes room. */
export function openQuantileBook(maxEntries = 5_000): QuantileBook {
  const histories = new Map<string, OutputHistory>()

  const learnFor = (key: string, tokens: number, isTruncated: boolean): void => {
    keepNewest(histories, key, learnOutput(histories.get(key) ?? freshHistory, tokens, isTruncated), maxEntries)
  }

  const estimate = (
    { scope, model }: OutputSource,
    quantile: (history: OutputHistory, prior: number) => number,
    prior: number,
  ): number => {
    const ofModel = quantile(histories.get(keyOf(model, null)) ?? freshHistory, prior)
    const own = scope === null ? undefined : histories.get(keyOf(model, scope))
    return own === undefined ? ofModel : quantile(own, ofModel)
  }

  return {
    learn({ scope, model }, tokens, isTruncated) {
      if (scope !== null) learnFor(keyOf(model, scope), tokens, isTruncated)
      // Last, so that of the two it is the one that stays: it stands in for every scope that is new.
      learnFor(keyOf(model, null), tokens, isTruncated)
    },
    expect: (source) => {
      return estimate(source, (history, prior) => outputQuantile(history, SHARE, prior), PRIOR_TOKENS)
    },
    expectShort: (source) => {
      return estimate(source, (history, prior) => shortQuantile(history, SHORT_SHARE, prior), PRIOR_SHORT_TOKENS)
    },
    get size() {
      return histories.size
    },
  }
}

/** The length in front keeps names apart that hold whatever callers send. */
function keyOf(model: string, scope: string | null): string {
  return scope === null ? `${model.length}:${model}` : `${model.length}:${model}:${scope}`
}
