/** Budgets as they were written: what contradicts itself in them, and what they mean. */

import type { Budget, BudgetOverride } from '../budget/budget.js'
import { EACH } from '../budget/scope-kinds.js'
import { defaultThresholds } from '../budget/threshold.js'
import { startOfDate, type WindowKind, windowKinds } from '../budget/window.js'
import { defaultRoutePolicy } from '../route/routing.js'
import { unknownTier } from '../route/routing-schema.js'
import { scopeText, type WrittenBudget } from './budget-schema.js'
import type { ConfigProblem } from './guard-config.js'

/** What no field shows by itself. Found beside the schema, because a schema stops before this at its first problem. */
export function findContradictions(input: unknown): ConfigProblem[] {
  const written = fieldsOf(input).get('budgets')
  if (!Array.isArray(written)) return []
  const problems: ConfigProblem[] = []
  const firstById = new Map<string, number>()
  const tiers = tiersOf(fieldsOf(input).get('routing'))
  for (const [index, entry] of written.entries()) {
    const { id, problem } = readIdentity(fieldsOf(entry))
    if (problem !== null) problems.push({ path: `budgets[${index}].window`, message: problem })
    problems.push(...findIdleOverrides(fieldsOf(entry), `budgets[${index}].overrides`))
    problems.push(...findIdleLadder(fieldsOf(entry), `budgets[${index}].degrade`))
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

/** Steps that would never be due: nothing of such a budget is used before the call that it counts has been sent. */
function findIdleLadder(fields: ReadonlyMap<string, unknown>, path: string): ConfigProblem[] {
  const { data: scope } = scopeText.safeParse(fields.get('scope'))
  const steps = fields.get('degrade')
  const window = fields.get('window') ?? (scope === undefined ? null : ownWindow(scope.kind))
  if (window !== 'request' || !Array.isArray(steps) || steps.length === 0) return []
  return [{ path, message: 'a budget that counts each request by itself has no steps: nothing of it is used before' }]
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

/** The budget that was meant. */
export function toBudget({ paused, window, overrides, thresholds, ...written }: WrittenBudget): Budget {
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
