/** Calls of the past from the transcripts of Claude Code, all files together in the order of time. */

import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { costOf, nobody, type PriceBook, totalPrompt } from '@runguard/sdk/core'
import { readLines } from '../transcripts/file-lines.js'
import { lineLimits } from '../transcripts/marked-lines.js'
import type { TranscriptFile } from '../transcripts/transcript-files.js'
import type { Span } from '../views/moments.js'
import { type AskedCall, readCalls } from './conversation.js'
import type { PastCall, PastRequest } from './past-call.js'

/** What Claude Code asks for, where a transcript does not say it. */
const USUAL_MAX_TOKENS = 128_000
/** Bytes of a request for a token of its prompt: what a budget has to reckon with before it is counted. */
const USUAL_BYTES_PER_TOKEN = 4

/** What is told while files are read. */
export interface TranscriptEars {
  onBytes(count: number): void
  onUnreadable(path: string, why: string): void
}

interface OpenFile {
  readonly calls: Iterator<PastCall>
  next: PastCall
}

/** Only the files that overlap in time are open at once. */
export function* pastOfTranscripts(
  files: readonly TranscriptFile[],
  book: PriceBook,
  { since, until }: Span,
  ears: TranscriptEars,
): Generator<PastCall> {
  const seen = new Set<string>()
  const closed = files.map((file) => ({ file, firstAtMs: firstTimeOf(file.path) })).sort(byFirst)
  const open: OpenFile[] = []
  const openUntil = (atMs: number): void => {
    for (let [first] = closed; first !== undefined && first.firstAtMs <= atMs; [first] = closed) {
      closed.shift()
      const calls = callsOf(first.file, { book, seen, ears })
      const { value, done } = calls.next()
      if (done !== true) open.push({ calls, next: value })
    }
  }
  for (;;) {
    if (open.length === 0 && closed[0] !== undefined) openUntil(closed[0].firstAtMs)
    const first = open.reduce<OpenFile | null>((least, file) => (isSooner(file, least) ? file : least), null)
    if (first === null && closed.length > 0) continue
    if (first === null) return
    openUntil(first.next.atMs)
    const file = open.reduce((least, other) => (isSooner(other, least) ? other : least), first)
    const past = file.next
    const { value, done } = file.calls.next()
    if (done === true) open.splice(open.indexOf(file), 1)
    else file.next = value
    if (past.atMs >= since && past.atMs < until) yield past
  }
}

function isSooner(file: OpenFile, than: OpenFile | null): boolean {
  return than === null || file.next.atMs < than.next.atMs
}

interface Dated {
  readonly firstAtMs: number
}

function byFirst(left: Dated, right: Dated): number {
  return left.firstAtMs - right.firstAtMs
}

const PEEK_BYTES = 1 << 16

/** A file without a time in its beginning is read first. */
function firstTimeOf(path: string): number {
  try {
    const file = openSync(path, 'r')
    try {
      const buffer = Buffer.alloc(PEEK_BYTES)
      const text = buffer.toString('utf8', 0, readSync(file, buffer, 0, PEEK_BYTES, 0))
      const atMs = Date.parse(/"timestamp":"([^"]{1,40})"/.exec(text)?.[1] ?? '')
      return Number.isNaN(atMs) ? 0 : atMs
    } finally {
      closeSync(file)
    }
  } catch {
    // Whoever reads it says so.
    return 0
  }
}

interface Reading {
  readonly book: PriceBook
  /** The calls that were there before: a session that was resumed begins with a copy of another. */
  readonly seen: Set<string>
  readonly ears: TranscriptEars
}

function* callsOf({ path }: TranscriptFile, { book, seen, ears }: Reading): Generator<PastCall> {
  const session = basename(path, '.jsonl')
  try {
    for (const asked of readCalls(readLines(path, ears.onBytes, lineLimits))) {
      const { id } = asked.call
      if (id !== null && seen.has(id)) continue
      if (id !== null) seen.add(id)
      yield pastOf(asked, session, book)
    }
  } catch (error) {
    ears.onUnreadable(path, (error as Error).message)
  }
}

function pastOf(asked: AskedCall, fileName: string, book: PriceBook): PastCall {
  const { call, messages, agent, atMs, firstMs, endMs } = asked
  const { usage, model, directory } = call
  const session = call.session ?? fileName
  return {
    id: call.id ?? `${session} ${atMs}`,
    atMs,
    headMs: between(atMs, firstMs),
    answerMs: between(atMs, endMs),
    endpoint: 'messages',
    scope: { ...nobody, project: directory, session, agent },
    model,
    isStream: true,
    request: requestOf(asked),
    messages,
    step: asked.step,
    outcome: { kind: 'answered', usage, end: 'complete' },
    nano: costOf(usage, book, call.atMs, 'dearest').nano,
    record: null,
  }
}

/** The API itself gives up on a call after this time: what took longer is a clock that jumped, or a machine that slept. */
const LONGEST_MS = 10 * 60_000

function between(atMs: number, laterMs: number): number {
  return Math.min(LONGEST_MS, Math.max(0, laterMs - atMs))
}

function requestOf({ call, messages, isFromPerson, maxTokens }: AskedCall): PastRequest {
  const [part] = call.usage.parts
  const tokens = part === undefined ? 0 : totalPrompt(part)
  const cached = (part?.write5m ?? 0) + (part?.read ?? 0) > 0 ? '5m' : null
  const bound = tokens * USUAL_BYTES_PER_TOKEN
  return {
    maxTokens: maxTokens ?? USUAL_MAX_TOKENS,
    thinkingTokens: null,
    ttl: (part?.write1h ?? 0) > 0 ? '1h' : cached,
    isFromPerson,
    isStart: !messages.some(({ role }) => role === 'assistant'),
    unscaled: tokens,
    startBound: bound,
    bound,
    loop: null,
  }
}
