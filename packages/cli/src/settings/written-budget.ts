/** Budgets as people write them, from flags and with changes. What they mean is for the configuration's schema to say. */

import { type Budget, readKeptBudget, scopeKinds } from '@runguard/sdk/core'
import type { StoredBudget } from '@runguard/sdk/store'
import { CommandError, exitCodes } from '../exit.js'
import { problemLines, quoteId } from './budgets-in-force.js'

/** The flags of `budget set`, most of which `budget add` has too. */
export interface BudgetChanges {
  readonly limit?: string
  readonly name?: string
  readonly observe?: boolean
  readonly enforce?: boolean
  readonly thresholds?: string
}

/** The flags of `budget add`. */
export interface NewBudget extends BudgetChanges {
  readonly limit: string
  readonly scope: string
  readonly per?: string
  readonly id?: string
  readonly timeZone?: string
}

/** The flags of `budget override`. */
export interface WrittenOverride {
  readonly scopeName: string
  readonly limit: string
  readonly until?: string
}

/** A budget that was written and checked. */
export interface CheckedBudget {
  readonly budget: Budget
  readonly stored: StoredBudget
}

/** The budget that flags describe. Throws {@link CommandError} with everything that is wrong. */
export function writeBudget({ scope, per, id, timeZone, ...rest }: NewBudget): CheckedBudget {
  return check(withoutGaps({ id, scope, window: per, timeZone, ...fieldsOf(rest) }))
}

/** A stored budget with some fields changed. */
export function changeBudget({ written }: StoredBudget, changes: BudgetChanges & { paused?: boolean }): CheckedBudget {
  const { paused, ...rest } = changes
  return check({ ...(written as object), ...withoutGaps({ paused, ...fieldsOf(rest) }) }, keptTiers(written))
}

/** A stored budget with another limit for one name, in the place of the one that name had. */
export function overrideBudget(
  stored: StoredBudget,
  { scopeName, limit, until }: WrittenOverride,
  nowMs: number,
): CheckedBudget {
  requireMeantLimit(limit)
  const others = overridesOf(stored).filter(({ scope }) => scope !== scopeName)
  const override = withoutGaps({ scope: scopeName, limit, until })
  const overrides = [...others, override]
  const checked = check({ ...(stored.written as object), overrides }, keptTiers(stored.written))
  const end = checked.budget.overrides.find((each) => each.scopeName === scopeName.trim())?.until ?? null
  if (end !== null && end <= nowMs) {
    throw new CommandError(`--until: ${until} is over, so this limit would never hold.`, exitCodes.config)
  }
  return checked
}

/** The name in a scope: `user:alice` is alice, of a budget for users. A name alone stands for itself. */
export function nameInScope({ id, written }: StoredBudget, scope: string): string {
  const [own] = splitScope(String((written as { scope?: unknown }).scope))
  const [kind, name] = splitScope(scope)
  if (name === '' || !(scopeKinds as readonly string[]).includes(kind)) return scope
  if (kind === own) return name
  throw new CommandError(`--scope: the budget ${quoteId(id)} counts by ${own}: write ${own}:<name>`, exitCodes.config)
}

function splitScope(scope: string): [kind: string, name: string] {
  const [kind = '', ...name] = scope.trim().split(':')
  return [kind, name.join(':')]
}

/** A stored budget without the override of a name; null if that has none. */
export function dropOverride(stored: StoredBudget, scopeName: string): CheckedBudget | null {
  const overrides = overridesOf(stored)
  const others = overrides.filter(({ scope }) => scope !== scopeName)
  if (others.length === overrides.length) return null
  return check({ ...(stored.written as object), overrides: others }, keptTiers(stored.written))
}

function overridesOf({ written }: StoredBudget): readonly { readonly scope?: unknown }[] {
  const { overrides } = written as { overrides?: unknown }
  return Array.isArray(overrides) ? overrides : []
}

function fieldsOf({ limit, name, observe, enforce, thresholds }: BudgetChanges): Record<string, unknown> {
  if (limit !== undefined) requireMeantLimit(limit)
  return {
    limit,
    name,
    mode: modeOf(observe, enforce),
    thresholds: thresholds === undefined ? undefined : readThresholds(thresholds),
  }
}

function modeOf(observe = false, enforce = false): string | undefined {
  if (observe) return 'observe'
  return enforce ? 'enforce' : undefined
}

/** A shell makes `$20` a `0` unless it stands in quotes, and a budget of nothing refuses everything. */
function requireMeantLimit(limit: string): void {
  if (!/^0+$/.test(limit.trim())) return
  throw new CommandError(
    "A limit of 0 refuses every call. Quote the dollar sign ('$20') or leave it out (20); write '$0' if you mean it.",
    exitCodes.config,
  )
}

/** What is no number is left as it is, for the schema to name. */
function readThresholds(text: string): unknown[] {
  if (text === 'none') return []
  return text.split(',').map((part) => (/^\s*\d+(?:\.\d+)?%?\s*$/.test(part) ? Number.parseFloat(part) : part))
}

function withoutGaps(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/**
 * The tiers that steps of a stored ladder lead to. They were checked when it was put, against the file of a gateway: here
 * there may be none, and no change that is made here touches a ladder.
 */
function keptTiers(written: unknown): [tier: string, model: string][] {
  const { degrade } = written as { degrade?: unknown }
  if (!Array.isArray(degrade)) return []
  return degrade.flatMap((step: { to?: unknown } | null): [string, string][] => {
    return typeof step?.to === 'string' ? [[step.to, step.to]] : []
  })
}

/** With the id written out: a later change must not turn it into another budget. */
function check(
  written: Readonly<Record<string, unknown>>,
  tiers: Iterable<readonly [tier: string, model: string]> = [],
): CheckedBudget {
  const reading = readKeptBudget(written, tiers)
  const [budget] = reading.kind === 'config' ? reading.config.budgets : []
  if (budget !== undefined) return { budget, stored: { id: budget.id, written: { ...written, id: budget.id } } }
  const lines = reading.kind === 'problems' ? problemLines(reading.problems) : []
  throw new CommandError(
    ['This budget cannot be used:', ...lines.map((line) => `  ${nameFlag(line)}`)].join('\n'),
    exitCodes.config,
  )
}

/** A problem with the flag in front, instead of the field that it sets. */
function nameFlag(line: string): string {
  return line.replace(/^(\w+)(?:\[\d+\])?(?:\.(\w+))?(?=:)/, (place, field: string, part: string | undefined) => {
    return flagNames.get(part === undefined ? field : `${field}.${part}`) ?? place
  })
}

/** Fields of a configuration as flags. */
const flagNames: ReadonlyMap<string, string> = new Map([
  ['window', '--per'],
  ['scope', '--scope'],
  ['timeZone', '--time-zone'],
  ['thresholds', '--thresholds'],
  ['name', '--name'],
  ['id', '--id'],
  ['overrides.scope', '--scope-name'],
  ['overrides.limit', '--limit'],
  ['overrides.until', '--until'],
])
