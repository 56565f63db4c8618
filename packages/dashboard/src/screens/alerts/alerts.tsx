/** Alerts: what is open, the ways they go out, and what became of each message. */

import type { ApiAlert } from '@runguard/gateway/api'
import { BellRing, Check, CircleCheck } from 'lucide-react'
import { useChange } from '../../api/changes.js'
import { useAlerts } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Badge, type Tone } from '../../parts/badge.jsx'
import { Button } from '../../parts/button.jsx'
import { momentColumn, nameColumn } from '../../parts/columns.jsx'
import { Choice } from '../../parts/field.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { ScreenHead } from '../../parts/panel.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { useUrlState } from '../../parts/url-state.js'
import { Channels } from './channels.jsx'
import { Deliveries } from './deliveries.jsx'

const STATES = [
  ['all', 'All'],
  ['open', 'Open'],
  ['acknowledged', 'Acknowledged'],
  ['resolved', 'Resolved'],
] as const

/** The screen of the alerts. */
export function Alerts() {
  const [values, change] = useUrlState()
  const status = STATES.find(([name]) => name === values.status)?.[0] ?? 'all'
  const query = useAlerts({ status: status === 'all' ? undefined : status, limit: 50 })
  return (
    <>
      <ScreenHead title="Alerts">
        <Choice
          label="State"
          value={status}
          options={STATES}
          onChange={(value) => change({ status: value === 'all' ? undefined : value }, true)}
        />
      </ScreenHead>
      <div className="space-y-4">
        <Paged query={query}>{(alerts) => <AlertTable alerts={alerts} />}</Paged>
        <Channels />
        <Deliveries />
      </div>
    </>
  )
}

function AlertTable({ alerts }: { alerts: readonly ApiAlert[] }) {
  return (
    <TablePanel
      title="Alerts"
      hint="the newest first"
      caption="Alerts"
      fileName="alerts"
      columns={COLUMNS}
      rows={alerts}
      rowKey={({ id }) => id}
      rowAction={(alert) => <Acknowledge alert={alert} />}
      isSortable={false}
      empty={
        <EmptyState
          title="No alerts"
          text="Thresholds of budgets, stopped loops and opened breakers show up here."
          command="runguard budget add '$20' --per day"
        />
      }
    />
  )
}

function Acknowledge({ alert }: { alert: ApiAlert }) {
  const reason = useReasonAgainst('operator')
  const run = useChange(
    (id: string) => ({ method: 'POST', path: `alerts/${encodeURIComponent(id)}/acknowledge` }),
    ['alerts', 'overview'],
  )
  if (alert.status !== 'open') return null
  return (
    <Button
      isSmall
      aria-label="Acknowledge"
      reasonAgainst={reason}
      isBusy={run.isPending}
      onClick={() => run.mutate(alert.id)}
    >
      <Check size={12} aria-hidden />
      <span className="hidden sm:inline">Acknowledge</span>
    </Button>
  )
}

const SEVERITY: Readonly<Record<ApiAlert['severity'], Tone>> = {
  info: 'plain',
  warning: 'warn',
  error: 'bad',
  critical: 'bad',
}

function State({ alert }: { alert: ApiAlert }) {
  if (alert.status === 'resolved') {
    return (
      <Badge tone="good" icon={CircleCheck}>
        resolved
      </Badge>
    )
  }
  return (
    <Badge tone={SEVERITY[alert.severity]} icon={BellRing}>
      {alert.status === 'acknowledged' ? `taken by ${alert.acknowledged?.by ?? 'somebody'}` : alert.severity}
    </Badge>
  )
}

const COLUMNS: readonly Column<ApiAlert>[] = [
  { title: 'State', cell: (alert) => <State alert={alert} />, value: ({ status }) => status },
  {
    title: 'Alert',
    cell: ({ title, detail }) => (
      <>
        <span className="font-medium">{title}</span>{' '}
        <bdi className="text-ink-3" title={detail}>
          {detail}
        </bdi>
      </>
    ),
    value: ({ title, detail }) => `${title}: ${detail}`,
    isWide: true,
  },
  nameColumn('About', ({ about }) => about, { isExtra: true }),
  momentColumn('Since', ({ openedAt }) => openedAt, { isDetail: true }),
]
