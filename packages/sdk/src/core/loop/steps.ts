/**
 * The rounds of a conversation: which tools the model called, turn by turn, and what came back.
 *
 * They are read from the end of the request body backwards, and only as far as they are new: a conversation of a
 * megabyte that has grown by one round costs that one round.
 */

import type { BlockView, CallView } from '../body/call.js'
import { asObject, type JsonObject } from '../body/json-object.js'
import { hashText } from './loop-hash.js'
import type { LoopStep } from './loop-step.js'
import { fieldsOf, isCall, isResult, textOf } from './steps-block.js'
import { isFromPerson, type MessageBlocks, newsOf } from './steps-person.js'

/** One tool call as it stands in the conversation. */
export interface SeenCall {
  /** The tool's name; for one of an MCP server that the API calls, with the server before it. */
  readonly tool: string
  readonly input: unknown
  /** Null if the conversation goes on without one: the call was interrupted. */
  readonly result: SeenResult | null
}

/** What a tool gave back. */
export interface SeenResult {
  /** A string, or content blocks (text, images, …), or what a tool of the API gives. */
  readonly content: unknown
  /** The tool, or whoever carries it out, says that it failed. */
  readonly isError: boolean
}

/** What the model did in one turn. Calls that it made without waiting for each other's results are one round. */
export interface SeenRound {
  /** The same for the same round in every later request of the conversation; unique in it. */
  readonly id: string
  readonly calls: readonly SeenCall[]
  /** Set where no more than their keys is known of the calls, which then are none: they stand in no body. */
  readonly steps?: readonly LoopStep[]
  /** Where it called nothing: a hash of what it said. Null where it called a tool, or said nothing either. */
  readonly text: string | null
  /** A hash of the message with which its client woke it before, because something had happened; null if it did not. */
  readonly news: string | null
}

/**
 * What stands before the first round that was read.
 *
 * - `person`: a message of a person. With no rounds after it, this very call answers it.
 * - `known`: the round up to which was read.
 * - `start`: nothing more. Either the conversation begins there, or the body does not show it: it was summarised, or the
 *   API keeps it.
 * - `limit`: older rounds, more than anybody looks at.
 */
export type RoundsOpening = 'person' | 'known' | 'start' | 'limit'

/** The newest rounds of a conversation. */
export interface SeenRounds {
  /** In the order in which they happened. */
  readonly rounds: readonly SeenRound[]
  readonly opening: RoundsOpening
}

/** Five times the longest cycle that is looked for. */
export const MAX_ROUNDS = 60
/** More parallel calls than any model makes. */
const MAX_CALLS = 128
const MAX_ID_LENGTH = 80
/** Of a conversation that nobody has seen yet, no more is read at once: other calls wait meanwhile. */
const MAX_BYTES = 4_194_304

/**
 * The rounds since a person last wrote, at most {@link MAX_ROUNDS}, and no more than a few megabytes.
 *
 * @param view of exactly this body
 * @param known the id of a round: only what comes after it is read
 */
export function readRounds(view: CallView, body: Uint8Array, known: string | null = null): SeenRounds {
  const messages = messagesFromEnd(view)
  const results = new Results(body)
  const rounds: SeenRound[] = []
  let bytes = 0
  const end = (opening: RoundsOpening): SeenRounds => ({ rounds: rounds.reverse(), opening })
  for (let back = 0; ; back++) {
    const message = messages(back)
    if (message === null) return end('start')
    if (roleOf(message) === 'user' && isFromPerson(message, body, () => usersBefore(messages, back)))
      return end('person')
    addNews(rounds, message, body)
    results.add(message)
    bytes += sizeOf(message)
    if (roleOf(message) !== 'assistant') continue
    for (const part of partsOfTurn(message, body).reverse()) {
      if (part.id === known) return end('known')
      if (bytes > MAX_BYTES && rounds.length > 0) return end('limit')
      const round = readRound(part, body, results)
      // Where it is the last thing said, its calls are still to be carried out.
      if (back > 0 || round.calls.some(({ result }) => result !== null)) rounds.push(round)
      if (rounds.length === MAX_ROUNDS) return end('limit')
    }
  }
}

const NO_BODY = new Uint8Array(0)

/**
 * The rounds of one message of the model, with the results that stand in it.
 *
 * @param message whose blocks were heard, and stand in no body
 * @param id of a round without calls
 */
export function readAnswer(message: MessageBlocks, id: string): readonly IdentifiedRound[] {
  const results = new Results(NO_BODY)
  results.add(message)
  return partsOfTurn(message, NO_BODY).map((part) => {
    const calls = part.isText ? [] : part.blocks.slice(0, MAX_CALLS).map((block) => callIdOf(block, NO_BODY))
    return { callIds: calls, round: { ...readRound(part, NO_BODY, results), id: part.isText ? id : part.id } }
  })
}

/** A round with the ids of its calls, `''` for one that has none. */
export interface IdentifiedRound {
  readonly callIds: readonly string[]
  readonly round: SeenRound
}

/** Finds the results that stand in a request, by the id of their call. */
export function resultsIn({ blocks }: CallView, body: Uint8Array): (call: string) => SeenResult | null {
  const results = new Results(body)
  results.add(blocks.filter(({ part, role }) => part === 'messages' && role === 'user'))
  return (call) => results.find(call)
}

