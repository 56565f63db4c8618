/** The schema of a budget. */

import { z } from 'zod'
import type { Budget } from '../budget/budget.js'
import { EACH, type ScopeKind, scopeKinds } from '../budget/scope-kinds.js'
import { isTimeZone, windowKinds } from '../budget/window.js'
import { degradeSchema } from '../degrade/degrade-schema.js'
import { hint, quote } from './config-names.js'
import { strictObject, usd, word } from './written-schema.js'

const MAX_ID_LENGTH = 100
const MAX_NAME_LENGTH = 200
/** Thresholds are compared to the hundredth of a percent. */
const MIN_PERCENT = 0.01
const MAX_PERCENT = 1_000
const PERCENT_HINT = `must be percent of the limit, from ${MIN_PERCENT} to ${MAX_PERCENT}: 80 or '80%'`

const text = z
  .string()
  .trim()
  .min(1)
  .max(MAX_NAME_LENGTH)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'has control characters')

/** `team:research` and the like. */
export const scopeText = z
  .string({ error: "must be a scope: 'everything', 'team:research', 'session:*', …" })
  .max(MAX_NAME_LENGTH)
  .describe("Whose spending: 'everything', 'request', or '<kind>:<name>', with * for each one by itself.")
  .transform((written, context): Budget['scope'] => {
    const [kind = '', ...rest] = written.trim().split(':')
    const name = rest.join(':').trim()
    if (isScopeKind(kind) && isNameFor(kind, name)) return { kind, name: name === '' ? EACH : name }
    context.addIssue({ code: 'custom', message: scopeProblem(kind, name) })
    return z.NEVER
  })

function isScopeKind(kind: string): kind is ScopeKind {
  return (scopeKinds as readonly string[]).includes(kind)
}

function isNameless(kind: ScopeKind): boolean {
  return kind === 'everything' || kind === 'request'
}

function isNameFor(kind: ScopeKind, name: string): boolean {
  return isNameless(kind) ? name === '' || name === EACH : text.safeParse(name).success
}

function scopeProblem(kind: string, name: string): string {
  if (!isScopeKind(kind)) {
    return `unknown scope ${quote(kind)}${hint(kind, scopeKinds) || `, it must be one of ${scopeKinds.join(', ')}`}`
  }
  if (isNameless(kind)) return `${kind} has no names: write ${quote(kind)}`
  if (name !== '') return 'the name of the scope has control characters'
  return `say whose: ${quote(`${kind}:<name>`)}, or ${quote(`${kind}:*`)} for each one by itself`
}

const timeZone = z
  .string()
  .refine(isTimeZone, {
    error: ({ input }) => `unknown time zone ${quote(String(input))}: write one like 'Europe/Berlin'`,
  })
  .default('UTC')
  .describe('IANA name of the time zone whose calendar the window follows.')

const until = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: "must be a date, or a time with its offset: '2026-12-31' or '2026-12-31T18:00:00Z'",
  })
  .describe('Until when it holds: the start of that date in the time zone of the budget, or an exact time.')

const override = strictObject({
  scope: text.describe("The name that gets another limit, such as 'alice'; * for all others."),
  limit: usd,
  until: until.nullish(),
})

const percent = z
  .union([z.number(), z.string()], { error: PERCENT_HINT })
  .transform((written) => (typeof written === 'number' ? written : readPercent(written)))
  .refine((value) => value >= MIN_PERCENT && value <= MAX_PERCENT, { error: PERCENT_HINT })

function readPercent(text: string): number {
  const [, digits] = /^(\d{1,4}(?:\.\d{1,9})?) ?%?$/.exec(text.trim()) ?? []
  return digits === undefined ? Number.NaN : Number(digits)
}

/** A budget, read; what was not written is left open. */
export type WrittenBudget = z.output<typeof budgetSchema>

/** One budget, as it is written. */
export const budgetSchema = strictObject({
  id: text.max(MAX_ID_LENGTH).optional().describe("Unique; by default scope and window: 'team:research/day'."),
  name: text.optional().describe('Shown to people.'),
  scope: scopeText,
  limit: usd,
  window: word(windowKinds).optional().describe('The period; for sessions and requests it is their own by default.'),
  timeZone,
  mode: word(['enforce', 'observe']).default('enforce').describe('observe counts and alerts, and refuses nothing.'),
  thresholds: z
    .array(percent, { error: 'must be a list of percents: [50, 80, 95, 100], or [] for none' })
    .optional()
    .describe('An alert when so many percent of the limit are used: 50, 80, 95 and 100 by default, for requests none.'),
  paused: z.boolean().default(false).describe('A paused budget neither counts nor refuses.'),
  overrides: z
    .array(override, { error: "must be a list; in a file each begins with a dash: '- scope: alice'" })
    .default([])
    .describe('Other limits for some names, for a while.'),
  degrade: degradeSchema.optional().describe('What is done with calls as the limit comes near.'),
})
