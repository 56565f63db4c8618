/**
 * The schema of the configuration.
 *
 * People write words (`'$20'`, `day`, `team:research`); they are read here, at the edge, into exact values.
 */

import { z } from 'zod'
import { alertsSchema } from '../alert/alert-schema.js'
import { asObject } from '../body/json-object.js'
import { type Budget, EACH, type ScopeKind, scopeKinds } from '../budget/budget.js'
import { isTimeZone, windowKinds } from '../budget/window.js'
import { cachingSchema } from '../cache/cache-schema.js'
import { deferOptionsSchema, deferSchema } from '../defer/defer-schema.js'
import { degradeSchema } from '../degrade/degrade-schema.js'
import { breakerSchema, loopsSchema } from '../loop/loop-schema.js'
import { routingSchema } from '../route/routing-schema.js'
import { accessSchema } from '../team/access-schema.js'
import { telemetrySchema } from './telemetry-schema.js'
import { duration, hint, quote, strictObject, usd, word } from './written-schema.js'

const MAX_ID_LENGTH = 100
const MAX_NAME_LENGTH = 200
/** Thresholds are compared to the hundredth of a percent. */
const MIN_PERCENT = 0.01
const MAX_PERCENT = 1_000
const PERCENT_HINT = `must be percent of the limit, from ${MIN_PERCENT} to ${MAX_PERCENT}: 80 or '80%'`
const STORE_HINT =
  'must be the address of a PostgreSQL server: postgres://user:password@host/database, with @, /, ? and # of the ' +
  'password written as %40, %2F, %3F and %23'

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

const BUDGETS_HINT = "must be a list of budgets; in a file each begins with a dash: '- scope: everything'"

/** What a file and a program may both say. */
const shared = {
  budgets: z
    .array(budget, {
      error: ({ input }) => (input === null ? 'is empty: write budgets below it, or leave it away' : BUDGETS_HINT),
    })
    .default([])
    .describe('What may be spent.'),
  mode: word(['enforce', 'observe']).optional().describe('observe: budgets count and alert, and refuse nothing.'),
  unknownModel: word(['refuse', 'dearest', 'flag'])
    .optional()
    .describe(
      'A model without a listed price is refused, priced as the dearest of its line, or priced flat and flagged.',
    ),
  onStoreFailure: word(['refuse', 'pass'])
    .optional()
    .describe('While the ledger cannot be written, calls are refused, or let pass and written later.'),
  loops: loopsSchema.optional().describe('What is done about agents that go in a loop.'),
  breaker: breakerSchema.optional().describe('What stops a session, key, team or model that runs away.'),
  caching: cachingSchema.optional().describe('How prompts are cached.'),
  routing: routingSchema.optional().describe('Which model serves a call.'),
}

/** The API itself gives up on a call after this time. */
const MAX_WAIT_MS = 10 * 60_000
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
  waitForMoney: duration({ ms: MAX_WAIT_MS, words: 'ten minutes' })
    .optional()
    .describe('How long a call waits for money that running calls hold.'),
  store: storeAddress.optional(),
  defer: deferSchema.optional(),
  access: accessSchema.optional().describe('Who may use the gateway.'),
  alerts: alertsSchema.optional().describe('Which alerts go where.'),
  telemetry: telemetrySchema.optional().describe('What is told of calls to tools that watch programs.'),
})

/** @param methods by which it is known */
function part(what: string, methods: readonly string[]) {
  const isPart = (value: unknown): boolean => methods.every((method) => typeof asObject(value)[method] === 'function')
  return z.custom<object>(isPart, { error: `must be ${what}` }).optional()
}

const listener = z
  .custom<() => void>((value) => typeof value === 'function', { error: 'must be a function' })
  .optional()

/** The options of `createGuard`. */
export const optionsSchema = strictObject({
  ...shared,
  waitForMoneyMs: z.int().min(0).max(MAX_WAIT_MS).optional(),
  store: part('a store, such as memoryStore()', ['post', 'report', 'forgetSessions']),
  runtime: part('a runtime, such as systemRuntime()', ['now', 'tick', 'schedule', 'sleep']),
  defer: deferOptionsSchema.optional(),
  client: part('a client of @anthropic-ai/sdk, such as new Anthropic()', ['get', 'post']),
  onRecord: listener,
  onAlert: listener,
  onLoop: listener,
  onBreaker: listener,
})
