/** Entries of the audit log as rows of a table. */

import type { ApiAuditEntry } from '@runguard/gateway/api'
import { formatFull } from '../../parts/format.js'
import type { Column } from '../../parts/table.jsx'
import { changesBetween } from './audit-changes.js'

/** The columns. */
export const auditColumns: readonly Column<ApiAuditEntry>[] = [
  {
    title: '№',
    cell: ({ sequence }) => <span className="text-ink-3">{sequence}</span>,
    value: ({ sequence }) => sequence,
  },
  {
    title: 'Time',
    cell: ({ at }) => <time className="whitespace-nowrap">{formatFull(at)}</time>,
    value: ({ at }) => new Date(at).toISOString(),
  },
  {
    title: 'Who',
    cell: ({ actor }) => <bdi title={`${actor.kind} ${actor.id}`}>{actor.name}</bdi>,
    value: ({ actor }) => `${actor.name} (${actor.kind} ${actor.id})`,
  },
  {
    title: 'What',
    cell: ({ action }) => <code className="font-mono text-xs">{action}</code>,
    value: ({ action }) => action,
  },
  {
    title: 'Of',
    cell: ({ subject }) => (
      <bdi className="block max-w-56 truncate" title={subject}>
        {subject}
      </bdi>
    ),
    value: ({ subject }) => subject,
  },
  {
    title: 'Change',
    cell: (entry) => <Changes entry={entry} />,
    value: (entry) => changesBetween(entry.before, entry.after).join('; '),
    isWide: true,
  },
  {
    title: 'Hash',
    cell: ({ hash }) => <code className="font-mono text-xs text-ink-3">{hash.slice(0, 8)}</code>,
    value: ({ hash }) => hash,
    isExtra: true,
  },
]

function Changes({ entry }: { entry: ApiAuditEntry }) {
  const text = changesBetween(entry.before, entry.after).join('; ')
  return (
    <bdi className="text-xs text-ink-2" title={text}>
      {text}
    </bdi>
  )
}
