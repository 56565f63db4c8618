/**
 * The configuration: one schema for `runguard.yaml`, for the argument of `createGuard`, and for editors. Everything that
 * is wrong is reported at once, each with its place and, where there is one, the word that was probably meant.
 */

import { z } from 'zod'
import type { AlertPolicy } from '../alert/alert-policy.js'
import type { BreakerPolicy } from '../breaker/breaker-meter.js'
import { type Budget, type BudgetOverride, defaultThresholds, EACH } from '../budget/budget.js'
import { startOfDate, type WindowKind, windowKinds } from '../budget/window.js'
import type { CachingPolicy } from '../cache/caching.js'
import type { UnknownModelPolicy } from '../cost/price.js'
import type { DeferConfig } from '../defer/defer-schema.js'
import type { LoopPolicy } from '../loop/loop-verdict.js'
import { defaultRoutePolicy, type RoutePolicy } from '../route/routing.js'
import { unknownTier } from '../route/routing-schema.js'
import type { AccessPolicy } from '../team/access-policy.js'
import { configSchema, optionsSchema, scopeText, type WrittenBudget } from './config-schema.js'
import type { TelemetryPolicy } from './telemetry-schema.js'
import { describeIssue } from './written-schema.js'

/** Something in a configuration that cannot be used. */
export interface ConfigProblem {
  /** Where: `budgets[2].limit`; empty for the whole. */
  readonly path: string
  /** What is wrong and how to mend it. */
  readonly message: string
}

/** A configuration, checked. What it leaves open is absent, and left to the defaults. */
export interface GuardConfig {
  readonly budgets: readonly Budget[]
  /** `observe`: budgets count and alert, and refuse nothing. */
  readonly mode?: Budget['mode']
  readonly unknownModel?: UnknownModelPolicy
  readonly onStoreFailure?: 'refuse' | 'pass'
  /** How long a call waits for money that running calls hold. */
  readonly waitForMoneyMs?: number
  /** What is done about agents that go in a loop. */
  readonly loops?: LoopPolicy
  /** What stops a session, key, team or model that runs away. */
  readonly breaker?: BreakerPolicy
  /** How prompts are cached. */
  readonly caching?: CachingPolicy
  /** Which model serves a call. */
  readonly routing?: RoutePolicy
  /** How calls that may wait are worked on. Its secret is not to be shown. */
  readonly defer?: DeferConfig
}

/** What a file says. */
export interface FileConfig extends GuardConfig {
  /** The address of a PostgreSQL server. It may hold a password: not to be shown. */
  readonly store?: string
  /** Who may use the gateway. It holds keys and tokens: not to be shown. */
  readonly access?: AccessPolicy
  /** Which alerts go where. It holds keys and addresses of channels: not to be shown. */
  readonly alerts?: AlertPolicy
  /** What is told to tools that watch programs. Its headers are not to be shown. */
  readonly telemetry?: TelemetryPolicy
}

/** A configuration that can be used, or everything that is wrong with it. */
export type ConfigReading<Config extends GuardConfig = FileConfig> =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] }

/** Reads what a YAML or JSON file holds. Never throws for anything in it. */
export function readConfig(input: unknown): ConfigReading {
  const { data, error } = configSchema.safeParse(input ?? {}, { error: describeIssue })
  const problems = [...(error?.issues ?? []).map(toProblem), ...findContradictions(input)]
  if (data === undefined || problems.length > 0) return { kind: 'problems', problems }
  const { budgets, waitForMoney: waitForMoneyMs, ...settings } = data
  return { kind: 'config', config: { budgets: budgets.map(toBudget), ...pickGiven({ ...settings, waitForMoneyMs }) } }
}

/**
 * Reads the options of `createGuard` as a program passed them. Its live parts (the store, listeners) are checked for
 * being there at all, and are not in the result.
 */
export function readOptions(input: unknown): ConfigReading<GuardConfig> {
  const { data, error } = optionsSchema.safeParse(input ?? {}, { error: describeIssue })
  const problems = [...(error?.issues ?? []).map(toProblem), ...findContradictions(input)]
  if (data === undefined || problems.length > 0) return { kind: 'problems', problems }
  const { budgets, store, runtime, client, onRecord, onAlert, onLoop, onBreaker, ...settings } = data
  return { kind: 'config', config: { budgets: budgets.map(toBudget), ...pickGiven(settings) } }
}

/** The JSON Schema of a configuration file, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' })
}

/** Without what was not given: a setting that is absent is not one that is undefined. */
function pickGiven<T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function toProblem({ path, message }: z.core.$ZodIssue): ConfigProblem {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return { path: place.replace(/^\./, ''), message }
}

