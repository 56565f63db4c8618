/** Meter of answers in one piece: the few members that count are read at their end. */

import { joinBytes } from '../core/body/bytes.js'
import { eachMember, MalformedBodyError, parseSlice, readString, skipValue } from '../core/body/cursor.js'
import { asObject } from '../core/body/json-object.js'
import { diagnosisOf } from '../core/cache/cache-check.js'
import type { RecordedDiagnosis } from '../core/cache/cache-record.js'
import type { UsageContext } from '../core/cost/usage.js'
import { isObject, type RawObject, readUsage } from '../core/cost/usage-reading.js'
import { errorCodeOf, nameIn } from './answer-words.js'
import { type Meter, type Metered, nothingMetered } from './metered.js'

/** An answer larger than this is no message; its bytes still pass, but are not read. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** The byte order mark in UTF-8. */
const ORDER_MARK = [0xef, 0xbb, 0xbf]

/** The meter of a whole JSON answer: a message, or an error. */
export function answerMeter(context: UsageContext): Meter {
  let chunks: Uint8Array[] = []
  let bytes = 0
  let heard: unknown
  const feed = (chunk: Uint8Array): void => {
    bytes += chunk.length
    if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk)
    else chunks = []
  }
  const read = (): Metered => {
    const answer = isObject(heard) ? answerOf(heard) : readAnswer(joinBytes(chunks))
    if (answer === null) return { ...nothingMetered, contentBytes: bytes }
    const model = answer.model ?? context.model
    const reading = answer.usage === undefined ? null : readUsage(answer.usage, { ...context, model })
    const { model: servedModel, errorCode, isAboutMarkers, stopReason, diagnosis } = answer
    return {
      ...nothingMetered,
      model: servedModel,
      errorCode,
      isAboutMarkers,
      stopReason,
      diagnosis,
      reading,
      isFinal: true,
      contentBytes: bytes,
    }
  }
  const hear = (answer: unknown): void => {
    heard = answer
  }
  return { hasBegun: false, feed, hear, read }
}

interface Answer {
  usage?: unknown
  model: string | null
  errorCode: string | null
  isAboutMarkers: boolean
  stopReason: string | null
  diagnosis: RecordedDiagnosis | null
}

/** The few members that count, found without parsing the content; null if the answer is not a whole JSON object. */
function readAnswer(bytes: Uint8Array): Answer | null {
  const cursor = { bytes, at: startsWithOrderMark(bytes) ? ORDER_MARK.length : 0, elements: 0 }
  const answer: Answer = { model: null, errorCode: null, isAboutMarkers: false, stopReason: null, diagnosis: null }
  const slice = (): unknown => {
    const start = cursor.at
    skipValue(cursor)
    return parseSlice(bytes, start, cursor.at)
  }
  try {
    eachMember(cursor, (key) => {
      if (key === 'usage') answer.usage = slice()
      else if (key === 'model') answer.model = nameIn(readString(cursor))
      else if (key === 'stop_reason') answer.stopReason = nameIn(slice())
      else if (key === 'diagnostics') answer.diagnosis = diagnosisOf(slice())
      else if (key === 'error') hearError(answer, slice())
      else skipValue(cursor)
    })
    return answer
  } catch (error) {
    if (error instanceof MalformedBodyError) return null
    throw error
  }
}

/** Whoever decodes a text leaves it out, so that what was parsed never shows it. */
function startsWithOrderMark(bytes: Uint8Array): boolean {
  return ORDER_MARK.every((byte, at) => bytes[at] === byte)
}

/** The same of one that was parsed. */
function answerOf({ usage, model, stop_reason, diagnostics, error }: RawObject): Answer {
  const answer: Answer = {
    usage,
    model: nameIn(model),
    errorCode: null,
    isAboutMarkers: false,
    stopReason: nameIn(stop_reason),
    diagnosis: diagnosisOf(diagnostics),
  }
  if (error !== undefined) hearError(answer, error)
  return answer
}

function hearError(answer: Answer, error: unknown): void {
  const { message } = asObject(error)
  answer.errorCode = errorCodeOf({ error })
  answer.isAboutMarkers = typeof message === 'string' && message.includes('cache_control')
}
