/** Looking into JSON of which nothing is known. */

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The value if it is an object, else an empty one. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {}
}