/** What no field shows by itself. Found beside the schema, because a schema stops before this at its first problem. */
function findContradictions(input: unknown): ConfigProblem[] {
  const written = fieldsOf(input).get('budgets')
  if (!Array.isArray(written)) return []
  const problems: ConfigProblem[] = []
  const firstById = new Map<string, number>()
  const tiers = tiersOf(fieldsOf(input).get('routing'))
  for (const [index, entry] of written.entries()) {
    const { id, problem } = readIdentity(fieldsOf(entry))
    if (problem !== null) problems.push({ path: `budgets[${index}].window`, message: problem })
    problems.push(...findIdleOverrides(fieldsOf(entry), `budgets[${index}].overrides`))
    problems.push(...findUnknownTiers(fieldsOf(entry), `budgets[${index}].degrade`, tiers))
    if (id === null) continue
    const first = firstById.get(id)
    if (first === undefined) firstById.set(id, index)
    else problems.push({ path: `budgets[${index}].id`, message: duplicate(id, first) })
  }
  return problems
}

/** Limits for names that the budget never counts: they would change nothing, and nobody would notice. */
function findIdleOverrides(fields: ReadonlyMap<string, unknown>, path: string): ConfigProblem[] {
  const { data: scope } = scopeText.safeParse(fields.get('scope'))
  const overrides = fields.get('overrides')
  if (scope === undefined || !Array.isArray(overrides)) return []
  return overrides.flatMap((entry: unknown, index): ConfigProblem[] => {
    const name = fieldsOf(entry).get('scope')
    const message = typeof name === 'string' ? whyIdle(scope, name.trim()) : null
    return message === null ? [] : [{ path: `${path}[${index}].scope`, message }]
  })
}

function whyIdle({ kind, name }: Budget['scope'], written: string): string | null {
  if (written.startsWith(`${kind}:`)) return `write the name alone: ${JSON.stringify(written.slice(kind.length + 1))}`
  if (written === EACH || written === name) return null
  if (kind === 'everything' || kind === 'request') return `${kind} has no names: write '*'`
  return name === EACH ? null : `this budget counts ${JSON.stringify(name)} alone: write that, or '*'`
}

/** The tiers that there are with what is written below `routing`. */
function tiersOf(routing: unknown): readonly string[] {
  return [...defaultRoutePolicy.tiers.keys(), ...fieldsOf(fieldsOf(routing).get('tiers')).keys()]
}

/** Steps to tiers of which nobody said what model they are. */
function findUnknownTiers(
  fields: ReadonlyMap<string, unknown>,
  path: string,
  tiers: readonly string[],
): ConfigProblem[] {
  const steps = fields.get('degrade')
  if (!Array.isArray(steps)) return []
  return steps.flatMap((entry: unknown, index): ConfigProblem[] => {
    const [step, to] = [fieldsOf(entry).get('step'), fieldsOf(entry).get('to')]
    if (step !== 'cheaper-tier' || typeof to !== 'string' || tiers.includes(to.trim())) return []
    return [{ path: `${path}[${index}].to`, message: unknownTier(to, tiers) }]
  })
}

function duplicate(id: string, first: number): string {
  return `${JSON.stringify(id)} is the id of budgets[${first}] already: give one of them an id of its own`
}

function readIdentity(fields: ReadonlyMap<string, unknown>): { id: string | null; problem: string | null } {
  const { data: scope } = scopeText.safeParse(fields.get('scope'))
  const { id, window } = { id: fields.get('id'), window: fields.get('window') }
  const ownId = typeof id === 'string' ? id.trim() : null
  if (scope === undefined) return { id: ownId, problem: null }
  const chosen = window ?? ownWindow(scope.kind)
  if (chosen === null) return { id: ownId, problem: `say over which period: ${windowKinds.join(', ')}` }
  const isOdd = scope.kind === 'request' && chosen !== 'request'
  const problem = isOdd ? "a request has no other window than 'request'" : null
  return { id: ownId ?? defaultId(scope, String(chosen)), problem }
}

/** A `Map`, so that no key of a file can meet a prototype. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
}

/** The window of a scope that has one of its own. */
function ownWindow(kind: Budget['scope']['kind']): WindowKind | null {
  return kind === 'session' || kind === 'request' ? kind : null
}

function defaultId({ kind, name }: Budget['scope'], window: string): string {
  return kind === 'everything' || kind === 'request' ? `${kind}/${window}` : `${kind}:${name}/${window}`
}

function toBudget({ paused, window, overrides, thresholds, ...written }: WrittenBudget): Budget {
  const period = window ?? ownWindow(written.scope.kind) ?? 'lifetime'
  return {
    ...written,
    id: written.id ?? defaultId(written.scope, period),
    name: written.name ?? null,
    window: period,
    thresholds: [...new Set(thresholds ?? usualThresholds(period))].sort((left, right) => left - right),
    isPaused: paused,
    overrides: overrides.map((override) => toOverride(override, written.timeZone)),
  }
}

/** A call by itself has nothing ahead of it to be warned of: who wants to hear of every dear call says so. */
function usualThresholds(window: WindowKind): readonly number[] {
  return window === 'request' ? [] : defaultThresholds
}

function toOverride({ scope, limit, until }: WrittenBudget['overrides'][number], timeZone: string): BudgetOverride {
  return { scopeName: scope, limit, until: until ? untilMs(until, timeZone) : null }
}

function untilMs(until: string, timeZone: string): number {
  const ms = Date.parse(until)
  return until.includes('T') ? ms : startOfDate(ms, timeZone)
}
