/** The rules of the configuration in words. Pure; a rule that is not known here stays as the configuration has it. */

import type { ApiRule } from '@runguard/gateway/api'
import { formatDuration, formatShare, formatWhole, readable } from '../../parts/format.js'

/** Rules that belong together. */
export interface RulePart {
  readonly title: string
  readonly rules: readonly ApiRule[]
}

const TITLES: ReadonlyMap<string, string> = new Map([
  ['', 'Every call'],
  ['loops', 'Loops'],
  ['breaker', 'Breakers'],
  ['caching', 'Prompt cache'],
  ['routing', 'Routing'],
  ['defer', 'Calls that may wait'],
])

/** The rules by the part of the configuration that they stand in, in its order. */
export function partsOf(rules: readonly ApiRule[]): readonly RulePart[] {
  const parts = new Map<string, ApiRule[]>()
  for (const rule of rules) {
    const part = rule.key.includes('.') ? (rule.key.split('.', 1)[0] ?? '') : ''
    const known = parts.get(part)
    if (known === undefined) parts.set(part, [rule])
    else known.push(rule)
  }
  return [...parts].map(([part, own]) => ({ title: TITLES.get(part) ?? readable(part), rules: own }))
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['mode', 'Budgets'],
  ['unknownModel', 'Model without a price'],
  ['onStoreFailure', 'While the store fails'],
  ['waitForMoney', 'Longest wait for money that is held'],
  ['loops.mode', 'Mode'],
  ['loops.nudge', 'The model is told that it repeats itself'],
  ['loops.onStop', 'Before a loop is stopped'],
  ['loops.noticeLimit', 'Most that a loop may cost that is only told of'],
  ['loops.limits.repeat', 'The same steps again, nothing new'],
  ['loops.limits.sameResult', 'The same steps, the same results'],
  ['loops.limits.otherNumbers', 'The same steps, other numbers'],
  ['loops.limits.newResult', 'The same steps, new results'],
  ['loops.limits.poll', 'The same steps, waiting'],
  ['loops.limits.nearRepeat', 'Nearly the same call, same failure'],
  ['loops.limits.sameFailure', 'Any calls of a tool, same failure'],
  ['loops.limits.nothingFound', 'Any calls of a tool, nothing found'],
  ['loops.limits.stalledCheck', 'The same failing call now and then'],
  ['loops.limits.growth', 'The prompt grows, nothing new'],
  ['loops.limits.growthTokens', 'Tokens that count as growth'],
  ['loops.limits.sameRequest', 'The same request, same answer'],
  ['loops.limits.anyAnswer', 'The same request, any answer'],
  ['loops.limits.sameText', 'The same words, no step'],
  ['loops.limits.onlyTexts', 'Only words, no step'],
  ['loops.limits.spend', 'Dollars a minute, over five'],
  ['breaker.mode', 'Mode'],
  ['breaker.errors', 'Failing calls of a model'],
  ['breaker.loopStops', 'Loops stopped in a session, within ten minutes'],
  ['breaker.coolDown', 'Stays open for'],
  ['caching.mode', 'Markers'],
  ['caching.ttl', 'Lifetime'],
  ['caching.keepWarm', 'Kept warm in pauses'],
  ['routing.mode', 'Mode'],
  ['routing.longContentTokens', 'Too long for the small tier from'],
  ['routing.classify', 'Calls that declare nothing'],
  ['routing.floor', 'Least share of good answers'],
  ['defer.flushAfter', 'Waits for others of its batch'],
  ['defer.keepAnswers', 'Answers are kept for'],
  ['defer.webhooks.hosts', 'Hosts that are told of ends'],
])

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/^routing\.tiers\.(.+)$/, 'Tier'],
  [/^routing\.tasks\.(.+)$/, 'Task'],
  [/^routing\.tags\.(.+)$/, 'Tag'],
  [/^routing\.cascades\.(.+)$/, 'Cascade for'],
  [/^loops\.tools\.(.+)\.class$/, 'Tool'],
  [/^breaker\.spendPerMinute\.(.+)$/, 'Most a minute for a'],
]

/** What a rule is about. */
export function ruleName({ key }: ApiRule): string {
  const name = NAMES.get(key)
  if (name !== undefined) return name
  for (const [pattern, word] of PATTERNS) {
    const named = pattern.exec(key)?.[1]
    if (named !== undefined) return `${word} ${named}`
  }
  return key
}

const VALUES: ReadonlyMap<string, string> = new Map([
  ['unknownModel dearest', 'priced as the dearest of its line'],
  ['unknownModel flag', 'priced at a flat rate, and marked'],
  ['unknownModel refuse', 'refused'],
  ['onStoreFailure refuse', 'calls are refused'],
  ['onStoreFailure pass', 'calls pass, and are written later'],
  ['mode observe', 'only observe, nothing is refused'],
  ['loops.onStop stop', 'nothing'],
  ['loops.onStop downgrade-first', 'two rounds with a cheaper model'],
  ['caching.mode default', 'set where the client set none'],
  ['caching.mode fill', 'set wherever they pay'],
  ['caching.mode explain', 'worked out, not set'],
  ['caching.ttl default', 'whichever should cost least'],
  ['routing.mode explain', 'worked out, not done'],
  ['routing.classify off', 'are not guessed'],
  ['routing.classify features', 'are guessed by their words and form'],
  ['breaker.errors none', 'never open it'],
])

/** What it is set to. */
export function ruleValue({ key, value }: ApiRule): string {
  const words = VALUES.get(`${key} ${value}`)
  if (words !== undefined) return words
  if (value === 'true' || value === 'false') return value === 'true' ? 'yes' : 'no'
  const [, notice, stop] = /^notice (\S+), stop (\S+)$/.exec(value) ?? []
  if (notice !== undefined && stop !== undefined) return tierWords(notice, stop)
  if (key.startsWith('breaker.spendPerMinute.') && value === 'none') return 'no limit'
  if (key === 'routing.floor') return formatShare(Number(value))
  const [, count, unit] = /^(\d{1,12})(ms|s|m|h)$/.exec(value) ?? []
  if (count !== undefined && unit !== undefined) return formatDuration(Number(count) * (UNITS.get(unit) ?? 1))
  return /^\d{4,15}$/.test(value) ? formatWhole(Number(value)) : value
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])

function tierWords(notice: string, stop: string): string {
  const told = notice === 'never' ? 'not told of' : `told of at ${notice}`
  return stop === 'never' ? `${told}, never stopped` : `${told}, stopped at ${stop}`
}
