/** The drawing of a chart, by uPlot. Loaded when the first chart is shown. */

import { useEffect, useRef } from 'react'
import Plot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useShownTheme } from '../app/theme.js'
import { colorOf, type Series, stack, timeRange } from './series.js'
import { axisWidth, evenDecimals, tickWords } from './tick-words.js'

/** What the drawing takes. */
export interface DrawingProps {
  readonly steps: readonly number[]
  readonly series: readonly Series[]
  readonly kind: 'bars' | 'line'
  readonly height: number
  readonly formatShort: (value: number) => string
  readonly cursor: number | null
  readonly onCursor: (index: number | null) => void
  readonly onPick?: (index: number) => void
}

/** The drawing. It follows the width of its place; a new theme or another set of series is a new drawing. */
export function Drawing(props: DrawingProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | null>(null)
  const latest = useRef(props)
  latest.current = props
  const theme = useShownTheme()
  const shape = `${props.kind} ${props.height} ${props.series.map(({ name, color }) => `${name}${color}`).join('|')}`

  // biome-ignore lint/correctness/useExhaustiveDependencies: theme and shape say when a new drawing is needed
  useEffect(() => {
    if (place.current === null) return
    const drawn = new Plot(optionsOf(latest, place.current), dataOf(latest.current), place.current)
    plot.current = drawn
    const observer = new ResizeObserver(([entry]) => {
      if (entry) drawn.setSize({ width: entry.contentRect.width, height: latest.current.height })
    })
    observer.observe(place.current)
    return () => {
      observer.disconnect()
      drawn.destroy()
    }
  }, [theme, shape])

  useEffect(() => {
    plot.current?.setData(dataOf(props))
  }, [props])
  useEffect(() => showCursor(plot.current, props.cursor), [props.cursor])
  return <div ref={place} style={{ height: props.height }} className={props.onPick ? 'cursor-pointer' : ''} />
}

type Latest = { readonly current: DrawingProps }

/** uPlot draws in order: of a stack the highest comes first, so that the lower ones stand in front of it. */
function dataOf({ steps, series, kind }: DrawingProps): Plot.AlignedData {
  const heights = kind === 'bars' ? [...stack(series)].reverse() : series.map(({ values }) => values)
  return [steps.map((at) => at / 1000), ...heights.map((values) => [...values])]
}

function showCursor(plot: Plot | null, index: number | null): void {
  if (plot === null || index === null || plot.cursor.idx === index) return
  const at = plot.data[0][index]
  if (at !== undefined) plot.setCursor({ left: plot.valToPos(at, 'x'), top: 0 }, false)
}

function optionsOf(latest: Latest, place: HTMLElement): Plot.Options {
  const css = getComputedStyle(place)
  const { series, kind, height } = latest.current
  const drawn =
    kind === 'bars'
      ? series.map((each, index) => [each, index] as const).reverse()
      : [...series.entries()].map(([index, each]) => [each, index] as const)
  return {
    width: place.clientWidth,
    height,
    // The last word of the axis stands half beside the drawing.
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: kind === 'line' }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: () => [...timeRange(latest.current)] },
      y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] },
    },
    series: [{}, ...drawn.map(([each, index]) => strokeOf(css.getPropertyValue(colorOf(each, index)), kind))],
    axes: axesOf(latest, css),
    hooks: {
      setCursor: [({ cursor }) => follow(latest.current, cursor)],
      ready: [(plot) => listenForPicks(plot, latest)],
    },
  }
}

/** Only what the pointer does is told: the keyboard knows itself where it is. */
function follow({ cursor: shown, onCursor }: DrawingProps, cursor: Plot.Cursor): void {
  const index = cursor.idx ?? null
  if (index !== shown && (cursor.left ?? -1) >= 0) onCursor(index)
}

function listenForPicks(plot: Plot, latest: Latest): void {
  plot.over.addEventListener('click', () => {
    if (typeof plot.cursor.idx === 'number') latest.current.onPick?.(plot.cursor.idx)
  })
  plot.over.addEventListener('mouseleave', () => latest.current.onCursor(null))
}

function strokeOf(color: string, kind: DrawingProps['kind']): Plot.Series {
  if (kind === 'line') {
    const steps = Plot.paths.stepped?.({ align: 1 })
    // A line of one step has no length.
    const points = { show: (plot: Plot) => plot.data[0].length === 1, size: 7, fill: color }
    return { stroke: color, width: 2, points, ...(steps ? { paths: steps } : {}) }
  }
  const bars = Plot.paths.bars?.({ size: [0.72, 40], radius: 0.08, align: 1 })
  return { fill: color, stroke: color, width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) }
}

function axesOf(latest: Latest, css: CSSStyleDeclaration): Plot.Axis[] {
  const shared = { stroke: css.getPropertyValue('--ink-3'), font: `11px ${css.fontFamily}`, ticks: { show: false } }
  const grid = { stroke: css.getPropertyValue('--line'), width: 1 }
  return [
    {
      ...shared,
      grid: { show: false },
      size: 26,
      space: 64,
      values: (_, at) => at.map((seconds) => tickWords(seconds * 1000, (at[1] ?? 0) - (at[0] ?? 0))),
    },
    {
      ...shared,
      grid,
      size: (_, words) => axisWidth(words ?? []),
      space: 36,
      values: (_, values) => evenDecimals(values.map((value) => latest.current.formatShort(value))),
    },
  ]
}
