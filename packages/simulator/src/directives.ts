import { isObject, type Json, type JsonObject } from './json.js'

/** One instruction to the simulator inside a prompt or header: a verb, words, and at the end perhaps an object. */
export interface Directive {
  readonly verb: string
  readonly words: readonly string[]
  readonly json: JsonObject | null
  /** There was an object, but it is not valid JSON. */
  readonly isBroken: boolean
}

const opening = '[[sim:'
const closing = ']]'

/** Finds every `[[sim:…]]` of a text, in order. What is not closed is no directive. */
export function findDirectives(text: string): Directive[] {
  const found: Directive[] = []
  for (let start = text.indexOf(opening); start !== -1; ) {
    const read = readOne(text, start + opening.length)
    if (read === undefined) break
    found.push(read.directive)
    start = text.indexOf(opening, read.end)
  }
  return found
}

/** The object may itself contain `]]`, so the first closing that leaves valid JSON wins. */
function readOne(text: string, start: number): { directive: Directive; end: number } | undefined {
  let first: { directive: Directive; end: number } | undefined
  for (let tries = 0, end = text.indexOf(closing, start); end !== -1 && tries < 16; tries += 1) {
    const directive = parse(text.slice(start, end))
    first ??= { directive, end }
    if (!directive.isBroken) return { directive, end }
    end = text.indexOf(closing, end + 1)
  }
  return first
}

function parse(body: string): Directive {
  const brace = body.indexOf('{')
  const head = brace === -1 ? body : body.slice(0, brace)
  const [verb = '', ...words] = head.trim().split(/\s+/)
  const json = brace === -1 ? null : parseObject(body.slice(brace))
  return { verb, words, json: json ?? null, isBroken: json === undefined }
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
