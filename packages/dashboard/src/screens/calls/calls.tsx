/** Calls, one by one. */

import type { ApiCall } from '@runguard/gateway/api'
import { useCalls } from '../../api/queries.js'
import { callColumns } from '../../parts/call-columns.jsx'
import { Choice, TextField } from '../../parts/field.jsx'
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
      <FilterFields values={values} onChange={change} />
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

function FilterFields(props: {
  values: Readonly<Record<string, string>>
  onChange: (values: Record<string, string>) => void
}) {
  return (
    <div className="mb-4 grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-6">
      {FILTERS.map((name) => (
        <TextField
          key={`${name}=${props.values[name] ?? ''}`}
          label={name.charAt(0).toUpperCase() + name.slice(1)}
          placeholder="any"
          defaultValue={props.values[name] ?? ''}
          onBlur={(event) => props.onChange({ [name]: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') props.onChange({ [name]: event.currentTarget.value })
          }}
        />
      ))}
    </div>
  )
}
