/** Values over time: a drawing, the same as a table, and as CSV. */

import { ChartColumn, Table2 } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, Suspense, useState } from 'react'
import { Button } from './button.jsx'
import { ErrorEdge } from './error-edge.jsx'
import { formatMoment } from './format.js'
import { lazily } from './lazily.js'
import { Panel } from './panel.jsx'
import { colorOf, type Series, stepByKey, totalOf } from './series.js'
import { type Column, CsvButton, Table } from './table.jsx'

const Drawing = lazily(async () => (await import('./drawing.jsx')).Drawing)

/** What a chart takes. */
export interface TimeChartProps {
  readonly title: string
  readonly hint?: ReactNode
  /** Of the file and for the keys of React. */
  readonly name: string
  /** When each step begins, milliseconds since the epoch. */
  readonly steps: readonly number[]
  readonly series: readonly Series[]
  readonly kind: 'bars' | 'line'
  readonly format: (value: number) => string
  readonly formatShort: (value: number) => string
  /** The words for a step; by default day and time. */
  readonly formatStep?: (at: number) => string
  readonly height?: number
  /** Called with the index of a step that somebody clicks, or chooses with Enter. */
  readonly onPick?: (index: number) => void
  readonly actions?: ReactNode
  /** Shown in place of the drawing where all values are nothing. */
  readonly empty?: ReactNode
  readonly className?: string
}

/** A chart in a panel of its own. */
export function TimeChart(props: TimeChartProps) {
  const [isTable, setIsTable] = useState(false)
  const hasValues = props.series.some(({ values }) => values.some((value) => value !== 0))
  const isEmpty = !hasValues && props.empty !== undefined
  const columns = columnsOf(props)
  const rows = props.steps.map((_, index) => index)
  return (
    <Panel
      title={props.title}
      hint={props.hint}
      isFlush
      {...(props.className === undefined ? {} : { className: props.className })}
      actions={
        <>
          {props.actions}
          <Button look="quiet" isSmall aria-pressed={isTable} onClick={() => setIsTable(!isTable)}>
            {isTable ? <ChartColumn size={13} aria-hidden /> : <Table2 size={13} aria-hidden />}
            {isTable ? 'Chart' : 'Table'}
          </Button>
          <CsvButton name={props.name} columns={columns} rows={rows} />
        </>
      }
    >
      {isEmpty ? props.empty : null}
      {isTable && !isEmpty ? (
        <div className="max-h-80 overflow-y-auto">
          <Table caption={props.title} columns={columns} rows={rows} rowKey={String} isSortable={false} />
        </div>
      ) : null}
      {isTable || isEmpty ? null : <Chart {...props} />}
    </Panel>
  )
}

function columnsOf({ steps, series, format, formatStep = formatMoment }: TimeChartProps): readonly Column<number>[] {
  return [
    {
      title: 'Time',
      cell: (index) => formatStep(steps[index] ?? 0),
      value: (index) => new Date(steps[index] ?? 0).toISOString(),
    },
    ...series.map(
      ({ name, values }): Column<number> => ({
        title: name,
        cell: (index) => format(values[index] ?? 0),
        value: (index) => values[index] ?? 0,
        isNumber: true,
      }),
    ),
  ]
}

function Chart(props: TimeChartProps) {
  const { title, steps, series, height = 200, onPick } = props
  const [cursor, setCursor] = useState<number | null>(null)
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && cursor !== null) onPick?.(cursor)
    const next = stepByKey(event.key, cursor, steps.length)
    if (next === null) return
    event.preventDefault()
    setCursor(next)
  }
  return (
    <div className="px-4 pb-3">
      <Readout {...props} cursor={cursor} />
      <div
        role="slider"
        tabIndex={0}
        aria-label={`${title}: arrow keys read the values${onPick ? ', Enter looks closer' : ''}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, steps.length - 1)}
        aria-valuenow={cursor ?? steps.length - 1}
        aria-valuetext={wordsOf(props, cursor ?? steps.length - 1)}
        onKeyDown={press}
        onBlur={() => setCursor(null)}
        className="rounded-sm"
      >
        <ErrorEdge>
          <Suspense fallback={<div className="skeleton" style={{ height }} />}>
            <Drawing {...props} series={series} height={height} cursor={cursor} onCursor={setCursor} />
          </Suspense>
        </ErrorEdge>
      </div>
    </div>
  )
}

function wordsOf({ steps, series, format, formatStep = formatMoment }: TimeChartProps, index: number): string {
  const values = series.map(({ name, values: all }) => `${name} ${format(all[index] ?? 0)}`)
  return `${formatStep(steps[index] ?? 0)}: ${values.join(', ')}`
}

/** The legend: of the step under the cursor, else the sums of the whole time. */
function Readout(props: TimeChartProps & { readonly cursor: number | null }) {
  const { series, steps, format, formatStep = formatMoment, cursor, kind } = props
  const last = steps.length - 1
  const whole = kind === 'bars' ? 'in all' : 'at the end'
  const valueAtCursor = (each: Series) => {
    if (cursor !== null) return each.values[cursor] ?? 0
    return kind === 'bars' ? totalOf(each) : (each.values[last] ?? 0)
  }
  return (
    <div className="mb-2 flex min-h-5 flex-wrap items-center gap-x-4 gap-y-0.5 text-xs text-ink-2" aria-hidden>
      {series.map((each, index) => (
        <span key={each.name} className="inline-flex max-w-60 items-center gap-1.5">
          <span className="size-2 shrink-0 rounded-[2px]" style={{ background: `var(${colorOf(each, index)})` }} />
          <bdi className="truncate">{each.name}</bdi>
          <span className="font-medium text-ink tabular-nums">{format(valueAtCursor(each))}</span>
        </span>
      ))}
      <span className="ml-auto text-ink-3 tabular-nums">
        {cursor === null ? whole : formatStep(steps[cursor] ?? 0)}
      </span>
    </div>
  )
}
