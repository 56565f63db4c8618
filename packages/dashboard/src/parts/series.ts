/** The values of a chart, and what is computed from them. Pure. */

/** Values over time, one for each step. */
export interface Series {
  readonly name: string
  readonly values: readonly number[]
  /** A place in the palette, from 1; 8 is grey. By default its place among the others. */
  readonly color?: number
}

/** The palette: eight colours that people with any kind of colour vision tell apart, the last one for all the rest. */
export const paletteSize = 8

/** The colour of a series, as a CSS variable. */
export function colorOf(series: Series, index: number): string {
  return `--series-${series.color ?? (index % (paletteSize - 1)) + 1}`
}

/** Each series on top of those before it. */
export function stack(series: readonly Series[]): readonly (readonly number[])[] {
  const sums: number[] = []
  return series.map(({ values }) =>
    values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + value
      return sums[index]
    }),
  )
}

/**
 * From when to when a drawing goes, in seconds. A bar stands behind the moment at which its step begins: the last one wants
 * its place. A single step has a minute around it, so that it is a place and no point.
 */
export function timeRange({
  steps,
  kind,
}: {
  readonly steps: readonly number[]
  readonly kind: 'bars' | 'line'
}): readonly [number, number] {
  const [first = 0, last = first] = [steps[0], steps.at(-1)]
  if (first === last)
    return kind === 'bars' ? [first / 1000, first / 1000 + 60] : [first / 1000 - 30, first / 1000 + 30]
  const lastStepMs = kind === 'bars' ? last - (steps.at(-2) ?? last) : 0
  return [first / 1000, (last + lastStepMs) / 1000]
}

/** The sum of the values. */
export function totalOf({ values }: Series): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** The index a key leads to: arrows one step, page keys ten, home and end. Null for other keys. */
export function stepByKey(key: string, index: number | null, length: number): number | null {
  const last = length - 1
  const from = index ?? last + 1
  const targets: Readonly<Record<string, number>> = {
    ArrowLeft: from - 1,
    ArrowRight: index === null ? last : from + 1,
    PageUp: from - 10,
    PageDown: from + 10,
    Home: 0,
    End: last,
  }
  const target = targets[key]
  return target === undefined ? null : Math.min(last, Math.max(0, target))
}
