/** Reading server-sent events beside a stream that is already on its way: only what the meter wants is decoded. */

import { joinBytes } from '../core/body/bytes.js'

/** Receives events. `wants` is asked once per event, when its name is known (`''` if the event carries none). */
export interface SseSink {
  wants(name: string): boolean
  /** @param data null if the event was not wanted or its line was too long to keep */
  event(name: string, data: string | null, dataBytes: number): void
}

export interface SseReader {
  feed(chunk: Uint8Array): void
  /** Bytes of an event that has not ended. */
  pendingBytes(): number
}

const LF = 0x0a
const CR = 0x0d
/** A line of the API is a few kilobytes; beyond this it is counted, not kept. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

const EVENT_FIELD = new TextEncoder().encode('event:')
const DATA_FIELD = new TextEncoder().encode('data:')
const utf8 = new TextDecoder()

interface Pending {
  /** The last name that was decoded: in a stream the same one comes over and over. */
  lastName: string
  name: string
  data: string | null
  dataBytes: number
  isOpen: boolean
}

/** Lines end with LF or CRLF, as the API sends them; chunks may be cut anywhere, inside a character too. */
export function sseReader(sink: SseSink): SseReader {
  const pending: Pending = { lastName: '', name: '', data: null, dataBytes: 0, isOpen: false }
  let carried: Uint8Array[] = []
  let carriedBytes = 0

  const carry = (rest: Uint8Array): void => {
    carriedBytes += rest.length
    if (carriedBytes <= MAX_LINE_BYTES) carried.push(rest)
    else carried = []
  }

  const takeCarried = (end: Uint8Array): void => {
    if (carriedBytes + end.length <= MAX_LINE_BYTES) {
      const line = joinBytes([...carried, end])
      readLine(pending, sink, line, 0, line.length)
    } else readOversized(pending, carriedBytes + end.length)
    carried = []
    carriedBytes = 0
  }

  const feed = (chunk: Uint8Array): void => {
    let start = 0
    for (let end = findLineEnd(chunk, 0); end >= 0; end = findLineEnd(chunk, start)) {
      if (carriedBytes > 0) takeCarried(chunk.subarray(start, end))
      else readLine(pending, sink, chunk, start, end)
      start = end + 1
    }
    if (start < chunk.length) carry(chunk.subarray(start))
  }
  return { feed, pendingBytes: () => carriedBytes + pending.dataBytes }
}

function readName(pending: Pending, bytes: Uint8Array, start: number, end: number): string {
  if (!isText(pending.lastName, bytes, start, end)) pending.lastName = decode(bytes, start, end)
  return pending.lastName
}

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let at = start; at < end; at++) if (text.charCodeAt(at - start) !== bytes[at]) return false
  return true
}

/** Up to here a loop beats the call into native search; most lines are shorter. */
const SHORT_LINE = 160

function findLineEnd(bytes: Uint8Array, start: number): number {
  const near = Math.min(start + SHORT_LINE, bytes.length)
  for (let at = start; at < near; at++) if (bytes[at] === LF) return at
  return near === bytes.length ? -1 : bytes.indexOf(LF, near)
}

function readOversized(pending: Pending, bytes: number): void {
  pending.isOpen = true
  pending.dataBytes += bytes
}

function readLine(pending: Pending, sink: SseSink, bytes: Uint8Array, start: number, lineEnd: number): void {
  const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd
  if (end === start) {
    dispatch(pending, sink)
    return
  }
  if (startsWith(bytes, start, DATA_FIELD)) readData(pending, sink, bytes, valueStart(bytes, start + 5), end)
  else if (startsWith(bytes, start, EVENT_FIELD))
    pending.name = readName(pending, bytes, valueStart(bytes, start + 6), end)
}

function readData(pending: Pending, sink: SseSink, bytes: Uint8Array, start: number, end: number): void {
  pending.isOpen = true
  pending.dataBytes += end - start
  if (pending.dataBytes > MAX_LINE_BYTES) {
    // Many lines without end are no better than one.
    pending.data = null
    return
  }
  if (!sink.wants(pending.name)) return
  const line = decode(bytes, start, end)
  pending.data = pending.data === null ? line : `${pending.data}\n${line}`
}

function dispatch(pending: Pending, sink: SseSink): void {
  const { name, data, dataBytes, isOpen } = pending
  pending.name = ''
  pending.data = null
  pending.dataBytes = 0
  pending.isOpen = false
  if (isOpen) sink.event(name, data, dataBytes)
}

function startsWith(bytes: Uint8Array, start: number, field: Uint8Array): boolean {
  for (let at = 0; at < field.length; at++) if (bytes[start + at] !== field[at]) return false
  return true
}

function valueStart(bytes: Uint8Array, at: number): number {
  return bytes[at] === 0x20 ? at + 1 : at
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start, end))
}
