/** Numbers for people. Pure: the moment "now" is a parameter. */

import { formatUsd, nanoUsd } from '@runguard/sdk/core'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Nano-dollars as `$12.34`, `$0.0131`, `$0` for nothing; anything that is no amount as a dash. */
export function formatMoney(nano: number | null | undefined): string {
  if (nano === null || nano === undefined || !Number.isFinite(nano)) return '–'
  const whole = Math.round(nano)
  if (whole === 0) return '$0'
  return Number.isSafeInteger(whole) ? formatUsd(nanoUsd(whole)).replace('-', '−') : '–'
}

/** The same for an axis: as short as it stays readable (`$1.2k`, `$12`, `$0.25`). */
export function formatMoneyShort(nano: number): string {
  const dollars = Math.abs(nano) / 1e9
  const sign = nano < 0 ? '−' : ''
  if (dollars === 0) return '$0'
  if (dollars >= 1000) return `${sign}$${formatCount(dollars)}`
  if (dollars >= 10) return `${sign}$${dollars.toFixed(0)}`
  if (dollars >= 1) return `${sign}$${dollars.toFixed(1)}`
  return `${sign}$${Number(dollars.toPrecision(2))}`.replace(/e-\d+$/, '')
}

/** A count of tokens, calls or bytes: `950`, `12.4k`, `3.1M`. */
export function formatCount(count: number | null | undefined): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return '–'
  const abs = Math.abs(count)
  const sign = count < 0 ? '−' : ''
  if (abs < 1000) return sign + String(Math.round(abs * 10) / 10)
  const [unit, name] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ].find(([size]) => abs >= Number(size) * 0.99995) as [number, string]
  const value = abs / unit
  return `${sign}${value >= 100 ? value.toFixed(0) : value.toFixed(1)}${name}`
}

/** A whole number with its thousands apart: `10,000`. */
export function formatWhole(count: number): string {
  return count.toLocaleString('en-US')
}

/** A share from 0 to 1 as `91%`; small ones keep a decimal. */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–'
  const percent = share * 100
  const isSmall = Math.abs(percent) > 0 && Math.abs(percent) < 10
  return `${percent.toFixed(isSmall ? 1 : 0).replace('-', '−')}%`
}

/** A length of time: `420 ms`, `3.2 s`, `4 min 10 s`, `3 h 5 min`, `2 d`. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–'
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < MINUTE_MS) return `${(ms / 1000).toFixed(1)} s`
  if (ms < HOUR_MS) return joinParts(ms, MINUTE_MS, 'min', 1000, 's')
  if (ms < DAY_MS) return joinParts(ms, HOUR_MS, 'h', MINUTE_MS, 'min')
  return joinParts(ms, DAY_MS, 'd', HOUR_MS, 'h')
}

function joinParts(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`
}

/** How long ago or how far ahead: `just now`, `3 min ago`, `in 2 h`. */
export function formatAge(at: number | null | undefined, nowMs: number): string {
  if (at === null || at === undefined) return 'never'
  const ms = nowMs - at
  if (Math.abs(ms) < 5000) return 'just now'
  const text = coarseDuration(Math.abs(ms))
  return ms >= 0 ? `${text} ago` : `in ${text}`
}

function coarseDuration(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`
  if (ms < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`
  return `${Math.round(ms / DAY_MS)} d`
}

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const fullTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
const dayOnly = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** `14:03:12`, in the time zone of the browser. */
export function formatClock(at: number): string {
  return clockTime.format(at)
}

/** `27 Nov, 14:03`. */
export function formatMoment(at: number): string {
  return dayAndTime.format(at)
}

/** `27 Nov`. */
export function formatDay(at: number): string {
  return dayOnly.format(at)
}

/** Everything, for a tooltip: `27 Nov 2026, 14:03:12`. */
export function formatFull(at: number): string {
  return fullTime.format(at)
}

/** `1 call`, `2 calls`; the plural is the singular with an s unless it is given. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatWhole(count)} ${count === 1 ? one : many}`
}

/** A kebab-case word of the wire as people read it: `tools-changed` → `tools changed`. */
export function readable(word: string): string {
  return word.replace(/[-_]+/g, ' ')
}

/** A name without `claude-` and the date at its end, for narrow places; the whole name belongs into a tooltip. */
export function shortModel(model: string | null | undefined): string {
  if (model === null || model === undefined || model === '') return 'no model'
  return model.replace(/^claude-/, '').replace(/-\d{8}$/, '')
}
