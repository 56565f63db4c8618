/**
 * What makes two tool calls the same: a key over the tool and its input, whatever the order of the fields and however
 * the call describes itself. The work is bounded, whatever a caller sends.
 */

import type { JsonObject } from '../body/json-object.js'
import { TextHash } from './loop-hash.js'

/** Deeper than any tool's input; what lies below does not tell calls apart. */
const MAX_DEPTH = 32
/** More values than any tool's input holds. */
const MAX_VALUES = 100_000
/** Of longer texts the beginning, the end and the length count: other calls wait meanwhile. */
const MAX_TEXT = 32_768
/** Behind so many characters of one input, of every text only a few more count. */
const MAX_CHARACTERS = 262_144
const MAX_LATE_TEXT = 64

/** Notes for whoever watches; they never change what a tool does. */
const NOTES = new Set(['task_progress', 'security_risk', 'toolSummary', 'summary_of_change'])
/** Notes too, but only beside what the tool acts on: for a tool of notes they are the act. */
const MAYBE_NOTES = new Set(['description', 'explanation', 'brief', 'thought', 'reason'])
const ACTS = ['command', 'cmd', 'code', 'script', 'prompt', 'query', 'pattern', 'url', 'path', 'file_path']

/**
 * The key of a call: equal if the tool and its input are, without the fields that only describe the call. A time-out is
 * no description: in a wait it is all that varies.
 */
export function callKey(tool: string, input: unknown): string {
  return keyOf(tool, input, (text) => text)
}

/**
 * A key that is also equal where inputs differ in letter case, spacing or quotes, or a command in what it is piped to or
 * where its noise goes. Numbers tell calls apart: the next page is another one.
 */
export function looseCallKey(tool: string, input: unknown): string {
  return keyOf(tool, input, loosen)
}

/** @param most so much of a text counts */
type Reading = (text: string, field: string, most: number) => string

function keyOf(tool: string, input: unknown, read: Reading): string {
  const writer = new KeyWriter(read)
  writer.addText(tool, '')
  writer.addInput(input)
  return writer.hash.digest()
}

/** Marks between values, outside of all characters, so that no text can pass for structure. */
const TEXT = 0x10000
const LIST = 0x20000
const OBJECT = 0x30000
const FIELD = 0x40000
const END = 0x50000
const OTHER = 0x60000
const CUT = 0x70000

class KeyWriter {
  readonly hash = new TextHash()
  readonly #read: Reading
  #values = 0
  #characters = 0

  constructor(read: Reading) {
    this.#read = read
  }

  addInput(input: unknown): void {
    if (!isObject(input)) {
      this.#add(input, '', 0)
      return
    }
    const fields = Object.keys(input)
    const isNoted = fields.some((field) => ACTS.includes(field))
    const telling = fields.filter((field) => !NOTES.has(field) && !(isNoted && MAYBE_NOTES.has(field)))
    this.#addFields(input, telling.length > 0 ? telling : fields, 0)
  }

  addText(text: string, field: string): void {
    const most = this.#characters < MAX_CHARACTERS ? MAX_TEXT : MAX_LATE_TEXT
    const whole = this.#read(text, field, most)
    const isLong = whole.length > most
    this.#characters += Math.min(whole.length, most)
    this.hash.addCode(TEXT)
    this.hash.addText(isLong ? whole.slice(0, most / 2) : whole)
    if (!isLong) return
    this.hash.addCode(CUT)
    this.hash.addCode(whole.length)
    this.hash.addText(whole.slice(-most / 2))
  }

  #add(value: unknown, field: string, depth: number): void {
    this.#values += 1
    if (depth > MAX_DEPTH || this.#values > MAX_VALUES) this.hash.addCode(CUT)
    else if (typeof value === 'string') this.addText(value, field)
    else if (Array.isArray(value)) this.#addList(value, depth)
    else if (isObject(value)) this.#addFields(value, Object.keys(value), depth)
    else {
      this.hash.addCode(OTHER)
      this.hash.addText(String(value))
    }
  }

  #addList(values: readonly unknown[], depth: number): void {
    this.hash.addCode(LIST)
    for (const value of values) {
      if (this.#values > MAX_VALUES) break
      this.#add(value, '', depth + 1)
    }
    this.hash.addCode(END)
  }

  #addFields(object: JsonObject, fields: readonly string[], depth: number): void {
    this.hash.addCode(OBJECT)
    for (const field of fields.slice(0, MAX_VALUES).sort()) {
      if (this.#values > MAX_VALUES) break
      this.hash.addCode(FIELD)
      this.hash.addText(field)
      this.#add(object[field], field, depth + 1)
    }
    this.hash.addCode(END)
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const COMMAND_FIELDS = new Set(['command', 'cmd'])
/** A command up to where it is piped, or its noise sent away; what stands in quotes belongs to it. */
const UNPIPED = /^(?:[^|'"2&>]|'[^']*'|"[^"]*"|(?!(?:2|&)?>\s*(?:\/dev\/null|&1))[2&>])*/

function loosen(text: string, field: string, most: number): string {
  const head = text.slice(0, most)
  const act = COMMAND_FIELDS.has(field) ? withoutPipes(head) : head
  return act.toLowerCase().replace(/[\s'"`]+/g, '')
}

function withoutPipes(command: string): string {
  const act = UNPIPED.exec(command)?.[0] ?? ''
  const isQuoteOpen = /['"]/.test(command.charAt(act.length))
  return isQuoteOpen ? command : act
}
