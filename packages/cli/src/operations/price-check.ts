/** Whether the price list still fits what is being called. */

import { findModel, findPrice, type PriceBook } from '@runguard/sdk/core'
import { formatDay, printable } from '../views/format.js'

/** What the check looks at. */
export interface PriceCheck {
  readonly book: PriceBook
  /** The day the list was gathered, in milliseconds since the epoch. */
  readonly asOfMs: number
  readonly nowMs: number
  /** Models that were charged lately, as the API named them. */
  readonly usedModels: readonly string[]
}

/** Something a person should know; `attention` asks for an action. */
export interface PriceFinding {
  readonly kind: 'attention' | 'note'
  readonly text: string
}

const DAY_MS = 86_400_000
const MAX_AGE_DAYS = 60
const SOON_DAYS = 90

/** Findings that ask for an action first. A model that nobody uses needs none, whatever becomes of it. */
export function checkPrices(check: PriceCheck): readonly PriceFinding[] {
  const findings = [
    checkAge(check),
    ...check.usedModels.map((name) => checkUsed(check, name)),
    ...unusedSoonGone(check),
  ]
  return findings
    .filter((finding) => finding !== null)
    .sort((left, right) => Number(left.kind === 'note') - Number(right.kind === 'note'))
}

function checkAge({ book, asOfMs, nowMs }: PriceCheck): PriceFinding {
  const days = Math.floor((nowMs - asOfMs) / DAY_MS)
  const age = days < 0 ? 'from the future: is the clock right?' : `${days === 1 ? '1 day' : `${days} days`} old`
  const isStale = days > MAX_AGE_DAYS || days < -1
  const text = `The price list ${book.version} is ${age}${days > MAX_AGE_DAYS ? ': update RunGuard' : ''}`
  return { kind: isStale ? 'attention' : 'note', text }
}

function checkUsed({ book, nowMs }: PriceCheck, name: string): PriceFinding | null {
  const shown = printable(name)
  const model = findModel(book, name)
  if (model === null || findPrice(book, name, nowMs) === null) {
    return attention(`${shown} is used and has no listed price: its cost is a guess to the dear side`)
  }
  const { retiresMs, deprecatedMs } = model
  if (retiresMs !== null && retiresMs <= nowMs)
    return attention(`${shown} is used and was retired on ${formatDay(retiresMs)}`)
  if (retiresMs !== null && retiresMs <= nowMs + SOON_DAYS * DAY_MS) {
    return attention(`${shown} is used and retires on ${formatDay(retiresMs)}`)
  }
  if (deprecatedMs === null || deprecatedMs > nowMs) return null
  return attention(`${shown} is used and deprecated since ${formatDay(deprecatedMs)}`)
}

function attention(text: string): PriceFinding {
  return { kind: 'attention', text }
}

function unusedSoonGone({ book, nowMs, usedModels }: PriceCheck): PriceFinding[] {
  const used = new Set(usedModels.map((name) => findModel(book, name)?.id))
  return book.models.flatMap(({ id, retiresMs }): PriceFinding[] => {
    if (retiresMs === null || used.has(id)) return []
    const isSoon = retiresMs > nowMs && retiresMs <= nowMs + SOON_DAYS * DAY_MS
    return isSoon ? [{ kind: 'note', text: `${id} retires on ${formatDay(retiresMs)} (not used lately)` }] : []
  })
}
