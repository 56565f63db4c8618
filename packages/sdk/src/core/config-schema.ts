/**
 * The schema of the configuration.
 *
 * People write words (`'$20'`, `day`, `team:research`); they are read here, at the edge, into exact values.
 */

import { z } from 'zod'
import { type Budget, EACH, type ScopeKind, scopeKinds } from './budget.js'
import { nearestName } from './config-names.js'
import { parseUsd } from './money.js'
import { isTimeZone, windowKinds } from './window.js'

const MAX_ID_LENGTH = 100
const MAX_NAME_LENGTH = 200
const MAX_PERCENT = 1_000
const STORE_HINT =
  'must be the address of a PostgreSQL server: postgres://user:password@host/database, with @, /, ? and # of the ' +
  'password written as %40, %2F, %3F and %23'

/** An object without unknown keys; for one that looks like a slip, the key that was meant is named. */
function strictObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined
      return issue.keys.map((key) => `unknown key ${quote(key)}${hint(key, known)}`).join('; ')
    },
  })
}

/** One of some words. */
function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, {
    error: ({ input }) => `must be one of ${words.join(', ')}${typeof input === 'string' ? hint(input, words) : ''}`,
  })
}

function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === null ? '' : `, did you mean ${quote(nearest)}?`
}

/** What somebody wrote, short enough to be shown. */
function quote(written: string): string {
  return JSON.stringify(written.slice(0, 60))
}

const usd = z
  .union([z.string(), z.number()], { error: "must be an amount in dollars: '$20' or 20" })
  .describe("Dollars: '$20', '0.05' or 20, down to a billionth of a dollar.")
  .transform((amount, context) => {
    try {
      return parseUsd(amount)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })

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

/** One budget, as it is written. */
export type WrittenBudget = z.output<typeof budget>

const budget = strictObject({
  id: text.max(MAX_ID_LENGTH).optional().describe("Unique; by default scope and window: 'team:research/day'."),
  name: text.optional().describe('Shown to people.'),
  scope: scopeText,
  limit: usd,
  window: word(windowKinds).optional().describe('The period; for sessions and requests it is their own by default.'),
  timeZone,
  mode: word(['enforce', 'observe']).default('enforce').describe('observe counts and alerts, and refuses nothing.'),
  thresholds: z
    .array(z.number().positive().max(MAX_PERCENT))
    .optional()
    .describe('An alert when so many percent of the limit are used: 50, 80, 95 and 100 by default, for requests none.'),
  paused: z.boolean().default(false).describe('A paused budget neither counts nor refuses.'),
  overrides: z.array(override).default([]).describe('Other limits for some names, for a while.'),
})

/** What a file and a program may both say. */
const shared = {
  budgets: z.array(budget).default([]).describe('What may be spent.'),
  mode: word(['enforce', 'observe']).optional().describe('observe: budgets count and alert, and refuse nothing.'),
  unknownModel: word(['refuse', 'dearest', 'flag'])
    .optional()
    .describe(
      'A model without a listed price is refused, priced as the dearest of its line, or priced flat and flagged.',
    ),
  onStoreFailure: word(['refuse', 'pass'])
    .optional()
    .describe('While the ledger cannot be written, calls are refused, or let pass and written later.'),
}

/** The API itself gives up on a call after this time. */
const MAX_WAIT_MS = 10 * 60_000
const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
])

const wait = z
  .string({ error: "must be a time with its unit: '30s', '500ms' or '2m'" })
  .describe("A time with its unit: '30s', '500ms' or '2m'; '0s' for none.")
  .transform((written, context) => {
    const [, count, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|m)$/.exec(written.trim()) ?? []
    const ms = Math.round(Number(count) * (unitMs.get(unit) ?? Number.NaN))
    if (ms <= MAX_WAIT_MS) return ms
    const why = Number.isNaN(ms) ? "must be a time with its unit: '30s', '500ms' or '2m'" : 'is ten minutes at most'
    context.addIssue({ code: 'custom', message: why })
    return z.NEVER
  })

/** Says nothing of what was written: there may be a password in it. */
const storeAddress = z
  .string({ error: STORE_HINT })
  .refine(isStoreAddress, { error: STORE_HINT })
  .describe('The PostgreSQL server that keeps calls, ledger and budgets; its password belongs into the environment.')

/** A `@` behind the host is the rest of a password with a `/`, `?` or `#` in it: it would be taken for something else. */
function isStoreAddress(written: string): boolean {
  if (!URL.canParse(written)) return false
  const { protocol, pathname, search, hash } = new URL(written)
  return (protocol === 'postgres:' || protocol === 'postgresql:') && !`${pathname}${search}${hash}`.includes('@')
}

/** A configuration file. */
export const configSchema = strictObject({
  ...shared,
  waitForMoney: wait.optional().describe('How long a call waits for money that running calls hold.'),
  store: storeAddress.optional(),
})

function part(what: string) {
  return z
    .custom<object>((value) => typeof value === 'object' && value !== null, { error: `must be ${what}` })
    .optional()
}

const listener = z
  .custom<() => void>((value) => typeof value === 'function', { error: 'must be a function' })
  .optional()

/** The options of `createGuard`. */
export const optionsSchema = strictObject({
  ...shared,
  waitForMoneyMs: z.int().min(0).max(MAX_WAIT_MS).optional(),
  store: part('a store, such as memoryStore()'),
  runtime: part('a runtime, such as systemRuntime()'),
  onRecord: listener,
  onAlert: listener,
})
