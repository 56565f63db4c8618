/** Loops that agents were in, and breakers that are not closed. */

import type { ApiLoop, ApiLoops } from '@runguard/gateway/api'
import { useBreakers, useLoops } from '../../api/queries.js'
import { Badge } from '../../parts/badge.jsx'
import { momentColumn, moneyColumn, nameColumn, wholeColumn } from '../../parts/columns.jsx'
import { formatWhole, readable } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Money } from '../../parts/money.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { Figure, Panel, ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { callHref } from '../../parts/url-state.js'
import { BreakerTable } from './breaker-table.jsx'

/** The screen of loops and breakers. */
export function Loops() {
  const period = usePeriod('7d')
  const loops = useLoops({ since: period.since, until: period.until, limit: 100 })
  const breakers = useBreakers()
  return (
    <>
      <ScreenHead title="Loops & breakers">
        <PeriodChoice period={period} />
      </ScreenHead>
      <div className="space-y-4">
        <Loaded query={breakers} lines={3}>
          {({ items }) => <BreakerTable breakers={items} />}
        </Loaded>
        <Paged query={loops}>{(items, first) => <Found loops={items} summary={first.summary} />}</Paged>
      </div>
    </>
  )
}

function Found({ loops, summary }: { loops: readonly ApiLoop[]; summary: ApiLoops['summary'] }) {
  return (
    <div className="space-y-4">
      <Panel>
        <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-3">
          <Figure label="Stopped" value={formatWhole(summary.stops)} note="loops in this period" />
          <Figure label="Noticed" value={formatWhole(summary.notices)} note="and left to go on" />
          <Figure label="Cost of those stopped" value={<Money nano={summary.spentNano} />} note="until they were" />
        </dl>
      </Panel>
      <TablePanel
        title="Loops"
        hint="the newest first"
        caption="Loops"
        fileName="loops"
        columns={COLUMNS}
        rows={loops}
        rowKey={({ call }) => call}
        href={({ call }) => callHref(call)}
        empty={
          <EmptyState
            title="No loops in this period"
            text="An agent that does the same again and again shows up here within a few rounds. The demo shows one, in a gateway of its own."
            command="runguard demo --keep"
          />
        }
      />
    </div>
  )
}

const COLUMNS: readonly Column<ApiLoop>[] = [
  { ...momentColumn('Time', ({ at }: ApiLoop) => at), isNumber: false },
  {
    title: 'Done',
    cell: ({ action, isEnforced }) => (
      <Badge tone={action === 'stop' ? 'bad' : 'warn'}>{isEnforced ? action : `would ${action}`}</Badge>
    ),
    value: ({ action, isEnforced }) => (isEnforced ? action : `would ${action}`),
  },
  nameColumn('Rule', ({ rule }) => readable(rule), { isExtra: true }),
  nameColumn('Why', ({ why }) => why, { isWide: true }),
  nameColumn('Session', ({ session }) => session, { isExtra: true }),
  wholeColumn('Repeats', ({ repeats }) => repeats, { isDetail: true }),
  moneyColumn('Cost', ({ spentNano }) => spentNano),
]