/** Gives the last message for 0, the one before it for 1, and so on; null where there are no more. */
type MessagesFromEnd = (back: number) => MessageBlocks | null

function messagesFromEnd({ blocks }: CallView): MessagesFromEnd {
  const found: MessageBlocks[] = []
  let end = blocks.length
  const next = (): MessageBlocks | null => {
    const last = blocks[end - 1]
    if (last?.part !== 'messages') return null
    let start = end - 1
    while (start > 0 && blocks[start - 1]?.message === last.message && blocks[start - 1]?.part === 'messages') start--
    const message = blocks.slice(start, end)
    end = start
    return message
  }
  return (back) => {
    while (found.length <= back) {
      const message = next()
      if (message === null) return null
      found.push(message)
    }
    return found[back] ?? null
  }
}

function usersBefore(messages: MessagesFromEnd, from: number): MessageBlocks[] {
  const found: MessageBlocks[] = []
  for (let back = from + 1; found.length < 2; back++) {
    const message = messages(back)
    if (message === null) break
    if (roleOf(message) === 'user') found.push(message)
  }
  return found
}

function sizeOf(message: MessageBlocks): number {
  return (message.at(-1)?.end ?? 0) - (message[0]?.start ?? 0)
}

/** To the earliest of the rounds: the message stands right before it. */
function addNews(rounds: SeenRound[], message: MessageBlocks, body: Uint8Array): void {
  const next = rounds.at(-1)
  const news = next?.news === null && roleOf(message) === 'user' ? newsOf(message, body) : null
  if (next !== undefined && news !== null) rounds[rounds.length - 1] = { ...next, news }
}

function roleOf(message: MessageBlocks): string | null {
  return message[0]?.role ?? null
}

/** Results by the call they answer; read only if somebody asks for one. */
class Results {
  private readonly body: Uint8Array
  private unread: BlockView[] = []
  private readonly read = new Map<string, SeenResult>()

  constructor(body: Uint8Array) {
    this.body = body
  }

  add(message: MessageBlocks): void {
    for (const block of message) if (isResult(block)) this.unread.push(block)
  }

  find(call: string): SeenResult | null {
    for (const block of this.unread) this.keep(fieldsOf(block, this.body))
    this.unread = []
    return this.read.get(call) ?? null
  }

  private keep({ tool_use_id: call, content, is_error: isError }: JsonObject): void {
    if (typeof call !== 'string') return
    // The API's own tools have no flag: they give an error object instead of a result.
    const kind = asObject(content).type
    const isErrorObject = typeof kind === 'string' && kind.endsWith('_error')
    this.read.set(call, { content: content ?? '', isError: isError === true || isErrorObject })
  }
}

/** One round of an assistant message, of which no more was read than its id. */
interface TurnPart {
  readonly id: string
  /** The blocks of its calls, or of its text if it has none. */
  readonly blocks: readonly BlockView[]
  readonly isText: boolean
}

/**
 * The rounds of one assistant message, in order. As a rule that is one; tools of the API answer within the message, and
 * what the model calls after it has seen a result is another round.
 */
function partsOfTurn(message: MessageBlocks, body: Uint8Array): TurnPart[] {
  const groups: BlockView[][] = []
  let hasSeenResult = true
  for (const block of message) {
    if (isResult(block)) hasSeenResult = true
    else if (isCall(block)) {
      if (hasSeenResult) groups.push([])
      groups.at(-1)?.push(block)
      hasSeenResult = false
    }
  }
  if (groups.length > 0) return groups.map((blocks) => ({ id: idOf(blocks, body), blocks, isText: false }))
  const texts = message.filter(({ kind }) => kind === 'text')
  return [{ id: `message:${message[0]?.message}`, blocks: texts, isText: true }]
}

/** The API makes the ids of calls unique; where it did not make one, their place has to do. */
function idOf([first]: readonly BlockView[], body: Uint8Array): string {
  const id = first === undefined ? '' : callIdOf(first, body)
  return id === '' ? `byte:${first?.start}` : id.slice(0, MAX_ID_LENGTH)
}

function callIdOf(block: BlockView, body: Uint8Array): string {
  const { id } = fieldsOf(block, body)
  return typeof id === 'string' ? id : ''
}

function readRound({ id, blocks, isText }: TurnPart, body: Uint8Array, results: Results): SeenRound {
  if (isText)
    return { id, calls: [], text: hashWords(blocks.map((block) => textOf(block, body)).join('\n')), news: null }
  return {
    id,
    calls: blocks.slice(0, MAX_CALLS).map((block) => readCall(block, body, results)),
    text: null,
    news: null,
  }
}

/** What was said is compared and kept, so it must not be the words themselves. */
function hashWords(words: string): string | null {
  return words.trim() === '' ? null : hashText(words)
}

function readCall(block: BlockView, body: Uint8Array, results: Results): SeenCall {
  const { id, name, input, server_name: server } = fieldsOf(block, body)
  const tool = typeof name === 'string' ? name : ''
  return {
    tool: typeof server === 'string' ? `${server}/${tool}` : tool,
    input,
    result: typeof id === 'string' ? results.find(id) : null,
  }
}
