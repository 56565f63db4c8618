/** What is going on now. */

import type { ApiOverview } from '@runguard/gateway/api'
import { useState } from 'react'
import { Link } from 'wouter'
import { currentTime } from '../../api/live.js'
import { useOverview } from '../../api/queries.js'
import { recentColumns } from '../../parts/call-columns.jsx'
import { countOf, formatMoney, formatMoneyShort, formatShare, formatWhole } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Saving } from '../../parts/money.jsx'
import { BehindMark, EmptyState } from '../../parts/notice.jsx'
import { Figure, Panel, ScreenHead } from '../../parts/panel.jsx'
import { CsvButton, Table } from '../../parts/table.jsx'
import { TimeChart } from '../../parts/time-chart.jsx'
import { callHref } from '../../parts/url-state.js'
import { HeldBack } from './held-back.jsx'
import { AlertStrip, FullestBudgets, LiveSessions, SavedByLever } from './now-panels.jsx'

/** The first screen. */
export function Now() {
  const query = useOverview()
  return (
    <>
      <ScreenHead title="Now" />
      <Loaded query={query} lines={12}>
        {(overview) => (
          <div className="space-y-4">
            <BehindMark isBehind={overview.isBehind} />
            <AlertStrip alerts={overview.openAlerts} />
            <Headline overview={overview} />
            <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
              <div className="min-w-0 space-y-4">
                <LastHour overview={overview} />
                <RecentCalls overview={overview} />
              </div>
              <div className="min-w-0 space-y-4">
                <SavedByLever savings={overview.savings} />
                <HeldBack overview={overview} />
                <FullestBudgets budgets={overview.budgets} />
                <LiveSessions sessions={overview.activeSessions} />
              </div>
            </div>
          </div>
        )}
      </Loaded>
    </>
  )
}

function Headline({ overview }: { overview: ApiOverview }) {
  const { today, month, burnNanoPerMinute, hitRatio, runningCalls, activeSessions } = overview
  const notes = [
    countOf(today.calls, 'call'),
    today.estimatedCalls > 0 ? `${formatWhole(today.estimatedCalls)} estimated` : null,
    today.refusedCalls > 0 ? `${formatWhole(today.refusedCalls)} refused` : null,
  ].filter((note) => note !== null)
  return (
    <Panel>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-3 xl:grid-cols-6">
        <Figure
          label="Spent today"
          value={<span data-testid="spent-today">{formatMoney(today.costNano)}</span>}
          note={notes.join(', ')}
        />
        <Figure
          label="This month"
          value={formatMoney(month.costNano)}
          note={
            month.forecastNano === null
              ? `${formatWhole(month.calls)} calls`
              : `heading for ${formatMoney(month.forecastNano)} est.`
          }
        />
        <Figure label="Burn rate" value={formatMoney(burnNanoPerMinute)} note="a minute, over the last five" />
        <SavedFigure overview={overview} />
        <Figure label="Prompt read from cache" value={formatShare(hitRatio)} note="over the last 24 hours" />
        <Figure
          label="Running now"
          value={formatWhole(runningCalls)}
          note={`${formatWhole(activeSessions.length)} active sessions`}
        />
      </dl>
    </Panel>
  )
}

function SavedFigure({ overview: { savings, month } }: { overview: ApiOverview }) {
  const savedNano = savings.reduce((sum, saving) => sum + saving.savedNano, 0)
  const isEstimated = savings.some((saving) => saving.isEstimated && saving.savedNano !== 0)
  return (
    <Figure
      label="Saved this month"
      value={<Saving nano={savedNano} isEstimated={isEstimated} />}
      note={shareSaved(savedNano, month.costNano)}
    />
  )
}

function shareSaved(savedNano: number, costNano: number): string {
  const without = savedNano + costNano
  return without > 0 ? `${formatShare(savedNano / without)} of what it would have cost` : 'nothing spent so far'
}

function LastHour({ overview }: { overview: ApiOverview }) {
  return (
    <TimeChart
      title="Last hour"
      hint="dollars each minute"
      name="last-hour"
      steps={overview.minutes.map(({ at }) => at)}
      series={[{ name: 'Spent', values: overview.minutes.map(({ costNano }) => costNano) }]}
      kind="bars"
      format={formatMoney}
      formatShort={formatMoneyShort}
      height={210}
      empty={
        <EmptyState
          title="No call in the last hour"
          text="Point a Claude client at this gateway, or let the command do it for one program."
          command="runguard run -- claude"
        />
      }
    />
  )
}

function RecentCalls({ overview }: { overview: ApiOverview }) {
  const calls = overview.recentCalls
  const [openedAt] = useState(currentTime)
  return (
    <Panel
      title="Latest calls"
      isFlush
      actions={
        <>
          <Link href="/calls" className="px-2 text-xs font-medium text-accent hover:underline">
            All calls
          </Link>
          <CsvButton name="latest-calls" columns={recentColumns} rows={calls} />
        </>
      }
    >
      {calls.length === 0 ? (
        <EmptyState
          title="No call yet"
          text="The first one appears here as soon as it has ended. The demo shows many, in a gateway of its own."
          command="runguard demo --keep"
        />
      ) : (
        <Table
          caption="Latest calls"
          columns={recentColumns}
          rows={calls.slice(0, 15)}
          rowKey={({ id }) => id}
          href={({ id }) => callHref(id)}
          rowClass={({ startedAt, durationMs }) => (startedAt + durationMs > openedAt ? 'fresh' : undefined)}
          isSortable={false}
        />
      )}
    </Panel>
  )
}
