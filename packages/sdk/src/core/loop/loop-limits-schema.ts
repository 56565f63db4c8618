/** The part `loops.limits` of the configuration. */

import { z } from 'zod'
import { strictObject } from '../config/written-schema.js'
import { defaultLoopLimits, type LoopLimits, type LoopRuleName, type LoopTiers } from './loop-limits.js'

const MOST = 1_000_000

const limit = z.number().gt(0).max(MOST).nullable().optional()

/** The tiers of one rule. The one that is not named stays as it is, unless the other one has moved past it. */
function tiers(rule: LoopRuleName, what: string) {
  const usual = defaultLoopLimits[rule]
  return strictObject({ notice: limit, stop: limit })
    .transform(({ notice, stop }): LoopTiers => {
      return {
        notice: notice === undefined ? lesser(usual.notice, stop ?? null) : notice,
        stop: stop === undefined ? greater(usual.stop, notice ?? null) : stop,
      }
    })
    .refine(({ notice, stop }) => notice === null || stop === null || notice <= stop, {
      error: 'notice must not be above stop',
    })
    .optional()
    .describe(`${what} By default notice ${shown(usual.notice)}, stop ${shown(usual.stop)}.`)
}

/** Null is no bound. */
function lesser(usual: number | null, bound: number | null): number | null {
  return usual === null || bound === null ? usual : Math.min(usual, bound)
}

function greater(usual: number | null, bound: number | null): number | null {
  return usual === null || bound === null ? usual : Math.max(usual, bound)
}

function shown(value: number | null): string {
  return value === null ? 'never' : String(value)
}

/** The limits that are named, read into {@link LoopLimits}. */
export const loopLimitsSchema = strictObject({
  repeat: tiers('repeat', 'The same steps again, without anything new.'),
  sameResult: tiers('sameResult', 'The same steps again with the same results.'),
  otherNumbers: tiers('otherNumbers', 'The same steps again, with results that differ in numbers alone.'),
  newResult: tiers('newResult', 'The same steps again, also if they bring something new.'),
  poll: tiers('poll', 'The same steps again, where they wait.'),
  nearRepeat: tiers('nearRepeat', 'Nearly the same call, with the same empty or failing result.'),
  sameFailure: tiers('sameFailure', 'Any calls of one tool, with the same failing result.'),
  nothingFound: tiers('nothingFound', 'Any calls of one tool, with nothing in their results.'),
  stalledCheck: tiers('stalledCheck', 'The same call with the same failing result, with anything in between.'),
  growth: tiers('growth', 'Steps without anything new, while the prompt grows.'),
  growthTokens: z
    .number()
    .gt(0)
    .optional()
    .describe(
      `Tokens by which it must grow for a notice, and twice that for a stop. By default ${defaultLoopLimits.growthTokens}.`,
    ),
  sameRequest: tiers('sameRequest', 'The same request with the same answer.'),
  anyAnswer: tiers('anyAnswer', 'The same request, whatever was answered.'),
  sameText: tiers('sameText', 'The same words of the model, without a step.'),
  onlyTexts: tiers('onlyTexts', 'Any words of the model, without a step.'),
  spend: tiers('spend', 'Dollars a minute, over five minutes.'),
}).transform((limits): Partial<LoopLimits> => {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
})
