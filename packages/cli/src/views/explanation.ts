/** Why a call cost what it cost: the arithmetic, line by line. */

import {
  type CallRecord,
  type CostItem,
  type CostLine,
  decimalUsd,
  formatUsd,
  lineFromWire,
  sumLines,
  sumTokens,
  totalPrompt,
} from '@runguard/sdk/core'
import { endingSentence } from '../endings.js'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { cacheText, missLine } from './cache-views.js'
import { callJson } from './call-json.js'
import { decimalPico, formatDuration, formatMoment, percent, perMillion, printable, wholeCount } from './format.js'
import { loopText } from './loop-views.js'
import { refusalText } from './refusal-views.js'
import { cascadeText, degradedText, routeText } from './route-views.js'
import { renderTable } from './table.js'

const itemNames: Readonly<Record<CostItem, string>> = {
  input: 'input',
  write5m: 'cache write 5m',
  write1h: 'cache write 1h',
  read: 'cache read',
  output: 'output',
  'web-search': 'web search',
}

const rightAligned = ['tokens', 'price', 'dollars']
const titles = ['', 'tokens', 'price', 'times', 'dollars', 'card']

/** Several paragraphs: what it was, what it cost and why, what was expected, when, and on whose account. */
export function explainCall(record: CallRecord, offsetAt: OffsetAt, colors: Colors): string {
  const paragraphs = [headline(record, colors), arithmetic(record, colors), facts(record, offsetAt, colors)]
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')
}

function headline(record: CallRecord, colors: Colors): string {
  const model = printable(record.servedModel ?? record.requestedModel ?? record.target)
  const estimated = record.cost.isEstimated ? ' est.' : ''
  const ids = [record.id, record.upstreamId].filter((id) => id !== null).map((id) => printable(id))
  return `${colors.bold(`${model}  ${formatUsd(record.cost.nano)}${estimated}`)}\n${colors.dim(ids.join('  '))}`
}

function arithmetic({ cost }: CallRecord, colors: Colors): string {
  if (cost.lines.length === 0) return ''
  const lines = cost.lines.map(lineFromWire)
  const hasParts = lines.some(({ part }) => part > 0)
  const table = renderTable(
    {
      columns: titles.map((title) => ({ title, align: rightAligned.includes(title) ? 'right' : 'left' })),
      rows: lines.map((line) => lineCells(line, hasParts)),
      total: ['sum', '', '', '', decimalPico(sumLines(lines)), ''],
    },
    { title: colors.dim, total: colors.bold },
  )
  const isRounded = sumLines(lines) !== BigInt(cost.nano) * 1_000n
  const rounded = isRounded ? [`Rounded up to a whole nano-dollar: ${decimalUsd(cost.nano)}`] : []
  return [table, ...rounded, ...guesses(lines)].join('\n')
}

function lineCells(line: CostLine, hasParts: boolean): string[] {
  const { item, quantity, picoEach, multipliers, pico, card } = line
  const isFee = item === 'web-search'
  return [
    itemNames[item],
    wholeCount(quantity),
    isFee ? `${decimalPico(BigInt(picoEach))} each` : `${perMillion(picoEach)} / M`,
    multipliers.map(({ name, percent }) => `× ${percent / 100} ${name}`).join(' '),
    decimalPico(pico),
    [isFee ? 'per search' : card, ...(hasParts && !isFee ? [partOf(line)] : [])].join('  '),
  ]
}

function partOf({ partKind, model }: CostLine): string {
  return printable([partKind, model].filter((text) => text !== null).join(' of '))
}

/** A price that is not the listed one of the model says so. */
function guesses(lines: readonly CostLine[]): string[] {
  const notes = lines.flatMap(({ basis, model, pricedAs }) => {
    const name = printable(model ?? '')
    if (basis === 'dearest-of-line')
      return [`${name} has no listed price: charged as ${pricedAs}, the dearest of its line.`]
    if (basis === 'dearest-of-all' || basis === 'flat')
      return [`${name} has no listed price: charged as ${pricedAs ?? 'an unknown model'}.`]
    return basis === 'override' ? [`${name} is charged at a negotiated price.`] : []
  })
  return [...new Set(notes)]
}

