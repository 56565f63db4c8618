/** Which alerts go where. */

import { nanoUsd } from '../cost/money.js'
import { type Alert, type AlertKind, isAtLeast, type Severity } from './alert.js'
import type { HitLimits } from './hit-watch.js'
import type { SpendLimits } from './spend-watch.js'

/** A place that alerts go to. Addresses and keys in it are secrets: not to be shown. */
export type ChannelConfig =
  | { readonly name: string; readonly kind: 'slack'; readonly url: string }
  | { readonly name: string; readonly kind: 'pagerduty'; readonly url: string; readonly routingKey: string }
  /** @property secret with which its messages are signed */
  | { readonly name: string; readonly kind: 'webhook'; readonly url: string; readonly secret: string }
  | (MailServer & { readonly name: string; readonly kind: 'email' })

/** A server that takes mail. */
export interface MailServer {
  readonly host: string
  readonly port: number
  /** `starttls` refuses to go on without encryption; `none` sends in the clear. */
  readonly security: 'starttls' | 'tls' | 'none'
  readonly login: { readonly user: string; readonly password: string } | null
  readonly from: string
  readonly to: readonly string[]
}

/** The kind of a channel. */
export type ChannelKind = ChannelConfig['kind']

/** Alerts that meet all of it go to these channels. */
export interface AlertRule {
  /** Null: all. */
  readonly kinds: readonly AlertKind[] | null
  readonly least: Severity
  /** Whose: a text with `*` for anything, `team:*`; null: all. */
  readonly about: string | null
  readonly send: readonly string[]
}

/** What is watched beside the events of the engine; null: not. */
export interface AlertWatches {
  readonly spendVelocity: SpendLimits | null
  readonly cacheDrop: HitLimits | null
  /** Days after which a price list is old. */
  readonly priceAgeDays: number | null
}

/** Everything about alerts that is configured. */
export interface AlertPolicy {
  readonly channels: readonly ChannelConfig[]
  readonly rules: readonly AlertRule[]
  readonly watch: AlertWatches
  /** What a channel has not taken after so long is given up. */
  readonly giveUpAfterMs: number
  /** What is over is remembered so long. */
  readonly keepMs: number
}

/** When spending is too fast, if nothing is said: four times the usual, and five dollars. */
export const defaultSpendLimits: SpendLimits = { factor: 4, least: nanoUsd(5_000_000_000) }

/** What is watched if nothing is said. */
export const defaultWatches: AlertWatches = {
  spendVelocity: defaultSpendLimits,
  cacheDrop: { share: 0.5, leastTokens: 200_000 },
  priceAgeDays: 60,
}

/** Without channels: alerts are only kept. */
export const defaultAlertPolicy: AlertPolicy = {
  channels: [],
  rules: [],
  watch: defaultWatches,
  giveUpAfterMs: 24 * 3_600_000,
  keepMs: 30 * 86_400_000,
}

/** The channels that get an alert, in the order of the configuration. A channel is never told of its own failures. */
export function recipientsOf(alert: Alert, { channels, rules }: AlertPolicy): readonly ChannelConfig[] {
  const wanted = new Set(rules.filter((rule) => isMet(rule, alert)).flatMap(({ send }) => send))
  return channels.filter(({ name }) => wanted.has(name) && alert.about !== `channel:${name}`)
}

function isMet({ kinds, least, about }: AlertRule, alert: Alert): boolean {
  if (kinds !== null && !kinds.includes(alert.kind)) return false
  return isAtLeast(alert.severity, least) && (about === null || isLike(alert.about, about))
}

/** Whether a text has the pieces between the stars, in their order. Not a regular expression: names are hostile. */
export function isLike(text: string, pattern: string): boolean {
  const [first = '', ...pieces] = pattern.split('*')
  const last = pieces.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const piece of pieces) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}
