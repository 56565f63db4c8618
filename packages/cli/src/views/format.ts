/** Numbers, times and names for people. */

import { type CostLine, decimalUsd, nanoUsd } from '@runguard/sdk/core'

/** `380`, `12.4k`, `1.2M`: for lines that are read in passing. */
export function shortCount(count: number): string {
  if (count < 1_000) return String(count)
  // From here on rounding would give a thousand of the smaller unit.
  if (count < 999_950) return `${(count / 1_000).toFixed(1)}k`
  return count < 999_950_000 ? `${(count / 1_000_000).toFixed(1)}M` : `${(count / 1_000_000_000).toFixed(1)}G`
}

/** `1,234,567`: for tables, where every digit counts. */
export function wholeCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A share of 0 to 1 as `91%`. Only nothing is 0 % and only everything is 100 %. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100)
  if (share > 0 && rounded === 0) return '<1%'
  return `${share < 1 && rounded === 100 ? 99 : rounded}%`
}

/** `0.8 ms`, `412 ms`, `3.2 s`, `2 min 5 s` */
export function formatDuration(durationMs: number): string {
  if (durationMs < 10) return `${durationMs.toFixed(1)} ms`
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  if (durationMs < 59_950) return `${(durationMs / 1_000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1_000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `2026-11-26 22:51:07 +01:00` at an offset in minutes east of UTC. */
export function formatMoment(atMs: number, offsetMinutes: number): string {
  const local = new Date(atMs + offsetMinutes * 60_000).toISOString()
  const sign = offsetMinutes < 0 ? '-' : '+'
  const [hours, minutes] = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60]
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${sign}${twoDigits(hours)}:${twoDigits(minutes)}`
}

/** `2026-11-26`, in UTC, as in the price list. */
export function formatDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

/** Exact dollars of an amount in pico-dollars, two decimals at least: `0.0022566`, `12.50`. */
export function decimalPico(pico: CostLine['pico']): string {
  const digits = pico.toString().padStart(13, '0')
  const fraction = digits.slice(-12).replace(/0+$/, '').padEnd(2, '0')
  return `${digits.slice(0, -12)}.${fraction}`
}

/** What a million cost in exact dollars: `4.00`, `0.20`. A pico-dollar each is a micro-dollar per million. */
export function perMillion(picoEach: number): string {
  const [dollars = '0', fraction = ''] = decimalUsd(nanoUsd(picoEach * 1_000)).split('.')
  return `${dollars}.${fraction.padEnd(2, '0')}`
}

/**
 * A name that somebody sent, safe to show: control characters could drive the terminal, and those that turn the
 * writing direction could make a line read as another one.
 */
export function printable(name: string, maxLength = 80): string {
  const clean = name.slice(0, 4 * maxLength).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '�')
  const letters = [...clean]
  return letters.length > maxLength ? `${letters.slice(0, maxLength - 1).join('')}…` : clean
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
