/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object: what a caller sent, trusted in nothing but its being JSON. */
export interface JsonObject {
  readonly [name: string]: Json | undefined
}

/** Is the value an object, neither null nor a list? */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Is the value a list? (`Array.isArray` does not narrow a readonly list.) */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** The object without one of its fields; the same object when it never had it, so that copies stay rare. */
export function without(object: JsonObject, name: string): JsonObject {
  if (!Object.hasOwn(object, name)) return object
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))
}

/** The field as a string, or the empty string. */
export function textOf(object: JsonObject, name: string): string {
  const value = object[name]
  return typeof value === 'string' ? value : ''
}
