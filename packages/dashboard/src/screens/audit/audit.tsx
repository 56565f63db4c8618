/** The audit log: who changed or read what, and whether anybody touched the log. */

import type { ApiAuditEntry, ApiAuditVerification } from '@runguard/gateway/api'
import { useQueryClient } from '@tanstack/react-query'
import { ShieldCheck, ShieldX } from 'lucide-react'
import { useState } from 'react'
import { messageOf, read } from '../../api/client.js'
import { useAudit } from '../../api/queries.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Button } from '../../parts/button.jsx'
import { classes } from '../../parts/class-names.js'
import { FilterFields } from '../../parts/filter-fields.jsx'
import { formatWhole } from '../../parts/format.js'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { Panel, ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { useUrlState } from '../../parts/url-state.js'
import { auditColumns } from './audit-columns.jsx'

/** The screen of the audit log. */
export function Audit() {
  const reason = useReasonAgainst('admin')
  return (
    <>
      <ScreenHead
        title="Audit"
        lead="Every change and every sensitive look, in a chain: each entry is sealed with the one before it."
      />
      {reason === null ? (
        <Log />
      ) : (
        <Panel>
          <EmptyState title="Not for your role" text={reason} />
        </Panel>
      )}
    </>
  )
}

const FILTERS = ['action', 'actor', 'subject'] as const

function Log() {
  const [values, change] = useUrlState()
  const period = usePeriod('30d')
  const query = useAudit({
    ...Object.fromEntries(FILTERS.map((name) => [name, values[name]])),
    since: period.since,
    until: period.until,
    limit: 100,
  })
  return (
    <div className="space-y-4">
      <Verification />
      <div className="flex flex-wrap items-end justify-between gap-3">
        <FilterFields
          names={FILTERS}
          values={values}
          onChange={change}
          className="w-full grid-cols-3 sm:w-auto sm:max-w-2xl sm:flex-1"
        />
        <PeriodChoice period={period} />
      </div>
      <Paged query={query}>{(entries) => <Entries entries={entries} />}</Paged>
    </div>
  )
}

function Entries({ entries }: { entries: readonly ApiAuditEntry[] }) {
  return (
    <TablePanel
      title="Entries"
      hint="the newest first"
      caption="Audit log"
      fileName="audit"
      columns={auditColumns}
      rows={entries}
      rowKey={({ sequence }) => String(sequence)}
      isSortable={false}
      empty={<EmptyState title="No entries in this period" command="runguard audit tail" />}
    />
  )
}

/** Checks the whole chain when asked: it reads every entry. */
function Verification() {
  const queries = useQueryClient()
  const [state, setState] = useState<{ result?: ApiAuditVerification; error?: unknown; isBusy: boolean }>({
    isBusy: false,
  })
  const verify = async () => {
    setState({ isBusy: true })
    try {
      setState({ result: await read<ApiAuditVerification>('audit/verify'), isBusy: false })
      await queries.invalidateQueries({ queryKey: ['audit'] })
    } catch (error) {
      setState({ error, isBusy: false })
    }
  }
  return (
    <div className="flex flex-wrap items-center gap-3">
      <Button isBusy={state.isBusy} onClick={() => void verify()}>
        <ShieldCheck size={14} aria-hidden />
        Verify the chain
      </Button>
      <div role="status" className="min-w-0 text-sm">
        {state.result ? <Verdict result={state.result} /> : null}
        {state.error ? <span className="text-bad">{messageOf(state.error)}</span> : null}
      </div>
    </div>
  )
}

function Verdict({ result }: { result: ApiAuditVerification }) {
  const Icon = result.isSound ? ShieldCheck : ShieldX
  return (
    <div className={classes('flex flex-wrap items-baseline gap-x-2', result.isSound ? 'text-accent' : 'text-bad')}>
      <Icon size={15} aria-hidden className="self-center" />
      <span className="font-medium">
        {result.isSound
          ? `All ${formatWhole(result.entries)} entries are as they were written.`
          : 'The chain is broken.'}
      </span>
      {result.head === '' ? null : (
        <span className="font-mono text-xs text-ink-3">head {result.head.slice(0, 16)}</span>
      )}
      {result.findings.slice(0, 10).map(({ sequence, problem }) => (
        <p key={`${sequence} ${problem}`} className="w-full text-xs">
          Entry {sequence}: {problem}
        </p>
      ))}
    </div>
  )
}
