/** JSON with one spelling: what is equal has equal text, so that it can be hashed. */

/** Deeper than anything that people change. */
const MAX_DEPTH = 64

/**
 * Keys in ascending order of their UTF-16 code units, no spaces, numbers and texts as `JSON.stringify` writes them.
 * What JSON has no word for is left out of objects, and null elsewhere, as usual.
 *
 * @throws RangeError if it is nested more than 64 deep, as everything is that contains itself
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0) ?? 'null'
}

function write(value: unknown, depth: number): string | undefined {
  if (depth > MAX_DEPTH) throw new RangeError(`nested more than ${MAX_DEPTH} deep`)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? undefined : JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1) ?? 'null').join(',')}]`
  const fields = Object.keys(value)
    .sort()
    .map((key) => [JSON.stringify(key), write((value as Record<string, unknown>)[key], depth + 1)])
    .filter(([, text]) => text !== undefined)
  return `{${fields.map(([key, text]) => `${key}:${text}`).join(',')}}`
}
