/** Routes: which model answered in place of which, and what that saved. */

import type { ApiRoutes } from '@runguard/gateway/api'
import { useRoutes } from '../../api/queries.js'
import { Badge } from '../../parts/badge.jsx'
import { modelColumn, nameColumn, savingColumn, wholeColumn } from '../../parts/columns.jsx'
import { formatShare, formatWhole, readable } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Facts, Panel, ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'

/** The screen of the routes. */
export function Routes() {
  const period = usePeriod('7d')
  const query = useRoutes({ since: period.since, until: period.until })
  return (
    <>
      <ScreenHead title="Routes">
        <PeriodChoice period={period} />
      </ScreenHead>
      <Loaded query={query} lines={10}>
        {(routes) => (
          <div className="space-y-4">
            <Taken routes={routes} />
            <div className="grid items-start grid-cols-1 gap-4 xl:grid-cols-3">
              <Tiers routes={routes} />
              <Degraded rows={routes.degraded} />
              <Learned rows={routes.learned} />
            </div>
          </div>
        )}
      </Loaded>
    </>
  )
}

type Route = ApiRoutes['routes'][number]

const COLUMNS: readonly Column<Route>[] = [
  modelColumn('Asked for', ({ asked }) => asked, { isWide: true }),
  modelColumn('Answered by', ({ model }) => model),
  nameColumn('Reason', ({ reason }) => readable(reason), { isDetail: true }),
  {
    title: 'Done',
    cell: ({ isApplied }) => (isApplied ? <Badge tone="good">applied</Badge> : <Badge>worked out only</Badge>),
    value: ({ isApplied }) => isApplied,
    isDetail: true,
  },
  wholeColumn('Calls', ({ calls }) => calls),
  savingColumn('Saved', ({ savedNano }) => savedNano, { isEstimated: () => true }),
]

function Taken({ routes }: { routes: ApiRoutes }) {
  return (
    <TablePanel
      title="Taken"
      hint={`mode: ${routes.mode}`}
      caption="Routes"
      fileName="routes"
      columns={COLUMNS}
      rows={routes.routes}
      rowKey={(row) => JSON.stringify([row.asked, row.model, row.reason, row.isApplied])}
      empty={
        <EmptyState
          title="Every model answered for itself"
          text={
            routes.mode === 'off'
              ? 'Routing is off. With routing: { mode: explain } in runguard.yaml it works out what it would do, and changes nothing.'
              : 'No call named a task that a smaller model can do.'
          }
          command={routes.mode === 'off' ? 'runguard init' : 'runguard routes'}
        />
      }
    />
  )
}

function Tiers({ routes: { tiers } }: { routes: ApiRoutes }) {
  return (
    <Panel title="Tiers">
      {tiers.length === 0 ? (
        <p className="text-sm text-ink-3">None are set.</p>
      ) : (
        <Facts rows={tiers.map(({ name, model }) => [name, model] as const)} />
      )}
    </Panel>
  )
}

function Degraded({ rows }: { rows: ApiRoutes['degraded'] }) {
  return (
    <Panel title="Done by budgets that ran low">
      {rows.length === 0 ? (
        <p className="text-sm text-ink-3">Nothing in this period.</p>
      ) : (
        <Facts
          rows={rows.map(
            ({ budget, kind, calls }) => [`${budget}: ${readable(kind)}`, `${formatWhole(calls)} calls`] as const,
          )}
        />
      )}
    </Panel>
  )
}

function Learned({ rows }: { rows: ApiRoutes['learned'] }) {
  return (
    <Panel title="Learned" hint="good answers to expect">
      {rows.length === 0 ? (
        <p className="text-sm text-ink-3">Nobody has said yet whether an answer was good.</p>
      ) : (
        <Facts
          rows={rows.map(
            ({ task, tier, mean, low, high }) =>
              [`${task}, ${tier}`, `${formatShare(mean)} (${formatShare(low)} to ${formatShare(high)})`] as const,
          )}
        />
      )}
    </Panel>
  )
}
