/** Breakers as a table, as lines and as JSON. */

import { type Breaker, describeCause } from '@runguard/sdk/core'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { isoOrNull } from './budget-views.js'
import { formatMoment, printable } from './format.js'
import { type Column, renderTable } from './table.js'

const columns: readonly Column[] = [
  { title: 'breaker', align: 'left' },
  { title: 'state', align: 'left' },
  { title: 'since', align: 'left' },
  { title: 'tries again', align: 'left' },
  { title: 'why', align: 'left' },
]

/** Keys are typed again: they are shown in full. */
const KEY_LENGTH = 500
const NOTE_LENGTH = 200

/** A row for each breaker. */
export function breakerTable(breakers: readonly Breaker[], offsetAt: OffsetAt, colors: Colors): string {
  const moment = (atMs: number): string => formatMoment(atMs, offsetAt(atMs))
  const rows = breakers.map((breaker) => [
    shownKey(breaker),
    breaker.state.kind,
    moment(breaker.changedAt),
    breaker.state.kind === 'open' ? moment(breaker.state.until) : '',
    whyText(breaker),
  ])
  return renderTable({ columns, rows }, { title: colors.dim, total: colors.bold })
}

/** `model:claude-opus-5-5: held` */
export function breakerLine(breaker: Breaker): string {
  return `${shownKey(breaker)}: ${breaker.state.kind}`
}

/** The key, safe to show. */
export function shownKey({ key }: Pick<Breaker, 'key'>): string {
  return printable(key, KEY_LENGTH)
}

/** Why it is not closed; empty if it is. */
export function whyText({ state }: Pick<Breaker, 'state'>): string {
  if (state.kind === 'closed') return ''
  if (state.kind !== 'held') return printable(describeCause(state.cause), NOTE_LENGTH)
  return `held by ${printable(state.by)}${state.note === null ? '' : `: ${printable(state.note, NOTE_LENGTH)}`}`
}

/** A breaker as JSON. The field names are a promise, as those of calls are. */
export function breakerJson({ key, state, changedAt, trips }: Breaker) {
  const held = state.kind === 'held' ? state : null
  return {
    key,
    state: state.kind,
    reason: 'cause' in state ? state.cause.kind : null,
    why: whyText({ state }),
    changedAt: new Date(changedAt).toISOString(),
    until: isoOrNull(state.kind === 'open' ? state.until : null),
    trips,
    by: held?.by ?? null,
    note: held?.note ?? null,
  }
}
