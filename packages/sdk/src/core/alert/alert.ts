/**
 * Alert: something that a person should know, from the moment it is found to the moment it is over.
 *
 * An alert is a value with a version. Whoever shares alerts writes one only over the version before it, so of two that
 * change one at the same moment one is told to look again.
 */

/** What alerts are about. */
export const alertKinds = [
  'budget',
  'loop',
  'breaker',
  'spend-velocity',
  'cache-drop',
  'unknown-model',
  'price-age',
  'store',
  'delivery',
  'storm',
  'test',
] as const

/** What an alert is about. */
export type AlertKind = (typeof alertKinds)[number]

/** From the least to the worst. */
export const severities = ['info', 'warning', 'error', 'critical'] as const

/** How bad it is. */
export type Severity = (typeof severities)[number]

/** How the number of a fact is to be read; `time` is milliseconds since the epoch. */
export type FactUnit = 'nano-dollars' | 'percent' | 'count' | 'milliseconds' | 'tokens' | 'time'

/** A number that belongs to an alert. */
export interface AlertFact {
  readonly name: string
  readonly value: number
  readonly unit: FactUnit
}

/** Where to look further. */
export interface AlertLink {
  readonly text: string
  readonly url: string
}

/** What a rule found. */
export interface AlertDraft {
  /** The same for the same thing in the same window: it is told once. */
  readonly key: string
  readonly kind: AlertKind
  readonly severity: Severity
  /** Whose it is: `team:web`, `session:abc`, `model:claude-opus-5-5`, `everything`. */
  readonly about: string
  /** One line for people. */
  readonly title: string
  /** A sentence more; may be empty. */
  readonly detail: string
  readonly facts: readonly AlertFact[]
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  /** When it is over by itself, in milliseconds since the epoch; null if something has to happen first. */
  readonly resolvesAt: number | null
}

/** An alert as it is kept. Plain JSON. */
export interface Alert extends AlertDraft {
  readonly id: string
  /** From 1. */
  readonly version: number
  readonly links: readonly AlertLink[]
  /** The head of the audit log when the alert was raised: whoever rewrites the log later is found out. */
  readonly auditHead: string | null
  /** Who has seen it, and when. */
  readonly acknowledged: { readonly by: string; readonly at: number } | null
  /** Milliseconds since the epoch; null while it is open. */
  readonly resolvedAt: number | null
}

/** What rules say: something is to be told, or is over. */
export type AlertSignal =
  | { readonly kind: 'raise'; readonly draft: AlertDraft }
  | { readonly kind: 'resolve'; readonly key: string; readonly at: number }

/** What an alert gets when it is raised. */
export interface AlertSurroundings {
  readonly id: string
  readonly links: readonly AlertLink[]
  readonly auditHead: string | null
}

const MAX_TITLE_LENGTH = 300
const MAX_DETAIL_LENGTH = 1_000
const MAX_KEY_LENGTH = 1_000

/** A new alert. Names that callers chose are in its texts: they are cut, and lose what could not be shown. */
export function openAlert(draft: AlertDraft, { id, links, auditHead }: AlertSurroundings): Alert {
  return {
    ...draft,
    key: cleanText(draft.key, MAX_KEY_LENGTH),
    about: cleanText(draft.about, MAX_TITLE_LENGTH),
    title: cleanText(draft.title, MAX_TITLE_LENGTH),
    detail: cleanText(draft.detail, MAX_DETAIL_LENGTH),
    id,
    version: 1,
    links,
    auditHead,
    acknowledged: null,
    resolvedAt: null,
  }
}

/** The alert when it is over; null if it was. */
export function resolveAlert(alert: Alert, at: number): Alert | null {
  return alert.resolvedAt === null ? { ...alert, version: alert.version + 1, resolvedAt: at } : null
}

/** The alert when somebody has seen it; null if somebody had, or it is over. */
export function acknowledgeAlert(alert: Alert, by: string, at: number): Alert | null {
  if (alert.resolvedAt !== null || alert.acknowledged !== null) return null
  return { ...alert, version: alert.version + 1, acknowledged: { by: cleanText(by, MAX_TITLE_LENGTH), at } }
}

/** True if the first is at least as bad as the second. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(least)
}

/** Without control characters, direction marks and halves of characters; no longer than so many UTF-16 units. */
export function cleanText(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd')
}
