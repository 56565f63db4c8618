/** The audit log as a table, as lines and as JSON. */

import type { AuditEntry, AuditFinding, AuditHead } from '@runguard/sdk/core'
import type { OffsetAt } from '../settings/environment.js'
import type { Colors } from '../terminal.js'
import { formatMoment, printable } from './format.js'
import { type Column, renderTable } from './table.js'

const columns: readonly Column[] = [
  { title: '#', align: 'right' },
  { title: 'when', align: 'left' },
  { title: 'who', align: 'left' },
  { title: 'did', align: 'left' },
  { title: 'to', align: 'left' },
  { title: 'from', align: 'left' },
]

/** A row for each entry. */
export function auditTable(entries: readonly AuditEntry[], offsetAt: OffsetAt, colors: Colors): string {
  const rows = entries.map(({ sequence, at, actor, action, subject, address }) => [
    String(sequence),
    formatMoment(at, offsetAt(at)),
    `${actor.kind} ${printable(actor.name)}`,
    printable(action),
    printable(subject),
    printable(address ?? ''),
  ])
  return renderTable({ columns, rows }, { title: colors.dim, total: colors.bold })
}

/** An entry as JSON: all that its hash is made over, with the time in milliseconds since the epoch. */
export function entryJson(entry: AuditEntry): object {
  return { kind: 'audit-entry', ...entry }
}

/** `42:9f86d0…`: how a head is written down. */
export function headText({ sequence, hash }: AuditHead): string {
  return `${sequence}:${hash}`
}

const MEANINGS: Readonly<Record<AuditFinding['problem'], string>> = {
  edited: 'was changed after it was written',
  missing: 'is gone',
  'out-of-order': 'stands where another one belongs',
  unchained: 'does not follow on the one before it',
  rewritten: 'is not the one whose hash was noted down',
}

/** `entry 3 was changed after it was written` */
export function findingLine({ sequence, problem }: AuditFinding): string {
  return `entry ${sequence} ${MEANINGS[problem]}`
}
