/** What differs between two states of something, in words. Pure. */

/** One text for each field that changed: `limitNano: 20 → 30`. What was made or removed as a whole says so. */
export function changesBetween(before: unknown, after: unknown): readonly string[] {
  if (isNothing(before) && isNothing(after)) return []
  if (!isFields(before ?? {}) || !isFields(after ?? {})) return [`${textOf(before)} → ${textOf(after)}`]
  const [from, to] = [(before ?? {}) as Fields, (after ?? {}) as Fields]
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  const changed = names.filter((name) => textOf(from[name]) !== textOf(to[name]))
  if (isNothing(before)) return changed.map((name) => `${name}: ${textOf(to[name])}`)
  if (isNothing(after)) return ['removed']
  return changed.map((name) => `${name}: ${textOf(from[name])} → ${textOf(to[name])}`)
}

type Fields = Readonly<Record<string, unknown>>

function isNothing(value: unknown): boolean {
  return value === null || value === undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  if (isNothing(value)) return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
