/** Sessions: runs of agents and conversations. */

import type { ApiSessionRow } from '@runguard/gateway/api'
import { Ban, Repeat2, ShieldOff } from 'lucide-react'
import { useSessions } from '../../api/queries.js'
import { Badge } from '../../parts/badge.jsx'
import {
  ageColumn,
  durationColumn,
  moneyColumn,
  nameColumn,
  savingColumn,
  shareColumn,
  wholeColumn,
} from '../../parts/columns.jsx'
import { countOf } from '../../parts/format.js'
import { EmptyState } from '../../parts/notice.jsx'
import { Paged } from '../../parts/pages.jsx'
import { ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
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
          <TablePanel
            title={countOf(sessions.length, 'session')}
            hint={query.hasNextPage ? 'and more' : 'the last seen first'}
            caption="Sessions"
            fileName="sessions"
            columns={COLUMNS}
            rows={sessions}
            rowKey={({ id }) => id}
            href={({ id }) => sessionHref(id)}
            empty={
              <EmptyState
                title="No session in this period"
                text="Calls belong to a session when their client names one, or when their conversations begin the same."
                command="runguard run -- claude"
              />
            }
          />
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

const COLUMNS: readonly Column<ApiSessionRow>[] = [
  nameColumn('Session', ({ id }) => id, { isWide: true }),
  {
    title: 'State',
    cell: (session) => <SessionBadges session={session} />,
    value: ({ breaker, isLooping }) => (isLooping ? 'loop' : breaker),
  },
  nameColumn('User', ({ user }) => user, { isExtra: true }),
  nameColumn('Project', ({ project }) => project, { isExtra: true }),
  ageColumn('Last call', ({ lastAt }) => lastAt),
  durationColumn('Length', ({ firstAt, lastAt }) => lastAt - firstAt, { isExtra: true }),
  wholeColumn('Calls', ({ calls }) => calls, { isDetail: true }),
  shareColumn('Cached', ({ hitRatio }) => hitRatio, { isExtra: true }),
  savingColumn('Saved', ({ savedNano }) => savedNano, { isExtra: true, isEstimated: hasEstimates }),
  moneyColumn('Cost', ({ costNano }) => costNano, { isEstimated: hasEstimates }),
]

function hasEstimates({ estimatedCalls }: ApiSessionRow): boolean {
  return estimatedCalls > 0
}
