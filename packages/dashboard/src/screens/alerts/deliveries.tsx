/** What became of each message to a channel. */

import type { ApiDelivery } from '@runguard/gateway/api'
import { RotateCw } from 'lucide-react'
import { useChange } from '../../api/changes.js'
import { useDeliveries } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Badge, type Tone } from '../../parts/badge.jsx'
import { Button } from '../../parts/button.jsx'
import { momentColumn, nameColumn, wholeColumn } from '../../parts/columns.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'

/** The history; whatever did not arrive can be sent again. */
export function Deliveries() {
  const query = useDeliveries({ limit: 50 })
  return (
    <Paged query={query}>
      {(deliveries) => (
        <TablePanel
          title="Deliveries"
          hint="the newest first"
          caption="Deliveries"
          fileName="deliveries"
          columns={COLUMNS}
          rows={deliveries}
          rowKey={({ id }) => id}
          rowAction={(delivery) => <Resend delivery={delivery} />}
          isSortable={false}
          empty={
            <EmptyState
              title="Nothing was sent yet"
              text="Send a test to a channel to see its way here."
              command="runguard alerts test"
            />
          }
        />
      )}
    </Paged>
  )
}

function Resend({ delivery }: { delivery: ApiDelivery }) {
  const reason = useReasonAgainst('operator')
  const run = useChange(
    (id: string) => ({ method: 'POST', path: `alerts/deliveries/${encodeURIComponent(id)}/resend` }),
    ['alerts'],
  )
  if (delivery.status === 'waiting') return null
  return (
    <Button
      isSmall
      look="quiet"
      aria-label="Send again"
      reasonAgainst={reason}
      isBusy={run.isPending}
      onClick={() => run.mutate(delivery.id)}
    >
      <RotateCw size={12} aria-hidden />
      <span className="hidden sm:inline">Send again</span>
    </Button>
  )
}

const TONES: Readonly<Record<ApiDelivery['status'], Tone>> = {
  delivered: 'good',
  waiting: 'warn',
  failed: 'bad',
}

const COLUMNS: readonly Column<ApiDelivery>[] = [
  { title: 'State', cell: ({ status }) => <Badge tone={TONES[status]}>{status}</Badge>, value: ({ status }) => status },
  nameColumn('Channel', ({ channel }) => channel),
  {
    title: 'Message',
    cell: ({ title, action }) => (
      <>
        <bdi>{title}</bdi> <span className="text-ink-3">{action}</span>
      </>
    ),
    value: ({ title, action }) => `${title} (${action})`,
    isWide: true,
  },
  {
    title: 'Error',
    cell: ({ lastError }) => (
      <span className="block max-w-64 truncate text-bad" title={lastError ?? undefined}>
        {lastError ?? ''}
      </span>
    ),
    value: ({ lastError }) => lastError,
    isExtra: true,
  },
  wholeColumn('Attempts', ({ attempts }) => attempts, { isDetail: true }),
  momentColumn('Created', ({ createdAt }) => createdAt, { isDetail: true }),
]