function facts(record: CallRecord, offsetAt: OffsetAt, colors: Colors): string {
  const { cost, startedAt } = record
  const pairs: [string, string][] = [
    ['ending', endingText(record)],
    ['stopped', record.refusal ? refusalText(record.refusal, offsetAt) : ''],
    ['expected', expectedText(record)],
    ['hold', holdText(record)],
    ['cache', record.cache ? cacheText(record.cache) : ''],
    ['missed', record.cache ? missLine(record.cache) : ''],
    ['route', record.route ? routeText(record.route) : ''],
    ['cascade', record.cascade ? cascadeText(record.cascade) : ''],
    ['degraded', degradedText(record.degraded ?? [])],
    ['loop', record.loop ? loopText(record.loop) : ''],
    ['prices', `version ${cost.priceVersion}, as in force at the start of the call`],
    ['started', formatMoment(startedAt, offsetAt(startedAt))],
    ['took', timesText(record)],
    ['request', `${record.target}${record.isStream ? ', streamed' : ''}, ${wholeCount(record.requestBytes)} bytes`],
    [
      'answer',
      `${record.status === null ? 'none' : `http ${record.status}`}, ${wholeCount(record.responseBytes)} bytes`,
    ],
    ['account', scopeText(record)],
    ['client', record.client === null ? '' : printable(record.client, 120)],
  ]
  return pairs
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${colors.dim(name.padEnd(8))}  ${text}`)
    .join('\n')
}

function endingText({ ending, errorCode }: CallRecord): string {
  const code = errorCode === null ? '' : ` (${printable(errorCode)})`
  return `${ending.kind}${code}. ${endingSentence(ending.reason)}`
}

function expectedText({ estimate, usage, ending }: CallRecord): string {
  if (estimate === null) return ''
  const expected = `${wholeCount(estimate.tokens)} tokens in before the call, at most ${wholeCount(estimate.bound)}`
  if (usage === null || ending.kind !== 'exact') return `${expected}; what it came to is not known exactly`
  const actual = totalPrompt(sumTokens(usage))
  const off = actual === 0 ? '' : ` (${deviation(estimate.tokens / actual - 1)})`
  return `${expected}; it came to ${wholeCount(actual)}${off}`
}

function holdText({ hold }: CallRecord): string {
  if (!hold) return ''
  const budget = hold.budget === null ? 'no budget is enforced' : `least was left of ${printable(hold.budget)}`
  const clamp = hold.clampedTo === null ? '' : `; max_tokens lowered to ${wholeCount(hold.clampedTo)}`
  return `${formatUsd(hold.nano)} set aside while it ran; ${budget}${clamp}`
}

function deviation(share: number): string {
  if (share === 0) return 'exactly as expected'
  return share > 0 ? `expected ${percent(share)} too many` : `expected ${percent(-share)} too few`
}

function timesText({ durationMs, headMs, overheadMs }: CallRecord): string {
  const head = headMs === null ? '' : `, ${formatDuration(headMs)} to the head of the answer`
  return `${formatDuration(durationMs)}${head}; RunGuard's own share before sending ${formatDuration(overheadMs)}`
}

function scopeText({ scope }: CallRecord): string {
  const { project, session, agent, parentAgent, user, team, key, task, tags } = scope
  const named = Object.entries({ project, session, agent, 'parent agent': parentAgent, user, team, key, task })
  const parts = named.flatMap(([name, value]) => (value ? [`${name} ${printable(value)}`] : []))
  return [...parts, ...tags.map((tag) => `tag ${printable(tag)}`)].join(', ')
}

/** The JSON of the call with its bill: exact dollars for each line, in the order of the bill. */
export function explanationJson(record: CallRecord) {
  const lines = record.cost.lines.map(lineFromWire)
  return {
    ...callJson(record),
    basis: record.cost.basis,
    lines: lines.map((line) => ({ ...line, pico: line.pico.toString(), usd: decimalPico(line.pico) })),
    sumUsd: decimalPico(sumLines(lines)),
    estimate: record.estimate,
    cache: record.cache ?? null,
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
  }
}
