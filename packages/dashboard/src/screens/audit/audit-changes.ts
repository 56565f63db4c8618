/** What differs between two states of something, in words. Pure. */

import { formatFull, formatMoney } from '../../parts/format.js'

/** One text for each field that changed: `limit: $20.00 → $30.00`. What was made or removed as a whole says so. */
export function changesBetween(before: unknown, after: unknown): readonly string[] {
  if (isNothing(before) && isNothing(after)) return []
  if (!isFields(before ?? {}) || !isFields(after ?? {})) return [`${textOf(before)} → ${textOf(after)}`]
  const [from, to] = [(before ?? {}) as Fields, (after ?? {}) as Fields]
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  const changed = names.filter((name) => !UNSAID.has(name) && textOf(from[name]) !== textOf(to[name]))
  if (isNothing(before)) return changed.filter((name) => !isEmpty(to[name])).map((name) => fieldWords(name, to[name]))
  if (isNothing(after)) return ['removed']
  return changed.map((name) => `${fieldWords(name, from[name])} → ${valueWords(name, to[name])}`)
}

/** Fields that tell a person nothing: what they stand for is in the entry itself. */
const UNSAID = new Set(['revision', 'at', 'createdAt', 'changedAt'])

function fieldWords(name: string, value: unknown): string {
  return `${name.replace(/(?<=.)(Nano|At)$/, '')}: ${valueWords(name, value)}`
}

/** Amounts and moments as everywhere else, by the ending of their names. */
function valueWords(name: string, value: unknown): string {
  if (typeof value !== 'number') return textOf(value)
  if (name.endsWith('Nano')) return formatMoney(value)
  return name.endsWith('At') && value > 0 ? formatFull(value) : textOf(value)
}

function isEmpty(value: unknown): boolean {
  return isNothing(value) || value === '' || (Array.isArray(value) && value.length === 0)
}

type Fields = Readonly<Record<string, unknown>>

function isNothing(value: unknown): boolean {
  return value === null || value === undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  if (isEmpty(value)) return 'nothing'
  if (Array.isArray(value))
    return value.map((item: unknown) => (isFields(item) ? itemWords(item) : textOf(item))).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** One of a list, such as a step of a ladder: `(at: 0.8, step: cheaper-tier)`. */
function itemWords(item: Fields): string {
  const fields = Object.entries(item).map(([name, value]) => fieldWords(name, value))
  return `(${fields.join(', ')})`
}
