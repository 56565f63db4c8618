/** The page of the configuration, from the schema that checks it. */

import { configJsonSchema } from '@runguard/sdk/core'
import { code, GENERATED, page, table } from './markdown.js'

/** As much of a JSON schema as is shown. */
interface Schema {
  readonly description?: string
  readonly default?: unknown
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly required?: readonly string[]
}

const INTRODUCTION = `RunGuard needs no file. A \`runguard.yaml\` in the folder it is started in, or the file that \`--config\` names, holds the keys below; the options of \`createGuard\` are the same words, but for what only a gateway has. Unknown keys are refused with the nearest known name, all problems at once. Secrets are written as \`\${NAME}\` and taken from the environment.`

/** The page. */
export function writeConfiguration(): string {
  const schema = configJsonSchema() as Schema
  const parts = Object.entries(schema.properties ?? {})
  return page(
    '# Configuration',
    GENERATED,
    INTRODUCTION,
    table(
      ['key', 'meaning'],
      parts.map(([name, part]) => [`[${code(name)}](#${name.toLowerCase()})`, part.description ?? '']),
    ),
    ...parts.map(([name, part]) => writePart(name, part)),
  )
}

function writePart(name: string, part: Schema): string {
  const rows = rowsOf(part, name)
  const own = rows.length === 0 ? describeType(part) : ''
  return page(
    `## ${name}`,
    part.description ?? '',
    own,
    rows.length > 0 ? table(['key', 'value', 'default', 'meaning'], rows) : '',
  ).trimEnd()
}

/** Every key below a part, with the way to it. */
function rowsOf(schema: Schema, path: string): readonly (readonly string[])[] {
  const below: [string, Schema][] = [
    ...Object.entries(schema.properties ?? {}).map(([name, each]): [string, Schema] => [`${path}.${name}`, each]),
    ...(typeof schema.additionalProperties === 'object'
      ? [[`${path}.<name>`, schema.additionalProperties] as [string, Schema]]
      : []),
    ...(schema.items === undefined ? [] : [[`${path}[]`, schema.items] as [string, Schema]]),
  ]
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((each) => rowsOf(each, path))
  const rows = below.flatMap(([place, each]) => [
    ...(isGroup(each) && each.description === undefined ? [] : [describe(place, each)]),
    ...rowsOf(each, place),
  ])
  return [...rows, ...choices]
}

function isGroup({ properties, items, additionalProperties }: Schema): boolean {
  return properties !== undefined || items !== undefined || typeof additionalProperties === 'object'
}

function describe(place: string, schema: Schema): readonly string[] {
  const fallback = schema.default === undefined ? '' : code(JSON.stringify(schema.default))
  return [code(place), describeType(schema), fallback, schema.description ?? '']
}

function describeType(schema: Schema): string {
  if (schema.const !== undefined) return code(String(schema.const))
  if (schema.enum !== undefined) return schema.enum.map((each) => code(String(each))).join(', ')
  if (schema.anyOf ?? schema.oneOf) {
    const each = [...new Set([...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map(describeType))]
    return each.filter((words) => words !== '').join(' or ')
  }
  if (schema.items !== undefined) return 'a list'
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return 'an object'
  return typeof schema.type === 'string' ? schema.type : (schema.type ?? []).join(' or ')
}
