/** Columns that many tables have: one look and one plain value for each kind of content. */

import type { ReactNode } from 'react'
import { classes } from './class-names.js'
import { useNow } from './clock.js'
import {
  formatAge,
  formatCount,
  formatDuration,
  formatFull,
  formatMoment,
  formatShare,
  formatWhole,
  shortModel,
} from './format.js'
import { Money, Saving } from './money.jsx'
import type { Column } from './table.jsx'

/** Where a column stands, and where it is left out. */
export type Layout = Pick<Column<unknown>, 'isExtra' | 'isDetail' | 'isWide'>

/** The same of amounts, and which of them are estimated: these say so. */
type MoneyLayout<Row> = Layout & { readonly isEstimated?: (row: Row) => boolean }

/** A name. Long ones are cut, and whole in their tooltip. */
export function nameColumn<Row>(
  title: string,
  read: (row: Row) => string | null,
  { isStrong = false, ...layout }: Layout & { readonly isStrong?: boolean } = {},
): Column<Row> {
  const cut = layout.isWide ? '' : 'inline-block max-w-44 truncate align-bottom'
  return {
    title,
    cell: (row) => (
      <bdi title={read(row) ?? undefined} className={classes(cut, isStrong && 'font-medium')}>
        {read(row) ?? ''}
      </bdi>
    ),
    value: read,
    ...layout,
  }
}

/** The id of a model; on phones without what all of them have in common. */
export function modelColumn<Row>(title: string, read: (row: Row) => string, layout: Layout = {}): Column<Row> {
  return {
    title,
    cell: (row) => (
      <bdi title={read(row)}>
        <span className="sm:hidden">{shortModel(read(row))}</span>
        <span className="hidden sm:inline">{read(row)}</span>
      </bdi>
    ),
    value: read,
    ...layout,
  }
}

/** A number in words; nothing where there is none. */
function numberColumn<Row>(
  title: string,
  read: (row: Row) => number | null,
  show: (value: number | null) => ReactNode,
  layout: Layout = {},
): Column<Row> {
  return { title, cell: (row) => show(read(row)), value: read, isNumber: true, ...layout }
}

/** How many: `3,182`. */
export function wholeColumn<Row>(title: string, read: (row: Row) => number, layout?: Layout): Column<Row> {
  return numberColumn(title, read, (value) => formatWhole(value ?? 0), layout)
}

/** How many, in short: `12.4k` tokens. */
export function countColumn<Row>(title: string, read: (row: Row) => number, layout?: Layout): Column<Row> {
  return numberColumn(title, read, formatCount, layout)
}

/** A share, from 0 to 1. */
export function shareColumn<Row>(title: string, read: (row: Row) => number | null, layout?: Layout): Column<Row> {
  return numberColumn(title, read, formatShare, layout)
}

/** A length of time, in milliseconds. */
export function durationColumn<Row>(title: string, read: (row: Row) => number, layout?: Layout): Column<Row> {
  return numberColumn(title, read, formatDuration, layout)
}

/** An amount in nano-dollars; its plain value is dollars. */
export function moneyColumn<Row>(
  title: string,
  read: (row: Row) => number | null,
  { isEstimated, ...layout }: MoneyLayout<Row> = {},
): Column<Row> {
  return {
    title,
    cell: (row) => <Money nano={read(row)} isEstimated={isEstimated?.(row) ?? false} className="font-medium" />,
    value: (row) => dollars(read(row)),
    isNumber: true,
    ...layout,
  }
}

/** What was saved, in nano-dollars: a loss looks like one. */
export function savingColumn<Row>(
  title: string,
  read: (row: Row) => number,
  { isEstimated, ...layout }: MoneyLayout<Row> = {},
): Column<Row> {
  return {
    title,
    cell: (row) => (read(row) === 0 ? '' : <Saving nano={read(row)} isEstimated={isEstimated?.(row) ?? false} />),
    value: (row) => dollars(read(row)),
    isNumber: true,
    ...layout,
  }
}

function dollars(nano: number | null): number | null {
  return nano === null ? null : nano / 1e9
}

/** When: `27 Nov, 14:03`, to the second in its tooltip. */
export function momentColumn<Row>(title: string, read: (row: Row) => number, layout: Layout = {}): Column<Row> {
  return {
    title,
    cell: (row) => <time title={formatFull(read(row))}>{formatMoment(read(row))}</time>,
    value: (row) => new Date(read(row)).toISOString(),
    isNumber: true,
    ...layout,
  }
}

/** How long ago: `3 min ago`, or never. */
export function ageColumn<Row>(title: string, read: (row: Row) => number | null, layout: Layout = {}): Column<Row> {
  return {
    title,
    cell: (row) => <Age at={read(row)} />,
    value: (row) => isoOf(read(row)),
    isNumber: true,
    ...layout,
  }
}

function isoOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

function Age({ at }: { at: number | null }) {
  const nowMs = useNow()
  return <time title={at === null ? undefined : formatFull(at)}>{formatAge(at, nowMs)}</time>
}
