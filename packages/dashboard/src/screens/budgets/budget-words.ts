/** The words and the order of budgets. Pure. */

import type { ApiBudget } from '@runguard/gateway/api'
import { formatWhole, readable } from '../../parts/format.js'

/** Whose spending is limited. */
export type ScopeKind = ApiBudget['scope']['kind']

/** The kinds, from the widest to the narrowest. */
export const kindWords: Readonly<Record<ScopeKind, string>> = {
  everything: 'Everything',
  project: 'Projects',
  team: 'Teams',
  user: 'Users',
  key: 'Keys',
  tag: 'Tags',
  session: 'Sessions',
  request: 'Single calls',
}

/** The periods of a budget. */
export const windowWords: Readonly<Record<ApiBudget['window'], string>> = {
  request: 'each call',
  session: 'each session',
  hour: 'each hour',
  day: 'each day',
  week: 'each week',
  month: 'each month',
  lifetime: 'in all',
}

/** The budgets by level, the widest first; levels without any are left out. */
export function levelsOf(budgets: readonly ApiBudget[]) {
  return (Object.keys(kindWords) as ScopeKind[])
    .map((kind) => ({ kind, budgets: budgets.filter(({ scope }) => scope.kind === kind) }))
    .filter(({ budgets: level }) => level.length > 0)
}

/** A scope for people: `every session`, `team web`. */
export function scopeWords({ kind, name }: ApiBudget['scope']): string {
  if (kind === 'everything') return 'all calls'
  if (kind === 'request') return 'every call by itself'
  return name === '*' ? `every ${kind} by itself` : `${kind} ${name}`
}

/** A scope as the API takes it. */
export function scopeText(kind: ScopeKind, name: string): string {
  return kind === 'everything' || kind === 'request' ? kind : `${kind}:${name}`
}

type Step = ApiBudget['degrade'][number]

/** What steps of a ladder do, from the gentlest on. */
export const stepKindWords: Readonly<Record<Step['step'], string>> = {
  'cheaper-tier': 'A cheaper tier',
  'lower-effort': 'Less effort',
  'tighter-max-tokens': 'Shorter answers',
  defer: 'What may wait goes out in batches',
  refuse: 'Calls are refused',
}

/** A step of a ladder for people: `from 80%: a cheaper tier`. */
export function stepWords(step: Step): string {
  return `from ${percentText(step.at)}: ${doneWords(step)}`
}

/** A share as a person writes it, exactly: `80%`, `12.5%`; what has too many digits for that as a number. */
export function percentText(share: number): string {
  const percent = String(Number((share * 100).toPrecision(12)))
  return /^\d{1,3}(?:\.\d{1,6})?$/.test(percent) ? `${percent}%` : String(share)
}

/** What a step does, for people. */
export function doneWords({ step, to, maxTokens }: Step): string {
  switch (step) {
    case 'cheaper-tier':
      return to === undefined ? 'the next cheaper tier' : `the tier ${to}`
    case 'lower-effort':
      return `effort ${to ?? 'low'}`
    case 'tighter-max-tokens':
      return maxTokens === undefined ? 'shorter answers' : `max_tokens ${formatWhole(maxTokens)}`
    case 'defer':
      return 'what may wait goes out in batches'
    case 'refuse':
      return 'calls are refused'
    default:
      return readable(step)
  }
}
