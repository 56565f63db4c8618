/** The rules in force as the configuration writes them, defaults included, without any secret. Pure. */

import {
  defaultLoopLimits,
  type FileConfig,
  formatUsd,
  type LoopPolicy,
  type LoopTiers,
  type NanoUsd,
  type RoutePolicy,
} from '@runguard/sdk/core'
import { deferSettings, type EngineConfig } from '@runguard/sdk/engine'
import type { ApiRule } from '../api/settings.js'

/** Every rule by its key in the reference of the configuration. The ladders of budgets stand with the budgets. */
export function describeRules(config: EngineConfig, defer: FileConfig['defer']): readonly ApiRule[] {
  const { mode, unknownModel, onStoreFailure, waitForMoneyMs } = config
  return [
    { key: 'mode', value: mode },
    { key: 'unknownModel', value: unknownModel },
    { key: 'onStoreFailure', value: onStoreFailure },
    { key: 'waitForMoney', value: writeDuration(waitForMoneyMs) },
    ...loopRules(config.loops),
    ...breakerRules(config.breaker),
    ...cachingRules(config.caching),
    ...routingRules(config.routing),
    ...deferRules(defer),
  ]
}

function loopRules({ mode, nudge, onStop, noticeLimit, tools, limits }: LoopPolicy): readonly ApiRule[] {
  const { growthTokens, ...tiers } = { ...defaultLoopLimits, ...limits }
  return [
    { key: 'loops.mode', value: mode },
    { key: 'loops.nudge', value: String(nudge) },
    { key: 'loops.onStop', value: onStop },
    { key: 'loops.noticeLimit', value: writeMoney(noticeLimit) },
    ...Object.entries(tools).map(([name, word]) => ({ key: `loops.tools.${name}.class`, value: word })),
    ...Object.entries(tiers).map(([name, pair]) => ({ key: `loops.limits.${name}`, value: writeTiers(pair) })),
    { key: 'loops.limits.growthTokens', value: String(growthTokens) },
  ]
}

function breakerRules({ mode, limits, coolDownMs }: EngineConfig['breaker']): readonly ApiRule[] {
  const { errors } = limits.model
  return [
    { key: 'breaker.mode', value: mode },
    ...Object.entries(limits).map(([scope, { spendPerMinute }]) => {
      return { key: `breaker.spendPerMinute.${scope}`, value: writeMoney(spendPerMinute) }
    }),
    { key: 'breaker.errors', value: errors === null ? 'none' : `share ${errors.share}, calls ${errors.calls}` },
    { key: 'breaker.loopStops', value: String(limits.session.loopStops ?? 'none') },
    { key: 'breaker.coolDown', value: writeDuration(coolDownMs) },
  ]
}

function cachingRules({ mode, ttl, keepWarm = null }: EngineConfig['caching']): readonly ApiRule[] {
  const pings = keepWarm === null ? 'none' : `maxPerSession ${formatUsd(keepWarm.maxPerSession)}`
  return [
    { key: 'caching.mode', value: mode ?? 'default' },
    { key: 'caching.ttl', value: ttl ?? 'default' },
    { key: 'caching.keepWarm', value: keepWarm === null ? pings : `${pings}, maxPings ${keepWarm.maxPings}` },
  ]
}

function routingRules({ mode, tiers, tasks, tags, cascades, ...rest }: RoutePolicy): readonly ApiRule[] {
  const named = (part: string, words: ReadonlyMap<string, string>) =>
    [...words].map(([name, value]) => ({ key: `routing.${part}.${name}`, value }))
  return [
    { key: 'routing.mode', value: mode },
    ...named('tiers', tiers),
    ...named('tasks', tasks),
    ...named('tags', tags),
    { key: 'routing.longContentTokens', value: String(rest.longContentTokens) },
    ...[...cascades].map(([task, rule]) => {
      const verify = rule.verify.kind === 'regex' ? `regex ${rule.verify.pattern}` : 'jsonSchema'
      return { key: `routing.cascades.${task}`, value: `tiers ${rule.tiers.join(', ')}; verify ${verify}` }
    }),
    { key: 'routing.classify', value: rest.classify },
    { key: 'routing.floor', value: String(rest.floor) },
  ]
}

function deferRules(defer: FileConfig['defer']): readonly ApiRule[] {
  const { policy, keepMs } = deferSettings(defer)
  const hosts = defer?.webhooks?.hosts ?? []
  return [
    ...(policy === undefined ? [] : [{ key: 'defer.flushAfter', value: writeDuration(policy.flushAfterMs) }]),
    ...(keepMs === undefined ? [] : [{ key: 'defer.keepAnswers', value: writeDuration(keepMs) }]),
    { key: 'defer.webhooks.hosts', value: hosts.length === 0 ? 'none' : hosts.join(', ') },
  ]
}

function writeTiers({ notice, stop }: LoopTiers): string {
  return `notice ${notice ?? 'never'}, stop ${stop ?? 'never'}`
}

function writeMoney(nano: NanoUsd | null): string {
  return nano === null ? 'none' : formatUsd(nano)
}

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** With the largest unit that leaves a whole number. */
function writeDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms > 0 && ms % length === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}
