/** Tables: sorted by a click, as CSV, and in pieces where they are long. */

import { ArrowDown, ArrowUp, Download } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import { Button } from './button.jsx'
import { classes } from './class-names.js'
import { toCsv } from './csv.js'
import { formatWhole } from './format.js'
import { type Order, orderBy } from './order.js'
import { saveCsv } from './save-csv.js'

/** One column. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  /** The plain value: for CSV and for sorting. */
  readonly value: (row: Row) => string | number | boolean | null
  readonly isNumber?: boolean
  /** Left out on narrow screens. */
  readonly isExtra?: boolean
  /** Left out on phones, where the cost must be in sight. */
  readonly isDetail?: boolean
  /** Takes what is left of the width, and is cut off where it does not fit. */
  readonly isWide?: boolean
}

/** What a table takes. */
export interface TableProps<Row> {
  /** What it shows; for screen readers. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  /** Where a row leads; its first cell is the link. */
  readonly href?: (row: Row) => string | null
  readonly rowClass?: (row: Row) => string | undefined
  /** Buttons at the end of a row. */
  readonly rowAction?: (row: Row) => ReactNode
  /** False where the order means something, or where more rows come from the gateway. */
  readonly isSortable?: boolean
}

const SHOWN_AT_ONCE = 100

/** A table. Long ones show a hundred rows at once. */
export function Table<Row>(props: TableProps<Row>) {
  const { caption, rows, isSortable = true } = props
  const columns = columnsOf(props)
  const [order, setOrder] = useState<Order | null>(null)
  const [shown, setShown] = useState(SHOWN_AT_ONCE)
  const sorted = order === null ? rows : orderBy(rows, columns[order.column]?.value, order.isDown)
  return (
    <>
      <section
        aria-label={caption}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be in reach of the keyboard
        tabIndex={0}
        className="relative overflow-x-auto rounded-b-lg focus-visible:-outline-offset-2"
      >
        <table className="w-full border-collapse text-sm">
          <caption className="sr-only">{caption}</caption>
          <Head columns={columns} order={order} onSort={isSortable ? setOrder : null} />
          <tbody>
            {sorted.slice(0, shown).map((row) => (
              <TableRow key={props.rowKey(row)} row={row} columns={columns} table={props} />
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > shown ? (
        <MoreRow onMore={() => setShown(shown + SHOWN_AT_ONCE)} left={rows.length - shown} />
      ) : null}
    </>
  )
}

function columnsOf<Row>({ columns, rowAction }: TableProps<Row>): readonly Column<Row>[] {
  if (rowAction === undefined) return columns
  return [...columns, { title: '', value: () => null, cell: rowAction, isNumber: true }]
}

function MoreRow({ onMore, left }: { onMore: () => void; left: number }) {
  return (
    <div className="border-t border-line px-4 py-2 text-center">
      <Button look="quiet" isSmall onClick={onMore}>
        Show more ({formatWhole(left)} left)
      </Button>
    </div>
  )
}

interface HeadProps<Row> {
  readonly columns: readonly Column<Row>[]
  readonly order: Order | null
  readonly onSort: ((order: Order) => void) | null
}

function Head<Row>({ columns, order, onSort }: HeadProps<Row>) {
  return (
    <thead>
      <tr className="border-y border-line">
        {columns.map((column, index) => (
          <HeadCell
            key={column.title}
            column={column}
            order={order?.column === index ? order : null}
            onSort={onSort && ((isDown) => onSort({ column: index, isDown }))}
          />
        ))}
      </tr>
    </thead>
  )
}

interface HeadCellProps<Row> {
  readonly column: Column<Row>
  readonly order: Order | null
  readonly onSort: ((isDown: boolean) => void) | null
}

function HeadCell<Row>({ column, order, onSort }: HeadCellProps<Row>) {
  const Arrow = order?.isDown ? ArrowDown : ArrowUp
  const sorted = order?.isDown ? 'descending' : 'ascending'
  return (
    <th
      scope="col"
      aria-sort={order === null ? undefined : sorted}
      className={classes(cellClasses(column), 'h-8 text-xs font-medium text-ink-3')}
    >
      {onSort === null || column.title === '' ? (
        <HeadText title={column.title} />
      ) : (
        <button
          type="button"
          className={classes(
            'inline-flex items-center gap-1 rounded hover:text-ink',
            column.isNumber && 'flex-row-reverse',
          )}
          onClick={() => onSort(order === null ? column.isNumber === true : !order.isDown)}
        >
          {column.title}
          {order === null ? null : <Arrow size={12} aria-hidden />}
        </button>
      )}
    </th>
  )
}

/** A column of buttons has a title for those alone who cannot see what they are. */
function HeadText({ title }: { title: string }) {
  return title === '' ? <span className="sr-only">Actions</span> : title
}

interface TableRowProps<Row> {
  readonly row: Row
  readonly columns: readonly Column<Row>[]
  readonly table: TableProps<Row>
}

function TableRow<Row>({ row, columns, table }: TableRowProps<Row>) {
  const href = table.href?.(row) ?? null
  return (
    <tr
      className={classes(
        'relative border-b border-line last:border-b-0',
        href !== null && 'hover:bg-canvas focus-within:bg-canvas',
        table.rowClass?.(row),
      )}
    >
      {columns.map((column, index) => (
        <td key={column.title} className={classes(cellClasses(column), 'h-9 py-1.5')}>
          {href !== null && index === 0 ? (
            <Link href={href} className="after:absolute after:inset-0">
              {column.cell(row)}
            </Link>
          ) : (
            column.cell(row)
          )}
        </td>
      ))}
    </tr>
  )
}

function cellClasses<Row>({ isNumber, isExtra, isDetail, isWide }: Column<Row>): string {
  return classes(
    'px-2 whitespace-nowrap first:pl-4 last:pr-4',
    isNumber ? 'text-right tabular-nums' : 'text-left',
    isExtra && 'hidden lg:table-cell',
    isDetail && 'hidden sm:table-cell',
    isWide && 'w-full max-w-0 min-w-16 truncate sm:min-w-32',
  )
}

/** Hands the rows to the person as a file. */
export function CsvButton<Row>(props: { name: string; columns: readonly Column<Row>[]; rows: readonly Row[] }) {
  const columns = props.columns.map(({ title, value }) => ({ name: title, value }))
  return (
    <Button
      look="quiet"
      isSmall
      aria-label={`Save ${props.name} as CSV`}
      onClick={() => saveCsv(`runguard-${props.name}`, toCsv(columns, props.rows))}
    >
      <Download size={13} aria-hidden />
      CSV
    </Button>
  )
}
