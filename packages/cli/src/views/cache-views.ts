/** What the prompt cache did, as text and as JSON: of one call, and of many. */

import {
  type CacheReport,
  decimalUsd,
  formatUsd,
  type MissCause,
  type MissSum,
  nanoUsd,
  type RecordedCache,
} from '@runguard/sdk/core'
import type { Colors } from '../terminal.js'
import { percent, printable, wholeCount } from './format.js'
import { type Column, renderTable } from './table.js'

/** Why, in a few words, and what helps. */
const causes: Readonly<Record<MissCause['kind'], readonly [what: string, remedy: string]>> = {
  'model-changed': ['another model', 'stay with one model in a conversation; models share no cache'],
  'tools-changed': ['the tools changed', 'send the same tools in the same order'],
  'system-changed': ['the system text changed', 'keep dates and other news out of it, put them last'],
  'messages-changed': ['earlier messages changed', 'only add to a conversation; change nothing in it'],
  'parameter-changed': ['parameters changed', 'keep them for a whole conversation'],
  'never-written': ['no breakpoint before', 'set cache_control, or let RunGuard set it'],
  'too-short': ['below the minimum', 'shorter prompts than the minimum of the model are never cached'],
  expired: ['expired', 'an hour instead of five minutes, where pauses are long'],
  'not-yet-visible': ['sent too early', 'wait for the first event of the first answer, then send the others'],
  'no-breakpoint': ['no breakpoint here', 'set cache_control at the end of every request'],
  'beyond-lookback': ['too many blocks since', 'set a breakpoint in between; only 20 blocks are searched'],
  'wrote-elsewhere': ['a sibling wrote elsewhere', 'set a breakpoint where prompts that begin alike part'],
  unexplained: ['unexplained', 'nothing in the request shows why'],
}

const missColumns: readonly Column[] = [
  { title: 'missed because', align: 'left' },
  { title: 'calls', align: 'right' },
  { title: 'tokens', align: 'right' },
  { title: 'dollars', align: 'right' },
  { title: 'worst', align: 'left' },
]

/** Several paragraphs: how much was read, what it saved, and the misses, the dearest cause first. */
export function cacheReportText(report: CacheReport, colors: Colors): string {
  const { calls, watchedCalls, misses } = report
  const unwatched = calls - watchedCalls
  const note =
    unwatched === 0
      ? []
      : [
          colors.dim(
            `Calls of which only the bill is known: ${wholeCount(unwatched)}. They count as no saving and no miss.`,
          ),
        ]
  const paragraphs = [summary(report, colors), misses.length === 0 ? '' : missText(misses, colors), ...note]
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')
}

function summary(report: CacheReport, colors: Colors): string {
  const { calls, hitRate, inputTokens, readTokens, write5mTokens, write1hTokens, unreadTokens } = report
  const written = write5mTokens + write1hTokens
  const share = written === 0 ? '' : ` (${percent(unreadTokens / written)} of what was written)`
  const pairs = [
    ['calls', wholeCount(calls)],
    ['hit ratio', `${percent(hitRate)} of all prompt tokens were read from the cache`],
    ['read', `${wholeCount(readTokens)} tokens`],
    ['written', `${wholeCount(write5mTokens)} tokens for five minutes, ${wholeCount(write1hTokens)} for an hour`],
    ['regular', `${wholeCount(inputTokens)} tokens`],
    ['unread', `${wholeCount(unreadTokens)} tokens were written and not read by the same agent${share}`],
    ['saved', savedText(report)],
  ]
  return pairs.map(([name = '', text]) => `${colors.dim(name.padEnd(9))}  ${text}`).join('\n')
}

function savedText({ savedNano, addedNano }: Pick<RecordedCache, 'savedNano' | 'addedNano'>): string {
  const added = addedNano === 0 ? '' : `; ${signedUsd(addedNano)} of it by RunGuard's markers`
  return `${signedUsd(savedNano)} against no caching, net of writing${added}`
}

