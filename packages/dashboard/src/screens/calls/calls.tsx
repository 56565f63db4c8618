/** Calls, one by one. */

import type { ApiCall } from '@runguard/gateway/api'
import { useCalls } from '../../api/queries.js'
import { callColumns } from '../../parts/call-columns.jsx'
import { Choice } from '../../parts/field.jsx'
import { FilterFields } from '../../parts/filter-fields.jsx'
import { countOf } from '../../parts/format.js'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { Panel, ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import { CsvButton, Table } from '../../parts/table.jsx'
import { callHref, useUrlState } from '../../parts/url-state.js'

const ENDINGS = [
  ['all', 'All'],
  ['exact', 'Billed'],
  ['at-least', 'Estimated'],
  ['not-billed', 'Not billed'],
  ['unmetered', 'Unmetered'],
] as const

const FILTERS = ['model', 'session', 'user', 'team', 'project', 'tag'] as const

/** The list, narrowed by what the address says. */
export function Calls() {
  const [values, change] = useUrlState()
  const period = usePeriod('24h')
  const ending = ENDINGS.find(([name]) => name === values.ending)?.[0] ?? 'all'
  const filters = Object.fromEntries(FILTERS.map((name) => [name, values[name]]))
  const query = useCalls({
    ...filters,
    since: period.since,
    until: period.until,
    ending: ending === 'all' ? undefined : ending,
    limit: 100,
  })
  return (
    <>
      <ScreenHead title="Calls">
        <PeriodChoice period={period} />
      </ScreenHead>
      <div className="mb-4 flex flex-wrap items-end gap-3">
        <Choice
          label="Ending"
          value={ending}
          options={ENDINGS}
          onChange={(value) => change({ ending: value === 'all' ? undefined : value }, true)}
        />
      </div>
      <FilterFields
        names={FILTERS}
        values={values}
        onChange={change}
        className="mb-4 grid-cols-2 sm:grid-cols-3 xl:grid-cols-6"
      />
      <Paged query={query}>{(calls) => <CallTable calls={calls} hasMore={query.hasNextPage} />}</Paged>
    </>
  )
}

function CallTable({ calls, hasMore }: { calls: readonly ApiCall[]; hasMore: boolean }) {
  return (
    <Panel
      title={countOf(calls.length, 'call')}
      hint={hasMore ? 'and more' : undefined}
      isFlush
      actions={<CsvButton name="calls" columns={callColumns} rows={calls} />}
    >
      {calls.length === 0 ? (
        <EmptyState
          title="No calls here"
          text="None in this period that the filters let through."
          command="runguard run -- claude"
        />
      ) : (
        <Table
          caption="Calls"
          columns={callColumns}
          rows={calls}
          rowKey={({ id }) => id}
          href={({ id }) => callHref(id)}
          isSortable={false}
        />
      )}
    </Panel>
  )
}
