import { isList, isObject, type Json, type JsonObject } from './json.js'

const deepest = 4

/** An input that a tool's schema accepts in the usual cases: its required properties, each with a plain value. */
export function sampleInput(schema: Json | undefined): JsonObject {
  const value = sample(schema, 0)
  return isObject(value) ? value : {}
}

function sample(schema: Json | undefined, depth: number): Json {
  if (!isObject(schema) || depth > deepest) return 'sim'
  if (schema.const !== undefined) return schema.const
  if (isList(schema.enum)) return schema.enum[0] ?? null
  if (isObject(schema.properties)) return sampleProperties(schema.properties, schema.required, depth)
  switch (schema.type) {
    case 'object':
      return {}
    case 'array':
      return [sample(schema.items, depth + 1)]
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 1
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return 'sim'
  }
}

function sampleProperties(properties: JsonObject, required: Json | undefined, depth: number): JsonObject {
  const names = isList(required) ? required.filter((name) => typeof name === 'string') : []
  const known = names.filter((name) => Object.hasOwn(properties, name))
  return Object.fromEntries(known.map((name) => [name, sample(properties[name], depth + 1)]))
}
