/** Sessions as a table, as lines and as JSON. */

import type { SessionWord } from '@runguard/sdk/engine'
import type { SessionMark, SessionRow } from '@runguard/sdk/store'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { isoOrNull } from './budget-views.js'
import { formatMoment, printable } from './format.js'
import { type Column, renderTable } from './table.js'

const columns: readonly Column[] = [
  { title: 'session', align: 'left' },
  { title: 'agents', align: 'right' },
  { title: 'last seen', align: 'left' },
  { title: '', align: 'left' },
  { title: 'said', align: 'left' },
]

/** Ids are typed again: they are shown in full. */
const ID_LENGTH = 300

/** A row for each session. */
export function sessionTable(rows: readonly SessionRow[], offsetAt: OffsetAt, colors: Colors): string {
  const moment = (atMs: number): string => formatMoment(atMs, offsetAt(atMs))
  const cells = rows.map(({ session, agents, seenAt, isLooping, mark }) => [
    printable(session, ID_LENGTH),
    String(agents),
    moment(seenAt),
    isLooping ? 'in a loop' : '',
    mark === null ? '' : markText(mark, moment),
  ])
  return renderTable({ columns, rows: cells }, { title: colors.dim, total: colors.bold })
}

function markText({ isExempt, by, at }: SessionMark, moment: (atMs: number) => string): string {
  return `${isExempt ? 'exempt' : 'resumed'} by ${printable(by)}, ${moment(at)}`
}

const words: Readonly<Record<SessionWord, string>> = {
  resume: 'goes on; what it did before counts no more',
  exempt: 'its loops are not stopped any more',
  watch: 'its loops are looked for again, from here on',
}

/** `4f9c2b7e: goes on; …` */
export function changeLine(change: SessionWord, { session }: SessionMark): string {
  return `${printable(session, ID_LENGTH)}: ${words[change]}`
}

/** A session as JSON. */
export function sessionJson({ session, agents, seenAt, isLooping, mark }: SessionRow) {
  return {
    session,
    agents,
    seenAt: new Date(seenAt).toISOString(),
    isLooping,
    mark: mark === null ? null : markJson(mark),
  }
}

/** What an operator said, as JSON. */
export function markJson({ isExempt, resumedAt, by, at }: SessionMark) {
  return {
    isExempt,
    resumedAt: isoOrNull(resumedAt === 0 ? null : resumedAt),
    by,
    at: new Date(at).toISOString(),
  }
}
