/** Echo: an answer that says the same again and again while it is written, and what is done about it. */

import { asObject, type JsonObject } from '../core/body/json-object.js'
import { costOf } from '../core/cost/cost.js'
import type { NanoUsd } from '../core/cost/money.js'
import type { RecordedLoop } from '../core/cost/record.js'
import type { Usage } from '../core/cost/usage.js'
import { type UnheldMessage, unheldMessage } from '../core/cut/cut-unheld.js'
import { explainLoopCut } from '../core/loop/loop-refusal.js'
import { type TextRepeat, type TextRepetition, textRepeat } from '../core/loop/text-repeat.js'
import type { Desk, Opening } from './desk.js'
import type { StreamListener } from './stream-listener.js'

/** Listens to one stream. */
export interface Echo extends StreamListener {
  /** What was written of the message so far. */
  readonly message: UnheldMessage
  /** Called when the text that is being written has turned out, between two pieces of the stream, to be one to end. */
  onDue: (() => void) | null
  /** True if the text that is being written is to be ended as soon as it can be. */
  readonly isDue: boolean
  /** Takes note that it can be ended now. True if that is to be done, and not only told. */
  stop(): boolean
  /** Why the answer was ended, for the person who reads it. */
  explain(usage: Usage): string
  /** What is recorded of it; null if nothing was heard. @param spent what the answer cost */
  record(spent: NanoUsd): RecordedLoop | null
}

/** What an echo works with. */
export interface EchoParts {
  readonly desk: Desk
  readonly session: string
  /** When the call was made: its price is that of this moment. */
  readonly startedAt: number
}

/** An echo at the start of a stream. */
export function listenForEcho(parts: EchoParts): Echo {
  return new Listener(parts)
}

/**
 * The opening with the loop that was heard, unless that says less than the loop which the agent is in already.
 *
 * @param spent what the answer cost
 */
export function withEcho(opening: Opening, echo: Echo | null, spent: NanoUsd): Opening {
  const loop = echo?.record(spent) ?? null
  const isNews = loop !== null && (loop.action === 'stop' || !opening.loop)
  return isNews ? { ...opening, loop } : opening
}

/** Whether an operator wants the session to be left alone: asked once, and only when something is heard. */
type Standing = 'unasked' | 'asked' | 'watched' | 'exempt'

class Listener implements Echo {
  onDue: (() => void) | null = null
  readonly wantsDeltas = true
  readonly message = unheldMessage()
  private readonly parts: EchoParts
  /** Of the block that is being written. */
  private text: TextRepeat | null = null
  private heard: TextRepetition | null = null
  /** The strongest of all blocks. */
  private found: TextRepetition | null = null
  private isStopped = false
  private standing: Standing = 'unasked'

  constructor(parts: EchoParts) {
    this.parts = parts
  }

  get isDue(): boolean {
    return this.heard?.tier === 'stop' && this.standing === 'watched'
  }

  event(type: string, data: JsonObject | null): void {
    this.message.see(type, data)
    if (type !== 'content_block_start' && type !== 'content_block_stop') return
    this.text = null
    this.heard = null
  }

  delta(data: string | null): void {
    const kind = this.message.blockKind
    if (kind === null || (this.standing === 'exempt' && !this.message.isBlank)) return
    const prose = PROSE.get(kind)
    const said = data === null ? null : readWords(data, prose ?? INPUT)
    if (said !== null || data === null) this.message.write(said)
    if (said === null || this.standing === 'exempt') return
    this.text ??= textRepeat(prose === undefined ? 'data' : 'prose')
    const heard = this.text.push(said)
    if (heard !== null) this.hear(heard)
  }

  stop(): boolean {
    this.isStopped = true
    return this.isEnforced()
  }

  explain(usage: Usage): string {
    const { desk, startedAt } = this.parts
    const { nano } = costOf(usage, desk.config.book, startedAt, desk.config.unknownModel)
    return explainLoopCut({ rule: 'repeating-text', repeats: this.found?.repeats ?? 0, cycle: [] }, nano)
  }

  record(spent: NanoUsd): RecordedLoop | null {
    if (this.found === null) return null
    return {
      action: this.isStopped ? 'stop' : 'notice',
      isEnforced: this.isEnforced(),
      rule: 'repeating-text',
      repeats: this.found.repeats,
      rounds: 0,
      cycle: [],
      spent,
    }
  }

  private isEnforced(): boolean {
    const { mode, loops } = this.parts.desk.config
    return mode === 'enforce' && loops.mode === 'enforce'
  }

  private hear(heard: TextRepetition): void {
    this.heard = heard
    if (this.found?.tier !== 'stop' || heard.tier === 'stop') this.found = heard
    if (this.standing === 'unasked') this.ask()
  }

  private ask(): void {
    const { desk, session } = this.parts
    this.standing = 'asked'
    desk.isExempt(session).then(
      (isExempt) => this.learn(isExempt),
      (error: unknown) => {
        desk.runtime.log.warn('session-mark-not-read', { error: String(error) })
        this.learn(false)
      },
    )
  }

  private learn(isExempt: boolean): void {
    this.standing = isExempt ? 'exempt' : 'watched'
    if (isExempt) this.found = null
    else if (this.isDue) this.onDue?.()
  }
}

/** A member of a delta that holds words. */
interface Field {
  readonly name: string
  /** What stands before the words. */
  readonly mark: string
}

const fieldOf = (name: string): Field => ({ name, mark: `"${name}":"` })
/** By the kind of the block. */
const PROSE = new Map([
  ['text', fieldOf('text')],
  ['thinking', fieldOf('thinking')],
])
const INPUT = fieldOf('partial_json')

/** The words of a delta; null if it has none. Parsing all of it costs several times as much. */
function readWords(data: string, { name, mark }: Field): string | null {
  const at = data.indexOf(mark)
  if (at < 0) return wordsIn(parse(data), name)
  const from = at + mark.length
  const to = endOfString(data, from)
  const words = data.slice(from, to)
  return words.includes('\\') ? asWords(parse(data.slice(from - 1, to + 1))) : words
}

/** Where the string ends that has begun before. */
function endOfString(json: string, from: number): number {
  for (let at = json.indexOf('"', from); at >= 0; at = json.indexOf('"', at + 1)) {
    let escapes = 0
    while (json[at - 1 - escapes] === '\\') escapes += 1
    if (escapes % 2 === 0) return at
  }
  return json.length
}

function wordsIn(event: unknown, name: string): string | null {
  return asWords(asObject(asObject(event).delta)[name])
}

function asWords(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
