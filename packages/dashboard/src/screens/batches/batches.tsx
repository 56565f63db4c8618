/** Batches: what waits, and what it cost. */

import type { ApiBatches } from '@runguard/gateway/api'
import { CircleCheck, Hourglass } from 'lucide-react'
import { useBatches } from '../../api/queries.js'
import { Badge } from '../../parts/badge.jsx'
import { momentColumn, moneyColumn, nameColumn, wholeColumn } from '../../parts/columns.jsx'
import { formatWhole } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Money } from '../../parts/money.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Figure, Panel, ScreenHead } from '../../parts/panel.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { callHref } from '../../parts/url-state.js'

type Batch = ApiBatches['items'][number]

/** The screen of the batches. */
export function Batches() {
  const query = useBatches()
  return (
    <>
      <ScreenHead title="Batches" lead="Work that may wait, at half the price." />
      <Loaded query={query} lines={8}>
        {({ items }) => (
          <div className="space-y-4">
            {items.length === 0 ? null : <Headline batches={items} />}
            <TablePanel
              title="Newest batches"
              caption="Batches"
              fileName="batches"
              columns={COLUMNS}
              rows={items}
              rowKey={({ id }) => id}
              href={({ call }) => callHref(call)}
              empty={
                <EmptyState
                  title="No batch yet"
                  text="Whatever may wait costs half as a batch."
                  command="runguard batch submit requests.jsonl"
                />
              }
            />
          </div>
        )}
      </Loaded>
    </>
  )
}

function Headline({ batches }: { batches: readonly Batch[] }) {
  const open = batches.filter(({ settledAt }) => settledAt === null)
  const costNano = batches.reduce((sum, batch) => sum + (batch.costNano ?? 0), 0)
  return (
    <Panel>
      <dl className="grid grid-cols-2 gap-6 sm:grid-cols-3">
        <Figure
          label="Waiting"
          value={formatWhole(open.length)}
          note={`${formatWhole(open.reduce((sum, { items }) => sum + items, 0))} items`}
        />
        <Figure label="Held for them" value={<Money nano={open.reduce((sum, { heldNano }) => sum + heldNano, 0)} />} />
        <Figure
          label="Cost of the others"
          value={<Money nano={costNano} />}
          note={
            costNano === 0 ? undefined : (
              <>
                at the full price <Money nano={costNano * 2} isEstimated />
              </>
            )
          }
        />
      </dl>
    </Panel>
  )
}

const COLUMNS: readonly Column<Batch>[] = [
  {
    title: 'Batch',
    cell: ({ id }) => <bdi className="font-mono text-xs">{id}</bdi>,
    value: ({ id }) => id,
    isWide: true,
  },
  {
    title: 'State',
    cell: ({ settledAt }) =>
      settledAt === null ? (
        <Badge icon={Hourglass}>waiting</Badge>
      ) : (
        <Badge tone="good" icon={CircleCheck}>
          settled
        </Badge>
      ),
    value: ({ settledAt }) => (settledAt === null ? 'waiting' : 'settled'),
  },
  momentColumn('Created', ({ createdAt }) => createdAt, { isDetail: true }),
  nameColumn('By', ({ scope }) => scope.user ?? scope.key ?? scope.session, { isExtra: true }),
  wholeColumn('Items', ({ items }) => items),
  moneyColumn('Held', ({ heldNano }) => heldNano, { isDetail: true }),
  moneyColumn('Cost', ({ costNano }) => costNano),
]
