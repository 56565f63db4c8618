/** The part `routing` of the configuration. */

import { z } from 'zod'
import { hint, quote } from '../config/config-names.js'
import { strictObject, word } from '../config/written-schema.js'
import type { VerifyRule } from './cascade-facts.js'
import { findSameModel } from './cascade-tiers.js'
import { defaultRoutePolicy, type RoutePolicy } from './routing.js'

const MAX_NAME_LENGTH = 200
const MAX_ENTRIES = 1_000
const MAX_TOKENS = 10_000_000

const name = z.string().trim().min(1).max(MAX_NAME_LENGTH)
const names = withoutPrototype(
  z
    .record(name, name)
    .refine((table) => Object.keys(table).length <= MAX_ENTRIES, { error: `must have ${MAX_ENTRIES} names at most` }),
).default({})

/** The one name that would be passed over in silence, because JavaScript gives it a meaning of its own. */
const PROTOTYPE = '__proto__'

function withoutPrototype<Table extends z.ZodType>(table: Table) {
  return z.preprocess((written, context) => {
    if (typeof written !== 'object' || written === null || !Object.hasOwn(written, PROTOTYPE)) return written
    context.addIssue({ code: 'custom', path: [PROTOTYPE], message: 'is a name that cannot be used' })
    return z.NEVER
  }, table)
}

const MAX_PATTERN_LENGTH = 1_000
const MAX_CASCADE_TIERS = 10

const pattern = z
  .string()
  .min(1)
  .max(MAX_PATTERN_LENGTH)
  .refine(isPattern, { error: 'is no regular expression' })
  .describe('What the text of the answer must match.')

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') !== null
  } catch {
    return false
  }
}

const verify = strictObject({
  regex: pattern.optional(),
  jsonSchema: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('The text of the answer is JSON, valid by this schema.'),
}).transform(({ regex, jsonSchema }, context): VerifyRule => {
  if (regex !== undefined && jsonSchema === undefined) return { kind: 'regex', pattern: regex }
  if (jsonSchema !== undefined && regex === undefined) return { kind: 'json-schema', schema: jsonSchema }
  context.addIssue({ code: 'custom', message: 'must be one of regex and jsonSchema' })
  return z.NEVER
})

const cascade = strictObject({
  tiers: z.array(name).min(1).max(MAX_CASCADE_TIERS).describe('In the order in which they are tried.'),
  verify,
})

/** How calls are routed: {@link RoutePolicy}. */
export const routingSchema = strictObject({
  mode: word(['off', 'explain', 'route'])
    .default('off')
    .describe('explain works routes out and records them, and sends what was asked for.'),
  tiers: names.describe('Models of the tiers, by name: small, medium, large, and any more.'),
  tasks: names.describe('The tier that does for a task, by the word that callers declare.'),
  tags: names.describe('The tier for calls with a tag that declare no task.'),
  longContentTokens: z
    .int()
    .min(1)
    .max(MAX_TOKENS)
    .default(defaultRoutePolicy.longContentTokens)
    .describe('More tokens than this are too long for the small tier.'),
  cascades: withoutPrototype(z.record(name, cascade))
    .default({})
    .describe(
      'Tasks whose calls a gateway tries on cheap tiers first, with what an answer must be; the last resort is the model that was asked for.',
    ),
  classify: word(['off', 'features'])
    .default(defaultRoutePolicy.classify)
    .describe('features guesses the task of calls that declare none from their words and form, without a call.'),
  floor: z
    .number()
    .min(0)
    .max(1)
    .default(defaultRoutePolicy.floor)
    .describe('A tier with a smaller share of good answers to a task is passed over.'),
}).transform((written, context): RoutePolicy => {
  const tiers = new Map([...defaultRoutePolicy.tiers, ...Object.entries(written.tiers)])
  for (const table of ['tasks', 'tags'] as const) {
    for (const [key, tier] of Object.entries(written[table])) {
      if (tiers.has(tier)) continue
      context.addIssue({ code: 'custom', path: [table, key], message: unknownTier(tier, [...tiers.keys()]) })
    }
  }
  for (const [task, rule] of Object.entries(written.cascades)) {
    for (const tier of rule.tiers) {
      if (tiers.has(tier)) continue
      context.addIssue({ code: 'custom', path: ['cascades', task], message: unknownTier(tier, [...tiers.keys()]) })
    }
    const twice = findSameModel(rule.tiers, (tier) => tiers.get(tier))
    if (twice !== null) context.addIssue({ code: 'custom', path: ['cascades', task, 'tiers'], message: twice })
  }
  return {
    ...written,
    cascades: new Map(Object.entries(written.cascades)),
    tiers,
    tasks: new Map([...defaultRoutePolicy.tasks, ...Object.entries(written.tasks)]),
    tags: new Map(Object.entries(written.tags)),
  }
})

/** What is wrong with a tier that nobody has named. */
export function unknownTier(written: string, known: readonly string[]): string {
  return `unknown tier ${quote(written)}${hint(written, known) || `, it must be one of ${known.join(', ')}`}`
}
