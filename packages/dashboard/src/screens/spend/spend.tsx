/** What was spent: over time, by whom, and closer with every click. */

import type { ApiSpend, SpendGroupBy } from '@runguard/gateway/api'
import { X } from 'lucide-react'
import { useSpend } from '../../api/queries.js'
import { Choice } from '../../parts/field.jsx'
import { formatDay, formatMoment, formatMoney, formatMoneyShort } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { BehindMark, EmptyState } from '../../parts/notice.jsx'
import { ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import { stepMs } from '../../parts/period-range.js'
import type { Series } from '../../parts/series.js'
import { paletteSize } from '../../parts/series.js'
import { TimeChart } from '../../parts/time-chart.jsx'
import { useUrlState } from '../../parts/url-state.js'
import { SpendTable } from './spend-table.jsx'
import { filterNames, filtersOf, groupName, groupWords } from './spend-words.js'

/** The explorer. */
export function Spend() {
  const [values, change] = useUrlState()
  const period = usePeriod('7d')
  const groupBy = groupWords.find(([name]) => name === values.by)?.[0] ?? 'model'
  const filters = filtersOf(values)
  const query = useSpend({ groupBy, since: period.since, until: period.until, step: period.step, top: 50, ...filters })
  return (
    <>
      <ScreenHead title="Spend">
        <PeriodChoice period={period} />
      </ScreenHead>
      <div className="mb-4 flex flex-wrap items-center gap-3">
        <Choice label="Tell apart by" value={groupBy} options={groupWords} onChange={(by) => change({ by }, true)} />
        <FilterChips filters={filters} onRemove={(name) => change({ [name]: undefined }, true)} />
      </div>
      <Loaded query={query} lines={12}>
        {(spend) => (
          <div className="space-y-4">
            <BehindMark isBehind={spend.isBehind} />
            <SpendChart
              spend={spend}
              onCut={(since, until) => change({ since: String(since), until: String(until) }, true)}
            />
            <SpendTable spend={spend} groupBy={groupBy} />
          </div>
        )}
      </Loaded>
    </>
  )
}

function FilterChips(props: { filters: Readonly<Record<string, string>>; onRemove: (name: string) => void }) {
  return (
    <ul className="flex flex-wrap gap-1.5">
      {filterNames.flatMap((name) =>
        props.filters[name] === undefined ? (
          []
        ) : (
          <li key={name}>
            <button
              type="button"
              onClick={() => props.onRemove(name)}
              aria-label={`Remove the filter ${name}: ${props.filters[name]}`}
              className="inline-flex h-7 max-w-72 items-center gap-1.5 rounded-md bg-accent-soft px-2 text-xs text-accent"
            >
              <span>{name}:</span>
              <bdi className="truncate font-medium">{groupName(name as SpendGroupBy, props.filters[name] ?? '')}</bdi>
              <X size={12} aria-hidden className="shrink-0" />
            </button>
          </li>
        ),
      )}
    </ul>
  )
}

function SpendChart({ spend, onCut }: { spend: ApiSpend; onCut: (since: number, until: number) => void }) {
  const canCut = spend.step !== 'minute'
  const pick = (index: number) => {
    const since = spend.steps[index]
    if (since !== undefined) onCut(since, spend.steps[index + 1] ?? since + stepMs[spend.step])
  }
  return (
    <TimeChart
      title={`Spent each ${spend.step}`}
      hint={canCut ? 'choose a bar to look closer' : undefined}
      name={`spend-by-${spend.groupBy}-${spend.step}`}
      steps={spend.steps}
      series={seriesOf(spend)}
      kind="bars"
      format={formatMoney}
      formatShort={formatMoneyShort}
      formatStep={spend.step === 'day' ? formatDay : formatMoment}
      height={260}
      {...(canCut ? { onPick: pick } : {})}
      empty={
        <EmptyState
          title="Nothing was spent in this period"
          text="A wider period, or fewer filters, may show more."
          command="runguard run -- claude"
        />
      }
    />
  )
}

/** Seven groups have a colour of their own, everything else is grey. */
function seriesOf({ groups, rest, steps, groupBy }: ApiSpend): readonly Series[] {
  const named = groups.slice(0, paletteSize - 1)
  const others = [...groups.slice(paletteSize - 1).map(({ series }) => series), ...(rest ? [rest.series] : [])]
  const series: Series[] = named.map(({ group, series: values }) => ({ name: groupName(groupBy, group), values }))
  if (others.length === 0) return series
  const values = steps.map((_, index) => others.reduce((sum, other) => sum + (other[index] ?? 0), 0))
  return [...series, { name: 'all others', values, color: paletteSize }]
}