function missText(misses: readonly MissSum[], colors: Colors): string {
  const rows = misses.map(({ kind, calls, lostTokens, lostNano, worstCall }) => {
    return [causes[kind][0], wholeCount(calls), wholeCount(lostTokens), signedUsd(lostNano), printable(worstCall)]
  })
  const table = renderTable({ columns: missColumns, rows }, { title: colors.dim, total: colors.bold })
  const remedies = misses.map(({ kind }) => `${causes[kind][0]}: ${causes[kind][1]}`)
  return `${table}\n\n${remedies.map(colors.dim).join('\n')}`
}

/** One line on the cache of a call, for its explanation. */
export function cacheText(cache: RecordedCache): string {
  return [marksText(cache), savedText(cache), foretoldText(cache)].filter((text) => text !== '').join('; ')
}

function marksText({ mode, ownMarkers, marks }: RecordedCache): string {
  const own = ownMarkers === 0 ? '' : `${ownMarkers} of the caller’s own`
  const places = marks.map(({ reason, ttl }) => `${reason} ${ttl}`).join(', ')
  const planned = marks.length === 0 ? '' : `${mode === 'fill' ? 'set' : 'would be set'}: ${places}`
  const parts = [own, planned].filter((text) => text !== '')
  return parts.length === 0 ? 'no breakpoints' : `breakpoints ${parts.join(', ')}`
}

function foretoldText({ isAsExpected, isShortened }: RecordedCache): string {
  if (isShortened) return 'an hour was asked for, five minutes were billed'
  return isAsExpected === false ? 'not billed as foretold' : ''
}

/** Why a prefix was not read, for the explanation of a call; `''` if nothing was missed. */
export function missLine({ miss, diagnosis }: RecordedCache): string {
  const said = diagnosis === null ? '' : `; the API says ${printable(diagnosis.type)}`
  if (miss === null) return diagnosis === null ? '' : `the API says ${printable(diagnosis.type)}`
  const { cause, before, lostTokens, lostNano } = miss
  const lost = `${wholeCount(lostTokens)} tokens that ${printable(before)} had sent were not read, ${signedUsd(lostNano)}`
  return `${causes[cause.kind][0]}${causeDetail(cause)}: ${lost}${said}. ${sentence(causes[cause.kind][1])}`
}

function causeDetail(cause: MissCause): string {
  switch (cause.kind) {
    case 'model-changed':
      return ` (${printable(cause.from)}, now ${printable(cause.to)})`
    case 'tools-changed':
    case 'system-changed':
    case 'messages-changed':
      return ` (block ${cause.block} ${cause.change}${cause.offset === undefined ? '' : `, at byte ${wholeCount(cause.offset)}`})`
    case 'parameter-changed':
      return ` (${cause.parameters.join(', ')})`
    case 'too-short':
      return ` (${wholeCount(cause.minimumTokens)} tokens)`
    case 'expired':
      return ` (${cause.ttl}, after ${wholeCount(Math.round(cause.idleMs / 1_000))} s)`
    case 'beyond-lookback':
      return ` (${cause.positions})`
    case 'wrote-elsewhere':
      return ` (both begin alike up to block ${cause.block})`
    default:
      return ''
  }
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

/** `$0.12`, `−$0.12` */
function signedUsd(nano: number): string {
  return `${nano < 0 ? '−' : ''}${formatUsd(nanoUsd(Math.abs(nano)))}`
}

/** The same as JSON. The field names are a promise, as those of calls are. */
export function cacheReportJson(report: CacheReport, session: string | null) {
  const { misses, savedNano, addedNano, ...counts } = report
  return {
    kind: 'cache' as const,
    session,
    ...counts,
    ...signedJson('saved', savedNano),
    ...signedJson('added', addedNano),
    misses: misses.map(({ lostNano, ...miss }) => ({ ...miss, ...signedJson('lost', lostNano) })),
  }
}

function signedJson<Name extends string>(name: Name, nano: number) {
  const usd = `${nano < 0 ? '-' : ''}${decimalUsd(nanoUsd(Math.abs(nano)))}`
  return { [`${name}Usd`]: usd, [`${name}NanoUsd`]: nano } as Record<`${Name}Usd`, string> &
    Record<`${Name}NanoUsd`, number>
}
