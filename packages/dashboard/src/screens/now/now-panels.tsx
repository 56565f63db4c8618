/** The smaller panels of the first screen. */

import type { ApiOverview, ApiSaving } from '@runguard/gateway/api'
import { Bell, Repeat2 } from 'lucide-react'
import { Link } from 'wouter'
import { Badge } from '../../parts/badge.jsx'
import { BudgetBar } from '../../parts/budget-bar.jsx'
import { classes } from '../../parts/class-names.js'
import { useNow } from '../../parts/clock.js'
import { countOf, formatAge, formatMoney, readable } from '../../parts/format.js'
import { Money, Saving } from '../../parts/money.jsx'
import { EmptyState } from '../../parts/notice.jsx'
import { Panel } from '../../parts/panel.jsx'
import { type Column, CsvButton } from '../../parts/table.jsx'
import { aboutHref, sessionHref } from '../../parts/url-state.js'

/** Open alerts, the most serious ones first. Nothing if there is none. */
export function AlertStrip({ alerts }: { alerts: ApiOverview['openAlerts'] }) {
  const nowMs = useNow()
  if (alerts.length === 0) return null
  const hasCritical = alerts.some(({ severity }) => severity === 'critical')
  return (
    <section
      aria-label="Open alerts"
      className={classes('rounded-lg px-4 py-2.5', hasCritical ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn')}
    >
      <ul className="space-y-1">
        {alerts.slice(0, 3).map((alert) => (
          <li key={alert.id} className="flex min-w-0 flex-wrap items-baseline gap-x-2 text-sm sm:flex-nowrap">
            <Bell size={13} aria-hidden className="shrink-0 self-center" />
            <Link
              href={aboutHref(alert)}
              className="min-w-0 font-medium break-words underline underline-offset-2 sm:max-w-[60%] sm:truncate"
            >
              <bdi>{alert.title}</bdi>
            </Link>
            <bdi className="min-w-0 truncate">{alert.detail}</bdi>
            <span className="ml-auto shrink-0 text-xs">{formatAge(alert.openedAt, nowMs)}</span>
          </li>
        ))}
      </ul>
      <Link href="/alerts" className="mt-1 inline-block text-xs font-medium underline">
        {alerts.length > 3 ? `All ${alerts.length} open alerts` : 'All alerts'}
      </Link>
    </section>
  )
}

const SAVING_COLUMNS: readonly Column<ApiSaving>[] = [
  { title: 'Lever', cell: () => null, value: ({ lever }) => lever },
  { title: 'Saved', cell: () => null, value: ({ savedNano }) => savedNano / 1e9 },
  { title: 'Calls', cell: () => null, value: ({ calls }) => calls },
  { title: 'Estimated', cell: () => null, value: ({ isEstimated }) => isEstimated },
]

/** What each lever saved this month, to the left of the line where it lost money. */
export function SavedByLever({ savings }: { savings: readonly ApiSaving[] }) {
  const most = Math.max(1, ...savings.map(({ savedNano }) => Math.abs(savedNano)))
  const hasLoss = savings.some(({ savedNano }) => savedNano < 0)
  return (
    <Panel
      title="Saved by lever"
      hint="this month"
      actions={<CsvButton name="savings" columns={SAVING_COLUMNS} rows={savings} />}
    >
      {savings.length === 0 ? (
        <EmptyState
          title="Nothing saved yet"
          text="Caching, routing, batches and budgets that run low show here what they saved, and what they lost."
        />
      ) : (
        <table className="w-full text-sm">
          <caption className="sr-only">Saved by lever, this month</caption>
          <tbody>
            {savings.map((saving) => (
              <tr key={saving.lever}>
                <th scope="row" className="w-20 py-1.5 text-left font-normal capitalize">
                  {readable(saving.lever)}
                </th>
                <td className="px-3" aria-hidden>
                  <SignedBar share={saving.savedNano / most} hasLoss={hasLoss} />
                </td>
                <td className="w-24 text-right" title={countOf(saving.calls, 'call')}>
                  <Saving nano={saving.savedNano} isEstimated={saving.isEstimated} className="font-medium" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

function SignedBar({ share, hasLoss }: { share: number; hasLoss: boolean }) {
  const width = `${Math.abs(share) * 100}%`
  return (
    <div className="flex h-2.5">
      {hasLoss ? (
        <div className="flex w-1/3 justify-end border-r border-line-strong">
          {share < 0 ? <div className="rounded-l-sm bg-bad" style={{ width }} /> : null}
        </div>
      ) : null}
      <div className="flex flex-1">
        {share > 0 ? <div className="rounded-r-sm bg-accent" style={{ width }} /> : null}
      </div>
    </div>
  )
}

/** The budgets that are used most. */
export function FullestBudgets({ budgets }: { budgets: ApiOverview['budgets'] }) {
  return (
    <Panel
      title="Budgets used most"
      actions={
        <Link href="/budgets" className="px-2 text-xs font-medium text-accent hover:underline">
          All budgets
        </Link>
      }
    >
      {budgets.length === 0 ? (
        <EmptyState
          title="No budgets yet"
          text="Without one, nothing is ever refused."
          command="runguard budget add '$20' --per day"
        />
      ) : (
        <ul className="space-y-3">
          {budgets.map((budget) => (
            <BudgetLine key={budget.id} budget={budget} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

function BudgetLine({ budget }: { budget: ApiOverview['budgets'][number] }) {
  const account = budget.accounts[0]
  const [spentNano, heldNano] = [account?.spentNano ?? 0, account?.heldNano ?? 0]
  const limitNano = account?.limitNano ?? budget.limitNano
  return (
    <li>
      <div className="mb-1 flex items-baseline justify-between gap-3 text-sm">
        <bdi className="truncate">{budget.name ?? budget.id}</bdi>
        <span className="shrink-0 text-xs text-ink-3 tabular-nums">
          <Money nano={spentNano} className="font-medium text-ink" /> of {formatMoney(limitNano)} a {budget.window}
        </span>
      </div>
      <BudgetBar
        label={`Budget ${budget.name ?? budget.id}`}
        {...{ spentNano, heldNano, limitNano }}
        thresholds={budget.thresholds}
      />
    </li>
  )
}

/** Sessions with a call in the last minutes. */
export function LiveSessions({ sessions }: { sessions: ApiOverview['activeSessions'] }) {
  const nowMs = useNow()
  return (
    <Panel title="Active sessions" hint="with a call in the last 15 minutes">
      {sessions.length === 0 ? (
        <EmptyState title="No session is active" />
      ) : (
        <ul className="-mx-2">
          {sessions.slice(0, 8).map((session) => (
            <li key={session.id}>
              <Link
                href={sessionHref(session.id)}
                className="flex h-8 items-center gap-2 rounded-md px-2 text-sm hover:bg-canvas"
              >
                <bdi className="min-w-0 flex-1 truncate">{session.id}</bdi>
                {session.isLooping ? (
                  <Badge tone="bad" icon={Repeat2}>
                    loop
                  </Badge>
                ) : null}
                <span className="shrink-0 text-xs text-ink-3">{formatAge(session.lastAt, nowMs)}</span>
                <Money
                  nano={session.costNano}
                  isEstimated={session.estimatedCalls > 0}
                  className="min-w-16 text-right font-medium"
                />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
