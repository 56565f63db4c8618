/** The words of alerts, the same in every channel. */

import { formatUsd, nanoUsd } from '../cost/money.js'
import type { Alert, AlertFact } from './alert.js'
import type { DeliveryAction } from './delivery.js'

/** `$16.02`, `80%`, `2026-11-27 08:00 UTC` */
export function factText({ value, unit }: AlertFact): string {
  switch (unit) {
    case 'nano-dollars':
      return formatUsd(nanoUsd(value))
    case 'percent':
      return `${value}%`
    case 'time':
      return momentText(value)
    case 'milliseconds':
      return durationText(value)
    case 'tokens':
      return `${grouped(value)} tokens`
    case 'count':
      return grouped(value)
  }
}

/** `2026-11-27 08:00 UTC` */
export function momentText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** What a message says first: `[RunGuard] resolved: …`. */
export function headline({ title, severity }: Alert, action: DeliveryAction): string {
  if (action === 'resolve') return `Resolved: ${title}`
  return action === 'acknowledge' ? `Acknowledged: ${title}` : `${WORDS[severity]}: ${title}`
}

const WORDS = { info: 'Note', warning: 'Warning', error: 'Alert', critical: 'Critical' } as const

function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

const UNITS = [
  [86_400_000, 'days'],
  [3_600_000, 'hours'],
  [60_000, 'minutes'],
  [1_000, 'seconds'],
] as const

function durationText(ms: number): string {
  const [size, name] = UNITS.find(([unit]) => ms >= 2 * unit) ?? [1_000, 'seconds']
  return `${Math.round(ms / size)} ${name}`
}
