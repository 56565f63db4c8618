/** The part `degrade` of a budget in the configuration. */

import { z } from 'zod'
import { hint, quote } from '../config/config-names.js'
import { strictObject, word } from '../config/written-schema.js'
import { type DegradeAction, type DegradeStep, effortLevels, isEffort } from './degrade-steps.js'

const AT_HINT = "must be a share of the limit above 0: 0.8 or '80%', at most 1"
const DEFAULT_MAX_TOKENS = 4_096
const MAX_TOKENS = 1_000_000
const MAX_STEPS = 20

const share = z
  .union([z.number(), z.string()], { error: AT_HINT })
  .transform((written) => (typeof written === 'number' ? written : readPercent(written)))
  .refine((value) => value > 0 && value <= 1, { error: AT_HINT })
  .describe("From this share of the limit on: 0.8 or '80%'.")

function readPercent(text: string): number {
  const [, digits] = /^(\d{1,3}(?:\.\d{1,6})?) ?%$/.exec(text.trim()) ?? []
  return digits === undefined ? Number.NaN : Number(digits) / 100
}

const step = strictObject({
  at: share,
  step: word(['cheaper-tier', 'lower-effort', 'tighter-max-tokens', 'defer', 'refuse']).describe(
    'What is done with calls. defer lets those wait for a batch whose callers said that they may.',
  ),
  to: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe('The tier of cheaper-tier, by default the next cheaper one; the effort of lower-effort, by default low.'),
  maxTokens: z
    .int()
    .min(1)
    .max(MAX_TOKENS)
    .optional()
    .describe(`The most output of tighter-max-tokens; by default ${DEFAULT_MAX_TOKENS}.`),
}).transform((written, context): DegradeStep => {
  const complain = (field: 'to' | 'maxTokens', message: string): typeof z.NEVER => {
    context.addIssue({ code: 'custom', path: [field], message })
    return z.NEVER
  }
  const { at, to, maxTokens } = written
  if (maxTokens !== undefined && written.step !== 'tighter-max-tokens') {
    return complain('maxTokens', `${written.step} has none: it belongs to tighter-max-tokens`)
  }
  if (to !== undefined && written.step !== 'cheaper-tier' && written.step !== 'lower-effort') {
    return complain('to', `${written.step} has none: it belongs to cheaper-tier and lower-effort`)
  }
  if (written.step === 'lower-effort' && to !== undefined && !isEffort(to)) {
    return complain('to', `unknown effort ${quote(to)}${hint(to, effortLevels) || `: ${effortLevels.join(', ')}`}`)
  }
  return { at, action: actionOf(written) }
})

function actionOf(written: {
  readonly step: DegradeAction['kind']
  readonly to?: string | undefined
  readonly maxTokens?: number | undefined
}): DegradeAction {
  const { step: kind, to, maxTokens } = written
  switch (kind) {
    case 'cheaper-tier':
      return { kind, to: to ?? null }
    case 'lower-effort':
      return { kind, to: isEffort(to) ? to : 'low' }
    case 'tighter-max-tokens':
      return { kind, maxTokens: maxTokens ?? DEFAULT_MAX_TOKENS }
    case 'defer':
    case 'refuse':
      return { kind }
  }
}

/** The ladder of a budget, in the order in which its steps come: {@link DegradeStep}. */
export const degradeSchema = z
  .array(step, { error: "must be a list of steps; in a file each begins with a dash: '- at: 0.8'" })
  .max(MAX_STEPS, { error: `must have ${MAX_STEPS} steps at most` })
  .transform((steps): readonly DegradeStep[] => [...steps].sort((left, right) => left.at - right.at))
