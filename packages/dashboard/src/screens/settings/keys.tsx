/** Gateway keys. */

import type { ApiKey, ApiNewKey } from '@runguard/gateway/api'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useChange } from '../../api/changes.js'
import { useKeys } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Badge } from '../../parts/badge.jsx'
import { Button } from '../../parts/button.jsx'
import { ageColumn, momentColumn, nameColumn } from '../../parts/columns.jsx'
import { Question } from '../../parts/dialog.jsx'
import { formatMoment } from '../../parts/format.js'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { SecretDialog } from '../../parts/secret-dialog.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { NewKeyDialog } from './new-key.jsx'

type Asked =
  | { readonly kind: 'new' }
  | { readonly kind: 'rotate' | 'revoke'; readonly key: ApiKey }
  | { readonly kind: 'secret'; readonly made: ApiNewKey }

/** The list, and what an admin does with it. */
export function Keys() {
  const query = useKeys()
  const reason = useReasonAgainst('admin')
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = () => setAsked(null)
  const show = (made: ApiNewKey) => setAsked({ kind: 'secret', made })
  return (
    <Paged query={query}>
      {(items) => (
        <TablePanel
          title="Gateway keys"
          hint="whose calls they are, and whose budgets they meet"
          actions={
            <Button look="primary" isSmall reasonAgainst={reason} onClick={() => setAsked({ kind: 'new' })}>
              <Plus size={13} aria-hidden />
              New key
            </Button>
          }
          caption="Gateway keys"
          fileName="keys"
          columns={COLUMNS}
          rows={items}
          rowKey={({ id }) => id}
          rowAction={(key) => <Actions apiKey={key} onAsk={setAsked} />}
          isSortable={false}
          empty={NO_KEYS}
        >
          {asked?.kind === 'new' ? <NewKeyDialog onClose={close} onMade={show} /> : null}
          {asked?.kind === 'secret' ? <KeySecret made={asked.made} onClose={close} /> : null}
          {asked?.kind === 'rotate' ? <Rotate apiKey={asked.key} onClose={close} onMade={show} /> : null}
          {asked?.kind === 'revoke' ? <Revoke apiKey={asked.key} onClose={close} /> : null}
        </TablePanel>
      )}
    </Paged>
  )
}

function KeySecret({ made, onClose }: { made: ApiNewKey; onClose: () => void }) {
  return (
    <SecretDialog
      title={made.key.name}
      word="key"
      secret={made.secret}
      hint="ANTHROPIC_API_KEY takes it, with ANTHROPIC_BASE_URL at this gateway."
      onClose={onClose}
    />
  )
}

const NO_KEYS = (
  <EmptyState
    title="No keys yet"
    text="A key puts the calls of a program on the account of a team, a user or a project."
    command="runguard key add laptop --team web"
  />
)

function Actions({ apiKey, onAsk }: { apiKey: ApiKey; onAsk: (asked: Asked) => void }) {
  const reason = useReasonAgainst('admin')
  if (apiKey.status !== 'active') return null
  return (
    <span className="inline-flex gap-1">
      <Button
        isSmall
        reasonAgainst={reason}
        aria-label={`Rotate ${apiKey.name}`}
        onClick={() => onAsk({ kind: 'rotate', key: apiKey })}
      >
        Rotate
      </Button>
      <Button
        isSmall
        look="danger"
        reasonAgainst={reason}
        aria-label={`Revoke ${apiKey.name}`}
        onClick={() => onAsk({ kind: 'revoke', key: apiKey })}
      >
        Revoke
      </Button>
    </span>
  )
}

interface AskProps {
  readonly apiKey: ApiKey
  readonly onClose: () => void
}

const HOUR_MS = 3_600_000

function Rotate({ apiKey, onClose, onMade }: AskProps & { onMade: (made: ApiNewKey) => void }) {
  const run = useChange<string, ApiNewKey>(
    (id) => ({ method: 'POST', path: `keys/${encodeURIComponent(id)}/rotate`, body: { graceMs: HOUR_MS } }),
    ['keys', 'audit'],
  )
  return (
    <Question
      isOpen
      onClose={onClose}
      title={`Rotate ${apiKey.name}?`}
      text="A new key takes its place. The old one works for another hour, so that programs have time to change."
      answer="Rotate key"
      run={run}
      onAnswer={() => run.mutate(apiKey.id, { onSuccess: onMade })}
    />
  )
}

function Revoke({ apiKey, onClose }: AskProps) {
  const run = useChange(
    (id: string) => ({ method: 'DELETE', path: `keys/${encodeURIComponent(id)}` }),
    ['keys', 'audit'],
  )
  return (
    <Question
      isOpen
      onClose={onClose}
      title={`Revoke ${apiKey.name}?`}
      text="Calls with it are refused from now on. This cannot be taken back."
      answer="Revoke key"
      isDangerous
      run={run}
      onAnswer={() => run.mutate(apiKey.id, { onSuccess: onClose })}
    />
  )
}

const COLUMNS: readonly Column<ApiKey>[] = [
  nameColumn('Name', ({ name }) => name, { isWide: true, isStrong: true }),
  {
    title: 'Key',
    cell: ({ id }) => <code className="font-mono text-xs">{id}…</code>,
    value: ({ id }) => id,
  },
  {
    title: 'State',
    cell: ({ status }) => <Badge tone={status === 'active' ? 'good' : 'plain'}>{status}</Badge>,
    value: ({ status }) => status,
  },
  nameColumn('Team', ({ team }) => team, { isDetail: true }),
  nameColumn('User', ({ user }) => user, { isExtra: true }),
  nameColumn('Project', ({ project }) => project, { isExtra: true }),
  {
    ...momentColumn('Created', ({ createdAt }: ApiKey) => createdAt, { isExtra: true }),
    cell: ({ createdAt, createdBy }) => <span title={`by ${createdBy}`}>{formatMoment(createdAt)}</span>,
  },
  ageColumn('Last used', ({ lastUsedAt }) => lastUsedAt, { isDetail: true }),
]
