/** One ended call as one line for a person. */

import { type CallRecord, cacheHitRate, formatUsd, sumTokens, totalPrompt, type Usage } from '@runguard/sdk/core'
import { endingMark } from '../endings.js'
import type { Colors } from '../terminal.js'
import { percent, printable, shortCount } from './format.js'
import { refuserName } from './refusal-views.js'

/** Wide enough for most lines to stand in columns; what is longer simply takes its space. */
const NAME_WIDTH = 17
const INPUT_WIDTH = 21
const OUTPUT_WIDTH = 9
const SHORT_NAME_LENGTH = 16

/**
 * `claude-opus-5-5  12.4k in (91% cached)  380 out  $0.0131`, then marks where there is something to mark: `est.`, the
 * `max_tokens` it was clamped to, how it ended if not complete, the HTTP status of an error, project and session.
 */
export function callLine(record: CallRecord, colors: Colors): string {
  const { usage, cost, ending } = record
  const name = nameOf(record).padEnd(NAME_WIDTH)
  const bill = usage === null ? [] : [...tokenCells(usage), colors.bold(formatUsd(cost.nano))]
  const estimated = cost.isEstimated ? colors.yellow('est.') : ''
  const isQuiet = ending.reason === 'free-endpoint'
  const mark = markOf(record)
  const tint = usage === null && !isQuiet ? colors.red : colors.yellow
  const clamped = clampMark(record)
  const marks = [estimated, clamped && colors.yellow(clamped), mark === '' || isQuiet ? mark : tint(mark)]
  const cells = [name, ...bill, ...marks, colors.dim(whoseOf(record))]
  const line = cells.filter((cell) => cell !== '').join('  ')
  return isQuiet ? colors.dim(line) : line
}

/** The model, or what was asked for where no model was involved. */
function nameOf({ servedModel, requestedModel, target }: CallRecord): string {
  return printable(servedModel ?? requestedModel ?? target)
}

function tokenCells(usage: Usage): string[] {
  const tokens = sumTokens(usage)
  const rate = cacheHitRate(tokens)
  const cached = rate === null || rate === 0 ? '' : ` (${percent(rate)} cached)`
  const searches = usage.webSearches > 0 ? [`${usage.webSearches} searched`] : []
  const input = `${shortCount(totalPrompt(tokens))} in${cached}`
  return [input.padEnd(INPUT_WIDTH), `${shortCount(tokens.output)} out`.padStart(OUTPUT_WIDTH), ...searches]
}

function markOf({ ending, errorCode, status, refusal = null }: CallRecord): string {
  const code = errorCode === null ? '' : printable(errorCode)
  const by = refusal === null ? '' : refuserName(refusal)
  if (ending.reason === 'refused') return `refused: ${code}${by === '' ? '' : ` (${by})`}`
  const http = status !== null && status >= 300 ? `http ${status}` : ''
  const observed = refusal === null || refusal.isEnforced ? '' : `observed: ${by === '' ? refusal.code : by}`
  return [http, code, endingMark(ending.reason), observed].filter((word) => word !== '').join(' ')
}

function clampMark({ hold }: CallRecord): string {
  const clampedTo = hold?.clampedTo ?? null
  return clampedTo === null ? '' : `clamped to ${shortCount(clampedTo)}`
}

function whoseOf({ scope }: CallRecord): string {
  return [scope.project, scope.session]
    .filter((name) => name !== null)
    .map((name) => shorten(printable(name)))
    .join('/')
}

/** Eight digits tell random ids apart; other names keep their beginning. */
function shorten(name: string): string {
  const [id] = /^[0-9a-f]{8}(?=-[0-9a-f]{4}-)/.exec(name) ?? []
  return id ?? printable(name, SHORT_NAME_LENGTH)
}
