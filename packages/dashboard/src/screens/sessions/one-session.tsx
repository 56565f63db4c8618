/** One session: its calls, what they cost together, and what stands in its way. */

import type { ApiSessionDetail } from '@runguard/gateway/api'
import type { ReactNode } from 'react'
import { useOneSession } from '../../api/queries.js'
import { callColumns } from '../../parts/call-columns.jsx'
import { isSavingEstimated } from '../../parts/call-words.js'
import { durationColumn, moneyColumn, nameColumn, wholeColumn } from '../../parts/columns.jsx'
import {
  formatDuration,
  formatFull,
  formatMoney,
  formatMoneyShort,
  formatShare,
  formatWhole,
} from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Money, Saving } from '../../parts/money.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { MoreButton } from '../../parts/pages.jsx'
import { Figure, Panel, ScreenHead } from '../../parts/panel.jsx'
import { type Column, CsvButton } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { TimeChart } from '../../parts/time-chart.jsx'
import { useUrlState } from '../../parts/url-state.js'
import { agentDepths } from './agent-tree.js'
import { costOfFailed } from './failed-tries.js'
import { reasonsAgainst } from './reasons-against.js'
import { SessionActions } from './session-actions.jsx'
import { SessionBadges } from './sessions.jsx'
import { Waterfall } from './waterfall.jsx'

/** The screen of a session. */
export function OneSession() {
  const [{ id = '' }] = useUrlState()
  const query = useOneSession(id)
  const pages = query.data?.pages
  const detail = pages?.[0] === undefined ? undefined : { ...pages[0], calls: pages.flatMap(({ calls }) => calls) }
  return (
    <>
      <ScreenHead
        title={<bdi className="break-all">{id}</bdi>}
        lead={
          detail
            ? `${formatFull(detail.session.firstAt)}, ${formatDuration(detail.session.lastAt - detail.session.firstAt)} long`
            : 'A session'
        }
      >
        {detail ? <SessionBadges session={detail.session} /> : null}
        {detail ? <SessionActions detail={detail} /> : null}
      </ScreenHead>
      <Loaded query={{ ...query, data: detail }} lines={12}>
        {(shown) => <Detail detail={shown} more={<MoreButton query={query} />} />}
      </Loaded>
    </>
  )
}

function Detail({ detail, more }: { detail: ApiSessionDetail; more: ReactNode }) {
  const { session, calls } = detail
  return (
    <div className="space-y-4">
      <InTheWay detail={detail} />
      <Headline detail={detail} />
      <TimeChart
        title="Cost so far"
        name={`cost-of-${session.id}`}
        steps={calls.map(({ startedAt }) => startedAt)}
        series={[{ name: 'Cost', values: calls.map(({ cumulativeNano }) => cumulativeNano) }]}
        kind="line"
        format={formatMoney}
        formatShort={formatMoneyShort}
        formatStep={formatFull}
        height={150}
        empty={<EmptyState title="This session cost nothing" />}
      />
      <Panel
        title="Calls"
        hint="the filled part of a bar was read from the cache; amber: a miss"
        isFlush
        actions={<CsvButton name={`session-${session.id}`} columns={callColumns} rows={calls} />}
      >
        <Waterfall calls={calls} depths={agentDepths(detail.agents)} />
        {more}
      </Panel>
      <Agents agents={detail.agents} />
    </div>
  )
}

/** What stops the session now, and why. */
function InTheWay({ detail }: { detail: ApiSessionDetail }) {
  const reasons = reasonsAgainst(detail)
  if (reasons.length === 0) return null
  return (
    <ul className="space-y-1 rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">
      {reasons.map((reason) => (
        <li key={reason}>
          <bdi>{reason}</bdi>
        </li>
      ))}
    </ul>
  )
}

function Headline({ detail }: { detail: ApiSessionDetail }) {
  const { session, calls } = detail
  const isEstimated = session.estimatedCalls > 0
  return (
    <Panel>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-5">
        <Figure
          label="Cost"
          value={<Money nano={session.costNano} isEstimated={isEstimated} />}
          note={failedWords(costOfFailed(calls), calls.length < session.calls)}
        />
        <Figure
          label="Saved"
          value={<Saving nano={session.savedNano} isEstimated={isEstimated || calls.some(isSavingEstimated)} />}
          note="by caching and routing"
        />
        <Figure label="Calls" value={formatWhole(session.calls)} />
        <Figure label="Agents" value={formatWhole(Math.max(1, detail.agents.length))} />
        <Figure label="Prompt read from cache" value={formatShare(session.hitRatio)} />
      </dl>
    </Panel>
  )
}

/** @param isPart true where not all calls have been read yet */
function failedWords(nano: number, isPart: boolean): string | undefined {
  if (nano === 0) return undefined
  return `${isPart ? 'at least ' : ''}${formatMoney(nano)} of it for tries that were not good enough`
}

type Agent = ApiSessionDetail['agents'][number]

function Agents({ agents }: { agents: readonly Agent[] }) {
  if (agents.length < 2) return null
  return (
    <TablePanel
      title="Agents"
      caption="Agents of the session"
      fileName="agents"
      columns={AGENT_COLUMNS}
      rows={agents}
      rowKey={({ agent }) => agent ?? ''}
    />
  )
}

const AGENT_COLUMNS: readonly Column<Agent>[] = [
  nameColumn('Agent', ({ agent }) => agent ?? 'main', { isWide: true }),
  nameColumn('Started by', ({ agent, parent }) => (agent === null ? null : (parent ?? 'main'))),
  wholeColumn('Calls', ({ calls }) => calls),
  durationColumn('Length', ({ firstAt, lastAt }) => lastAt - firstAt, { isDetail: true }),
  moneyColumn('Cost', ({ costNano }) => costNano, { isEstimated: ({ estimatedCalls }) => estimatedCalls > 0 }),
]
