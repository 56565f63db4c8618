/** The groups of the explorer, as a table. */

import type { ApiSpend, ApiSpendSum, SpendGroupBy } from '@runguard/gateway/api'
import { countColumn, moneyColumn, savingColumn, wholeColumn } from '../../parts/columns.jsx'
import { formatShare, formatWhole } from '../../parts/format.js'
import { Money } from '../../parts/money.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { searchOf, sessionHref, useUrlState } from '../../parts/url-state.js'
import { groupInAddress, groupName, groupWords, nextGroup } from './spend-words.js'

interface Row extends ApiSpendSum {
  readonly group: string
  /** False for the line of all the rest. */
  readonly isGroup: boolean
}

/** The table; a row leads to the same period with only its group in it. */
export function SpendTable({ spend, groupBy }: { spend: ApiSpend; groupBy: SpendGroupBy }) {
  const [values] = useUrlState()
  const hrefOf = ({ group, isGroup }: Row) => {
    if (!isGroup) return null
    if (groupBy === 'session' && group !== '') return sessionHref(group)
    return `/spend${searchOf({ ...values, [groupBy]: groupInAddress(group), by: nextGroup(groupBy) })}`
  }
  return (
    <TablePanel
      title={`By ${groupBy}`}
      hint={<Total spend={spend} />}
      caption={`Spend by ${groupBy}`}
      fileName={`spend-by-${groupBy}`}
      columns={columnsOf(spend)}
      rows={rowsOf(spend)}
      rowKey={({ group, isGroup }) => `${isGroup}${group}`}
      href={hrefOf}
      empty={<EmptyState title="No calls in this period" />}
    />
  )
}

function Total({ spend: { total } }: { spend: ApiSpend }) {
  const notes = [
    total.estimatedCalls > 0 ? `${formatWhole(total.estimatedCalls)} estimated` : '',
    total.unmeteredCalls > 0 ? `${formatWhole(total.unmeteredCalls)} not metered` : '',
  ].filter((note) => note !== '')
  return (
    <span>
      <Money nano={total.costNano} className="font-semibold text-ink" /> for {formatWhole(total.calls)} calls
      {notes.length > 0 ? ` (${notes.join(', ')})` : ''}
    </span>
  )
}

function rowsOf({ groups, rest }: ApiSpend): readonly Row[] {
  const rows: Row[] = groups.map((sum) => ({ ...sum, isGroup: true }))
  return rest === null ? rows : [...rows, { ...rest, group: `${formatWhole(rest.groups)} others`, isGroup: false }]
}

const TOKEN_COLUMNS: readonly Column<Row>[] = [
  countColumn('Input', ({ tokens }) => tokens.input, { isExtra: true }),
  countColumn('Cache writes', ({ tokens }) => tokens.write5m + tokens.write1h, { isExtra: true }),
  countColumn('Cache reads', ({ tokens }) => tokens.read, { isExtra: true }),
  countColumn('Output', ({ tokens }) => tokens.output, { isExtra: true }),
]
function columnsOf({ groupBy, total }: ApiSpend): readonly Column<Row>[] {
  const title = groupWords.find(([name]) => name === groupBy)?.[1] ?? 'Group'
  const shareOf = (row: Row) => (total.costNano > 0 ? row.costNano / total.costNano : 0)
  const name = ({ group, isGroup }: Row) => (isGroup ? groupName(groupBy, group) : group)
  return [
    {
      title,
      cell: (row) => <bdi className={row.group === '' || !row.isGroup ? 'text-ink-3' : ''}>{name(row)}</bdi>,
      value: name,
      isWide: true,
    },
    wholeColumn('Calls', ({ calls }) => calls, { isDetail: true }),
    ...TOKEN_COLUMNS,
    savingColumn('Saved', ({ savedNano }) => savedNano, {
      isDetail: true,
      isEstimated: ({ estimatedSavedNano }) => estimatedSavedNano !== 0,
    }),
    { title: 'Share', cell: (row) => <ShareCell share={shareOf(row)} />, value: shareOf, isNumber: true },
    moneyColumn('Cost', ({ costNano }) => costNano, { isEstimated: ({ estimatedCalls }) => estimatedCalls > 0 }),
  ]
}

function ShareCell({ share }: { share: number }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden className="hidden h-1.5 w-14 overflow-hidden rounded-full bg-sunken sm:block">
        <span className="block h-full bg-accent" style={{ width: `${share * 100}%` }} />
      </span>
      <span className="w-9">{formatShare(share)}</span>
    </span>
  )
}
