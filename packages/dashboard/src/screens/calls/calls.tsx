/** Calls, one by one. */

import type { ApiCall } from '@runguard/gateway/api'
import { useCalls } from '../../api/queries.js'
import { callColumns } from '../../parts/call-columns.jsx'
import { refusalWord, refusalWords } from '../../parts/call-words.js'
import { Choice, SelectField } from '../../parts/field.jsx'
import { FilterFields } from '../../parts/filter-fields.jsx'
import { countOf } from '../../parts/format.js'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
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
    refusal: values.refusal || undefined,
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
        <RefusalChoice code={values.refusal ?? ''} onChange={(refusal) => change({ refusal }, true)} />
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

/** Only what was refused for one reason. One that the address names and no word is known for can be chosen as well. */
function RefusalChoice({ code, onChange }: { code: string; onChange: (code: string) => void }) {
  const codes = new Set(Object.keys(refusalWords).concat(code === '' ? [] : code))
  return (
    <SelectField label="Refused for" value={code} onChange={(event) => onChange(event.target.value)} className="w-44">
      <option value="">anything, or not</option>
      {[...codes].map((each) => (
        <option key={each} value={each}>
          {refusalWord(each)}
        </option>
      ))}
    </SelectField>
  )
}

function CallTable({ calls, hasMore }: { calls: readonly ApiCall[]; hasMore: boolean }) {
  return (
    <TablePanel
      title={countOf(calls.length, 'call')}
      hint={hasMore ? 'and more' : undefined}
      caption="Calls"
      fileName="calls"
      columns={callColumns}
      rows={calls}
      rowKey={({ id }) => id}
      href={({ id }) => callHref(id)}
      isSortable={false}
      empty={
        <EmptyState
          title="No calls here"
          text="None in this period that the filters let through."
          command="runguard run -- claude"
        />
      }
    />
  )
}
