/** One item of a batch, on its way there and on its way back. */
import type { CallView } from '../body/call.js'
import { type Cursor, eachMember, MalformedBodyError, parseSlice, readString, skipValue } from '../body/cursor.js'
import { scanCall } from '../body/scan.js'

/** An item as it is submitted. */
export interface SubmittedItem {
  /** Empty if it names none: the API refuses that. */
  readonly customId: string
  readonly view: CallView
  /** Its `params` alone: the body of `view`. */
  readonly body: Uint8Array
}

/** A line of the results, as far as money is concerned. */
export interface ReturnedItem {
  readonly customId: string
  /** `succeeded` alone is billed; `errored`, `canceled`, `expired` are not. */
  readonly type: string
  /** Of the message: the id, the model that answered and the usage as the API sent it. */
  readonly messageId: string | null
  readonly model: string | null
  readonly usage: unknown
}

const MAX_NAME_LENGTH = 200

/** Reads an element of `requests`. Throws `MalformedBodyError` if it has no params that can be read. */
export function readSubmitted(item: Uint8Array): SubmittedItem {
  const cursor: Cursor = { bytes: item, at: 0, elements: 0 }
  let customId = ''
  let body: Uint8Array | null = null
  eachMember(cursor, (key) => {
    if (key === 'custom_id') customId = readName(cursor) ?? ''
    else if (key === 'params') body = slice(cursor)
    else skipValue(cursor)
  })
  if (body === null) throw new MalformedBodyError('expected params', cursor.at)
  return { customId, view: scanCall(body), body }
}

/** Reads a line of the results, without what the answer says. Null if it cannot be read. */
export function readReturned(line: Uint8Array): ReturnedItem | null {
  const cursor: Cursor = { bytes: line, at: 0, elements: 0 }
  const item = { customId: '', type: '', messageId: null, model: null, usage: undefined }
  try {
    eachMember(cursor, (key) => {
      if (key === 'custom_id') item.customId = readName(cursor) ?? ''
      else if (key === 'result' && isAtObject(cursor)) readResult(cursor, item)
      else skipValue(cursor)
    })
  } catch (error) {
    if (error instanceof MalformedBodyError) return null
    throw error
  }
  return item.customId === '' || item.type === '' ? null : item
}

type Draft = { -readonly [Name in keyof ReturnedItem]: ReturnedItem[Name] }

function readResult(cursor: Cursor, item: Draft): void {
  eachMember(cursor, (key) => {
    if (key === 'type') item.type = readName(cursor) ?? ''
    else if (key === 'message' && isAtObject(cursor)) readMessage(cursor, item)
    else skipValue(cursor)
  })
}

function readMessage(cursor: Cursor, item: Draft): void {
  eachMember(cursor, (key) => {
    if (key === 'id') item.messageId = readName(cursor)
    else if (key === 'model') item.model = readName(cursor)
    else if (key === 'usage') item.usage = readValue(cursor)
    else skipValue(cursor)
  })
}

function isAtObject({ bytes, at }: Cursor): boolean {
  return bytes[at] === 0x7b
}

function readName(cursor: Cursor): string | null {
  return readString(cursor)?.slice(0, MAX_NAME_LENGTH) ?? null
}

function slice(cursor: Cursor): Uint8Array {
  const start = cursor.at
  skipValue(cursor)
  return cursor.bytes.subarray(start, cursor.at)
}

function readValue(cursor: Cursor): unknown {
  const start = cursor.at
  skipValue(cursor)
  return parseSlice(cursor.bytes, start, cursor.at)
}
