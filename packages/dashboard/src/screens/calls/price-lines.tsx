/** The arithmetic of a price, line by line. */

import type { ApiCallDetail } from '@runguard/gateway/api'
import { moneyColumn, wholeColumn } from '../../parts/columns.jsx'
import { Money } from '../../parts/money.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Panel } from '../../parts/panel.jsx'
import { type Column, CsvButton, Table } from '../../parts/table.jsx'
import { formatPerMillion, itemWords, nanoOfPico } from './price-words.js'

type Line = ApiCallDetail['cost']['lines'][number]

/** Quantity × price × factors, and their sum. */
export function PriceLines({ call }: { call: ApiCallDetail }) {
  const { cost } = call
  const columns = COLUMNS.filter(({ title }) => title !== 'Part' || cost.lines.some(({ part }) => part > 0))
  return (
    <Panel
      title="Price"
      hint={`price list ${cost.priceVersion}${cost.basis === null || cost.basis === 'list' ? '' : `, ${cost.basis}`}`}
      isFlush
      actions={<CsvButton name={`price-${call.id}`} columns={COLUMNS} rows={cost.lines} />}
    >
      {cost.lines.length === 0 ? (
        <EmptyState
          title={call.ending.kind === 'unmetered' ? 'The cost of this endpoint is not read' : 'Nothing was billed'}
          text={call.ending.kind === 'unmetered' ? 'The call went through, and its cost is not in any sum.' : undefined}
        />
      ) : (
        <>
          <Table
            caption="The lines of the price"
            columns={columns}
            rows={cost.lines}
            rowKey={(line) => JSON.stringify(line)}
            isSortable={false}
          />
          <p className="flex justify-end gap-6 border-t border-line px-4 py-2.5 text-sm">
            <span className="text-ink-3">Sum, rounded up once to a billionth of a dollar</span>
            <Money nano={cost.nano} isEstimated={cost.isEstimated} className="font-semibold" />
          </p>
        </>
      )}
    </Panel>
  )
}

const COLUMNS: readonly Column<Line>[] = [
  { title: 'Item', cell: ({ item }) => itemWords[item] ?? item, value: ({ item }) => item },
  { title: 'Part', cell: ({ partKind }) => partKind, value: ({ partKind }) => partKind, isExtra: true },
  {
    title: 'Priced as',
    cell: ({ pricedAs, basis }) => (basis === 'list' ? pricedAs : `${pricedAs} (${basis})`),
    value: ({ pricedAs }) => pricedAs,
    isWide: true,
    isDetail: true,
  },
  wholeColumn('Quantity', ({ quantity }) => quantity),
  {
    title: 'Per million',
    cell: ({ picoEach, item }) => formatPerMillion(picoEach, item),
    value: ({ picoEach }) => picoEach / 1e6,
    isNumber: true,
  },
  {
    title: 'Factors',
    cell: ({ multipliers }) => multipliers.map(({ name, percent }) => `${name} × ${percent / 100}`).join(', ') || '–',
    value: ({ multipliers }) => multipliers.map(({ name, percent }) => `${name} ${percent}%`).join(', '),
    isNumber: true,
    isDetail: true,
  },
  moneyColumn('Cost', ({ pico }) => nanoOfPico(pico)),
]
