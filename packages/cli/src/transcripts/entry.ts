/**
 * Reading an entry of a Claude Code transcript: which call to the model it tells of, and what that call used.
 *
 * The format is nobody's promise, it changed often, and whoever can write to the home directory can write an entry: any
 * value may be anything. What is no call is passed over, and nothing here throws.
 */

import { readUsage, type Usage } from '@runguard/sdk/core'

/** A call to the model, as one entry tells of it. A call with several blocks of content has an entry for each. */
export interface TranscriptCall {
  /** Equal in all entries of a call; null if the entry names nothing by which it could be known again. */
  readonly id: string | null
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly session: string | null
  /** Made by a sub-agent. */
  readonly isSubagent: boolean
  /** The working directory. */
  readonly directory: string | null
  readonly model: string
  readonly usage: Usage
  /** False if the counters cannot be right; they are read to the dear side then. */
  readonly isPlausible: boolean
  /** False where the output stands as it was when the answer had only begun: the call cost at least this. */
  readonly isWhole: boolean
}

type Fields = Readonly<Record<string, unknown>>

/** The call that a parsed line tells of; null if it tells of none. */
export function readEntry(line: unknown): TranscriptCall | null {
  const entry = asFields(line)
  const { data } = entry
  // Some versions report what a sub-agent says as progress of its parent, with the entry inside.
  const inner = asFields(asFields(data).message)
  const isProgress = entry.type === 'progress' && inner.type === 'assistant'
  if (isProgress) return readCall({ ...entry, ...inner, isSidechain: true })
  return entry.type === 'assistant' ? readCall(entry) : null
}

/** The client itself speaks under this name, of errors for instance: nobody was called. */
const NO_MODEL = '<synthetic>'

function readCall(entry: Fields): TranscriptCall | null {
  const message = asFields(entry.message)
  const model = nameOf(message.model)
  const atMs = Date.parse(nameOf(entry.timestamp) ?? '')
  if (model === null || model === NO_MODEL || !isFields(message.usage) || Number.isNaN(atMs)) return null
  const { usage, problems } = readUsage(message.usage, { model })
  return {
    id: readId(entry, message),
    atMs,
    session: nameOf(entry.sessionId),
    isSubagent: entry.isSidechain === true,
    directory: nameOf(entry.cwd),
    model,
    usage,
    isPlausible: problems.length === 0,
    isWhole: isWhole(nameOf(entry.version) ?? '', message.stop_reason),
  }
}

/** The id of the request is added, because a server that imitates the API may number its messages from 1. */
function readId(entry: Fields, message: Fields): string | null {
  const messageId = nameOf(message.id)
  if (messageId === null) return nameOf(entry.uuid)
  return `${messageId} ${nameOf(entry.requestId) ?? ''}`
}

/**
 * Usage and reason of the end come with the last event of a stream: an entry with the reason has the usage as well. Two
 * spans of versions are known to be otherwise.
 */
function isWhole(version: string, stopReason: unknown): boolean {
  const patch = /^2\.1\.(\d{1,4})$/.exec(version)?.[1]
  if (patch !== undefined && isWithin(Number(patch), 5, 7)) return true
  if (patch !== undefined && isWithin(Number(patch), 12, 29)) return false
  return typeof stopReason === 'string'
}

function isWithin(value: number, first: number, last: number): boolean {
  return value >= first && value <= last
}

const MAX_NAME_LENGTH = 500

function nameOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_NAME_LENGTH) : null
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asFields(value: unknown): Fields {
  return isFields(value) ? value : {}
}
