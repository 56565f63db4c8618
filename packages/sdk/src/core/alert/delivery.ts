/** Delivery: one message about an alert on its way to one channel. */

import { hashText } from '../loop/loop-hash.js'
import type { Alert, AlertKind } from './alert.js'
import type { ChannelConfig, ChannelKind } from './alert-policy.js'

/** What a message says of its alert. */
export type DeliveryAction = 'trigger' | 'acknowledge' | 'resolve'

/** `waiting`: for its first or next attempt. */
export type DeliveryStatus = 'waiting' | 'delivered' | 'failed'

/** A message, and what became of it. Plain JSON. Times are milliseconds since the epoch. */
export interface Delivery {
  /** Goes out with every attempt, so that a receiver can drop what it has already. */
  readonly id: string
  /** Of its alert. */
  readonly alertKey: string
  readonly channel: string
  readonly channelKind: ChannelKind
  readonly action: DeliveryAction
  /** Of the messages about one alert to one channel those with a smaller number go first. */
  readonly position: number
  /** As it was when this happened: each attempt says the same. */
  readonly alert: Alert
  readonly status: DeliveryStatus
  readonly attempts: number
  readonly createdAt: number
  /** The next attempt. */
  readonly dueAt: number
  /** The process that tries now, and until when nobody else may. */
  readonly owner: string | null
  readonly lockedUntil: number
  /** What the receiver answered last, and what was wrong with it; null before the first attempt, and where nothing was. */
  readonly lastStatus: number | null
  readonly lastError: string | null
  readonly endedAt: number | null
  /** The delivery that this one repeats. */
  readonly resendOf: string | null
}

/** How an attempt ended. `refused`: it is of no use to try again. */
export type DeliveryOutcome =
  | { readonly kind: 'accepted'; readonly status: number | null }
  | { readonly kind: 'refused'; readonly status: number | null; readonly error: string }
  | {
      readonly kind: 'failed'
      readonly status: number | null
      readonly error: string
      readonly retryAfterMs: number | null
    }

/** A message that has not been sent. */
export function openDelivery(
  id: string,
  { name, kind }: Pick<ChannelConfig, 'name' | 'kind'>,
  { alert, action, at }: { readonly alert: Alert; readonly action: DeliveryAction; readonly at: number },
): Delivery {
  return {
    id,
    alertKey: alert.key,
    channel: name,
    channelKind: kind,
    action,
    position: alert.version,
    alert,
    status: 'waiting',
    attempts: 0,
    createdAt: at,
    dueAt: at,
    owner: null,
    lockedUntil: 0,
    lastStatus: null,
    lastError: null,
    endedAt: null,
    resendOf: null,
  }
}

/** The same message once more, at once and by itself. */
export function repeatDelivery(id: string, delivery: Delivery, at: number): Delivery {
  const fresh = { id, status: 'waiting', attempts: 0, createdAt: at, dueAt: at, owner: null, lockedUntil: 0 } as const
  return { ...delivery, ...fresh, position: 0, lastStatus: null, lastError: null, endedAt: null, resendOf: delivery.id }
}

/** What is over because something happened, and not because time went by. */
const EVENTFUL: ReadonlySet<AlertKind> = new Set(['breaker', 'spend-velocity', 'cache-drop', 'store'])

/** Programs are told of everything; people only of what they would want to read. */
export function isToldOf(kind: ChannelKind, action: DeliveryAction, about: AlertKind): boolean {
  if (action === 'trigger' || kind === 'pagerduty' || kind === 'webhook') return true
  return action === 'resolve' && EVENTFUL.has(about)
}

const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 300_000
const LONGEST_RETRY_AFTER_MS = 3_600_000

/** The delivery after an attempt. @param giveUpAfterMs since it was made */
export function stepDelivery(
  delivery: Delivery,
  outcome: DeliveryOutcome,
  at: number,
  giveUpAfterMs: number,
): Delivery {
  const tried = {
    ...delivery,
    attempts: delivery.attempts + 1,
    owner: null,
    lockedUntil: 0,
    lastStatus: outcome.status,
  }
  if (outcome.kind === 'accepted') return { ...tried, status: 'delivered', lastError: null, endedAt: at }
  const failed = { ...tried, lastError: outcome.error }
  if (outcome.kind === 'refused') return { ...failed, status: 'failed', endedAt: at }
  const dueAt = at + pauseAfter(tried, outcome.retryAfterMs)
  const isOver = dueAt > delivery.createdAt + giveUpAfterMs
  return isOver ? { ...failed, status: 'failed', endedAt: at } : { ...failed, dueAt }
}

/** Twice as long each time, and not for all the same: by an amount that only the message and the attempt decide. */
function pauseAfter({ id, attempts }: Delivery, retryAfterMs: number | null): number {
  if (retryAfterMs !== null) return Math.min(Math.max(retryAfterMs, 0), LONGEST_RETRY_AFTER_MS)
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 20))
  const chance = Number.parseInt(hashText(`${id}|${attempts}`).slice(0, 8), 16) / 2 ** 32
  return Math.ceil(longest * (1 + chance) * 0.5)
}
