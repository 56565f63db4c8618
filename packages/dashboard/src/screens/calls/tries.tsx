/** The tries of a cascade: cheap models first, and what those cost whose answers were not good enough. */

import type { ApiCallDetail } from '@runguard/gateway/api'
import { Badge } from '../../parts/badge.jsx'
import { moneyColumn, nameColumn } from '../../parts/columns.jsx'
import { formatWhole } from '../../parts/format.js'
import { Money } from '../../parts/money.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { callHref } from '../../parts/url-state.js'

type Try = ApiCallDetail['tries'][number]

/** Nothing for a call that is no try. */
export function Tries({ call: { id, tries } }: { call: ApiCallDetail }) {
  if (tries.length === 0) return null
  const last = tries.at(-1)
  const failed = tries.slice(0, -1)
  return (
    <TablePanel
      title="Cascade"
      hint={
        failed.length === 0 ? (
          'the first try was answered with'
        ) : (
          <>
            <Money
              nano={failed.reduce((sum, { costNano }) => sum + costNano, 0)}
              isEstimated={failed.some(({ isEstimated }) => isEstimated)}
            />{' '}
            for tries that were not good enough
          </>
        )
      }
      caption="Tries of the cascade"
      fileName={`tries-${id}`}
      columns={columnsOf(id, last)}
      rows={tries}
      rowKey={(each) => each.id}
      href={(each) => (each.id === id ? null : callHref(each.id))}
      isSortable={false}
    />
  )
}

function columnsOf(id: string, last: Try | undefined): readonly Column<Try>[] {
  return [
    { title: 'Try', cell: ({ attempt }) => formatWhole(attempt), value: ({ attempt }) => attempt },
    nameColumn('Tier', ({ tier }) => tier),
    nameColumn('Model', ({ model }) => model, { isWide: true }),
    {
      title: 'Outcome',
      cell: (each) => (
        <span className="inline-flex items-center gap-1.5">
          <Badge tone={each === last && !hasFailed(each) ? 'good' : 'warn'}>{outcomeOf(each, last)}</Badge>
          {each.id === id ? <span className="text-xs text-ink-3">this call</span> : null}
        </span>
      ),
      value: (each) => outcomeOf(each, last),
    },
    moneyColumn('Cost', ({ costNano }) => costNano, { isEstimated: ({ isEstimated }) => isEstimated }),
  ]
}

function hasFailed({ status }: Try): boolean {
  return status === null || status >= 400
}

function outcomeOf(each: Try, last: Try | undefined): string {
  if (hasFailed(each)) return each.status === null ? 'no answer' : `error ${each.status}`
  return each === last ? 'answered' : 'not good enough'
}
