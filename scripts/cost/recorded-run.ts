/** One run of recorded usage: a line of the file that `check-cost` reads. */

/** One call as it was recorded. */
export interface RecordedCall {
  readonly model: string
  /** The call's counters, in the shape of the API's `usage`. */
  readonly usage: Readonly<Record<string, unknown>>
  /** In dollars; null if the source recorded none. */
  readonly recordedUsd: number | null
}

/** A trajectory: the calls of one run. */
export interface RecordedRun {
  readonly id: string
  readonly source: string
  readonly calls: readonly RecordedCall[]
}

/** A line that is not a run. The message names the line and the fault. */
export class MalformedLineError extends Error {
  override readonly name = 'MalformedLineError'

  constructor(lineNumber: number, fault: string) {
    super(`line ${lineNumber}: ${fault}`)
  }
}

/** Reads a line; `lineNumber` counts from 1. Throws {@link MalformedLineError}. */
export function readRun(line: string, lineNumber: number): RecordedRun {
  const fail = (fault: string): never => {
    throw new MalformedLineError(lineNumber, fault)
  }
  const run = parseObject(line) ?? fail('not a JSON object')
  const { id, source, calls } = run
  if (typeof id !== 'string') return fail('id is not a text')
  if (typeof source !== 'string') return fail('source is not a text')
  if (!Array.isArray(calls)) return fail('calls is not a list')
  return { id, source, calls: calls.map((call, index) => readCall(call) ?? fail(`calls[${index}] is not a call`)) }
}

function readCall(call: unknown): RecordedCall | null {
  if (!isObject(call)) return null
  const { model, recorded_cost_usd: recordedUsd = null, ...usage } = call
  if (typeof model !== 'string' || model === '') return null
  const isDollars = typeof recordedUsd === 'number' && Number.isFinite(recordedUsd)
  return isDollars || recordedUsd === null ? { model, usage, recordedUsd } : null
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
