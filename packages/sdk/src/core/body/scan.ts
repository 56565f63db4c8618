/** The reader behind a {@link CallView}: one pass over the bytes of a Messages body, no parse, no copy. */

import type { BlockView, CallView, StatedKey, StatedRange } from './call.js'
import { type Cursor, firstKey, MalformedBodyError, nextKey, peek } from './cursor.js'
import { continueMessages, readContent, readMessages, type Stop } from './scan-blocks.js'
import { type Mutable, readParameter } from './scan-parameters.js'

const OBJECT = 0x7b

/** What was read before the messages, and is so whatever follows. */
interface Opening {
  readonly view: CallView
  readonly stated: readonly StatedRange[]
  readonly tools: readonly BlockView[]
  readonly system: readonly BlockView[]
}

/** A scan as it stands behind a message: from there on it depends on nothing but the bytes that follow. */
export interface Checkpoint extends Opening, Stop {
  /** Of the messages up to there. */
  readonly read: readonly BlockView[]
}

/** A scan that tells where the next one may begin. */
export interface ContinuedScan {
  readonly view: CallView
  /** Late in the messages; null where no message is likely to be sent again as it is. */
  readonly next: Checkpoint | null
}

interface Scan {
  readonly cursor: Cursor
  readonly view: Mutable<CallView>
  readonly stated: StatedRange[]
  tools: readonly BlockView[]
  system: readonly BlockView[]
  messages: readonly BlockView[]
  /** Of the messages that were read last; null if nobody asks where they end. */
  stops: Stop[] | null
  opening: Opening | null
}

/**
 * Reads what decisions need from a Messages body.
 *
 * A key that occurs twice counts as its last occurrence, as in every common JSON reader.
 *
 * @param bytes the decoded body (UTF-8 JSON)
 * @throws MalformedBodyError if the body is not a JSON object as far as it had to be read
 */
export function scanCall(bytes: Uint8Array): CallView {
  const scan = openScan(bytes, null)
  return readBody(scan, enterBody(scan.cursor))
}

/**
 * The same for a body that begins like an earlier one, up to where that one's scan stood.
 *
 * @param from null if none does
 * @throws MalformedBodyError as {@link scanCall} does
 */
export function continueScan(bytes: Uint8Array, from: Checkpoint | null): ContinuedScan {
  const scan = from === null ? openScan(bytes, []) : resumeScan(bytes, from)
  const view = readBody(scan, from === null ? enterBody(scan.cursor) : finishMessages(scan, from))
  return { view, next: checkpointOf(scan) }
}

function openScan(bytes: Uint8Array, stops: Stop[] | null): Scan {
  const cursor: Cursor = { bytes, at: 0, elements: 0 }
  const view = emptyView(bytes.length)
  return { cursor, view, stated: [], tools: [], system: [], messages: [], stops, opening: null }
}

function resumeScan(bytes: Uint8Array, from: Checkpoint): Scan {
  const { at, elements, stated, tools, system } = from
  const view: Mutable<CallView> = { ...from.view }
  view.bytes = bytes.length
  const cursor: Cursor = { bytes, at, elements }
  return { cursor, view, stated: [...stated], tools, system, messages: [], stops: [], opening: from }
}

function enterBody(cursor: Cursor): string | null {
  if (peek(cursor) !== OBJECT) throw new MalformedBodyError('expected an object', cursor.at)
  return firstKey(cursor)
}

/** The key behind the messages. */
function finishMessages(scan: Scan, { messages, read }: Checkpoint): string | null {
  const blocks = [...read]
  continueMessages(scan.cursor, messages, blocks, scan.stops)
  scan.messages = blocks
  return nextKey(scan.cursor)
}

function readBody(scan: Scan, first: string | null): CallView {
  const { cursor, view, stated } = scan
  for (let key = first; key !== null; key = nextKey(cursor)) {
    const start = cursor.at
    readMember(scan, key)
    if (isStated(key, cursor.bytes[start])) stated.push({ key, start, end: cursor.at })
  }
  if (peek(cursor) !== -1) throw new MalformedBodyError('something follows the object', cursor.at)
  view.blocks = [...scan.tools, ...scan.system, ...scan.messages]
  view.stated = stated
  return view
}

function readMember(scan: Scan, key: string): void {
  const { cursor, view } = scan
  if (key === 'messages') enterMessages(scan)
  else if (key === 'system') scan.system = readContent(cursor, 'system', -1, [])
  else if (key === 'tools') scan.tools = readContent(cursor, 'tools', -1, [])
  else readParameter(cursor, key, view)
}

function enterMessages(scan: Scan): void {
  if (scan.stops !== null) {
    const { view, stated, tools, system } = scan
    scan.opening = { view: { ...view }, stated: [...stated], tools, system }
    scan.stops = []
  }
  scan.messages = readMessages(scan.cursor, scan.stops)
}

function isStated(key: string, first: number | undefined): key is StatedKey {
  const isKey = key === 'tool_choice' || key === 'thinking' || key === 'output_config' || key === 'output_format'
  return (isKey && first === OBJECT) || key === 'cache_control'
}

/** Clients mark the end of a conversation, and move the marker on with every request: so much of it is looked at. */
const MARKED_MESSAGES = 4

function checkpointOf({ opening, stops, messages }: Scan): Checkpoint | null {
  const last = (stops?.at(-1)?.messages ?? 0) - 1
  let firm = last
  for (let at = messages.length - 1; at >= 0; at--) {
    const block = messages[at] as BlockView
    if (block.message < last - MARKED_MESSAGES) break
    if (block.marker !== null) firm = Math.min(firm, block.message)
  }
  const stop = stops?.findLast((each) => each.messages <= firm) ?? null
  if (opening === null || stop === null) return null
  const { view, stated, tools, system } = opening
  return { view, stated, tools, system, ...stop, read: messages.slice(0, stop.blocks) }
}

function emptyView(bytes: number): Mutable<CallView> {
  return {
    model: null,
    modelRange: null,
    maxTokens: null,
    maxTokensRange: null,
    stream: false,
    thinking: null,
    toolChoice: null,
    hasOutputFormat: false,
    effort: null,
    speed: null,
    inferenceGeo: null,
    userId: null,
    marker: null,
    hasMarker: false,
    hasUnseenPrompt: false,
    thread: null,
    fallbacks: [],
    compactsFrom: null,
    blocks: [],
    stated: [],
    bytes,
  }
}
