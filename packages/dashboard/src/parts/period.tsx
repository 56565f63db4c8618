/** The time that a screen looks at. It stands in the address, and the same words mean the same on every screen. */

import { useNow } from './clock.js'
import { Choice } from './field.jsx'
import { formatMoment } from './format.js'
import { type Period, periodOf, type RangeName, ranges } from './period-range.js'
import { useUrlState } from './url-state.js'

/** The period of the address, and how to change it. */
export function usePeriod(fallback: RangeName = '24h'): Period {
  const [values] = useUrlState()
  const nowMs = useNow(60_000)
  return periodOf(values, fallback, nowMs)
}

/** Chooses the period; one that was cut out of a chart is named, and a click away from the whole again. */
export function PeriodChoice({ period }: { period: Period }) {
  const [, change] = useUrlState()
  return (
    <div className="flex flex-wrap items-center gap-2">
      {period.isCut ? (
        <span className="text-xs text-ink-2 tabular-nums">
          {formatMoment(period.since)} – {formatMoment(period.until ?? period.since)}
        </span>
      ) : null}
      <Choice<RangeName | 'cut'>
        label="Period"
        value={period.isCut ? 'cut' : period.range}
        options={ranges.map(({ name, words }) => [name, words] as const)}
        onChange={(range) => change({ range, since: undefined, until: undefined }, true)}
      />
    </div>
  )
}
