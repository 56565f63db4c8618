/** Sessions: runs of agents and conversations. */

import type { ApiSessionRow } from '@runguard/gateway/api'
import { Ban, Repeat2, ShieldOff } from 'lucide-react'
import { useSessions } from '../../api/queries.js'
import { Badge } from '../../parts/badge.jsx'
import { useNow } from '../../parts/clock.js'
import { countOf, formatAge, formatDuration, formatFull, formatShare, formatWhole } from '../../parts/format.js'
import { Money, Saving } from '../../parts/money.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { Panel, ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import { type Column, CsvButton, Table } from '../../parts/table.jsx'
import { sessionHref } from '../../parts/url-state.js'

/** The list, the last seen first. */
export function Sessions() {
  const period = usePeriod('24h')
  const query = useSessions({ since: period.since, until: period.until, limit: 100 })
  return (
    <>
      <ScreenHead title="Sessions">
        <PeriodChoice period={period} />
      </ScreenHead>
      <Paged query={query}>
        {(sessions) => (
          <Panel
            title={countOf(sessions.length, 'session')}
            hint={query.hasNextPage ? 'and more' : 'the last seen first'}
            isFlush
            actions={<CsvButton name="sessions" columns={COLUMNS} rows={sessions} />}
          >
            {sessions.length === 0 ? (
              <EmptyState
                title="No session in this period"
                text="Calls belong to a session when their client names one, or when their conversations begin the same."
                command="runguard run -- claude"
              />
            ) : (
              <Table
                caption="Sessions"
                columns={COLUMNS}
                rows={sessions}
                rowKey={({ id }) => id}
                href={({ id }) => sessionHref(id)}
              />
            )}
          </Panel>
        )}
      </Paged>
    </>
  )
}

/** What stands in the way of a session. */
export function SessionBadges({ session }: { session: ApiSessionRow }) {
  return (
    <span className="inline-flex gap-1">
      {session.breaker === 'closed' ? null : (
        <Badge tone="bad" icon={Ban}>
          {session.breaker === 'held' ? 'held' : `breaker ${session.breaker}`}
        </Badge>
      )}
      {session.isLooping ? (
        <Badge tone="bad" icon={Repeat2}>
          loop
        </Badge>
      ) : null}
      {session.isExempt ? <Badge icon={ShieldOff}>loops not looked for</Badge> : null}
    </span>
  )
}

function LastSeen({ at }: { at: number }) {
  const nowMs = useNow()
  return <time title={formatFull(at)}>{formatAge(at, nowMs)}</time>
}

const COLUMNS: readonly Column<ApiSessionRow>[] = [
  { title: 'Session', cell: ({ id }) => <bdi>{id}</bdi>, value: ({ id }) => id, isWide: true },
  {
    title: 'State',
    cell: (session) => <SessionBadges session={session} />,
    value: ({ breaker, isLooping }) => (isLooping ? 'loop' : breaker),
  },
  { title: 'User', cell: ({ user }) => <bdi>{user ?? ''}</bdi>, value: ({ user }) => user, isExtra: true },
  {
    title: 'Project',
    cell: ({ project }) => <bdi>{project ?? ''}</bdi>,
    value: ({ project }) => project,
    isExtra: true,
  },
  { title: 'Last call', cell: ({ lastAt }) => <LastSeen at={lastAt} />, value: ({ lastAt }) => lastAt, isNumber: true },
  {
    title: 'Length',
    cell: ({ firstAt, lastAt }) => formatDuration(lastAt - firstAt),
    value: ({ firstAt, lastAt }) => lastAt - firstAt,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Agents',
    cell: ({ agents }) => (agents === 0 ? '' : formatWhole(agents)),
    value: ({ agents }) => agents,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Calls',
    cell: ({ calls }) => formatWhole(calls),
    value: ({ calls }) => calls,
    isNumber: true,
    isDetail: true,
  },
  {
    title: 'Cached',
    cell: ({ hitRatio }) => formatShare(hitRatio),
    value: ({ hitRatio }) => hitRatio,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Saved',
    cell: ({ savedNano }) => <Saving nano={savedNano} />,
    value: ({ savedNano }) => savedNano / 1e9,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Cost',
    cell: ({ costNano }) => <Money nano={costNano} className="font-medium" />,
    value: ({ costNano }) => costNano / 1e9,
    isNumber: true,
  },
]
