/** The prompt cache: what was read, what it saved, and what was missed. */

import type { ApiCache, ApiUnread } from '@runguard/gateway/api'
import { useCacheReport } from '../../api/queries.js'
import {
  countColumn,
  modelColumn,
  moneyColumn,
  nameColumn,
  savingColumn,
  shareColumn,
  wholeColumn,
} from '../../parts/columns.jsx'
import {
  countOf,
  formatCount,
  formatMoment,
  formatMoney,
  formatMoneyShort,
  formatShare,
  formatWhole,
  readable,
} from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Money, Saving } from '../../parts/money.jsx'
import { BehindMark, EmptyState } from '../../parts/notice.jsx'
import { Figure, Panel, ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { TimeChart } from '../../parts/time-chart.jsx'
import { callHref, sessionHref } from '../../parts/url-state.js'

/** The screen of the cache. */
export function Cache() {
  const period = usePeriod('24h')
  const query = useCacheReport({ since: period.since, until: period.until })
  return (
    <>
      <ScreenHead title="Cache">
        <PeriodChoice period={period} />
      </ScreenHead>
      <Loaded query={query} lines={12}>
        {(cache) => (
          <div className="space-y-4">
            <BehindMark isBehind={cache.isBehind} />
            <Headline cache={cache} />
            <div className="grid grid-cols-1 gap-4 xl:grid-cols-2">
              <PromptChart cache={cache} />
              <SavedChart cache={cache} />
            </div>
            <Misses misses={cache.misses} />
            <Unread unread={cache.unread} isPart={cache.unread.calls < cache.calls} />
            <Models models={cache.models} />
          </div>
        )}
      </Loaded>
    </>
  )
}

function Headline({ cache }: { cache: ApiCache }) {
  const written = cache.tokens.write5m + cache.tokens.write1h
  const lostNano = cache.misses.reduce((sum, miss) => sum + miss.lostNano, 0)
  return (
    <Panel>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-3 xl:grid-cols-5">
        <Figure
          label="Prompt read from cache"
          value={formatShare(cache.hitRatio)}
          note={`of ${formatWhole(cache.calls)} calls`}
        />
        <Figure
          label="Saved"
          value={<Saving nano={cache.savedNano} />}
          note={
            <>
              of that by RunGuard’s markers <Money nano={cache.addedNano} />
            </>
          }
        />
        <Figure
          label="Lost to misses"
          value={<Money nano={lostNano} isEstimated={lostNano > 0} />}
          note="paid again instead of read"
        />
        <Figure label="Written" value={formatCount(written)} note={`tokens, ${formatCount(cache.tokens.read)} read`} />
        <UnreadFigure unread={cache.unread} />
      </dl>
    </Panel>
  )
}

function UnreadFigure({ unread: { tokens, lostNano } }: { unread: ApiUnread }) {
  const lost = (
    <>
      tokens, <Money nano={lostNano} isEstimated /> too much
    </>
  )
  return <Figure label="Written, never read" value={formatCount(tokens)} note={tokens === 0 ? 'tokens' : lost} />
}

function PromptChart({ cache }: { cache: ApiCache }) {
  const uncached = cache.promptTokens.map((tokens, index) => Math.max(0, tokens - (cache.readTokens[index] ?? 0)))
  return (
    <TimeChart
      title="Prompt tokens each hour"
      name="prompt-tokens"
      steps={cache.steps}
      series={[
        { name: 'Read from cache', values: cache.readTokens },
        { name: 'Not read', values: uncached, color: 8 },
      ]}
      kind="bars"
      format={formatCount}
      formatShort={formatCount}
      empty={<EmptyState title="No prompt in this period" command="runguard run -- claude" />}
    />
  )
}

function SavedChart({ cache }: { cache: ApiCache }) {
  return (
    <TimeChart
      title="Saved each hour"
      hint="below zero: written and not read"
      name="cache-saved"
      steps={cache.steps}
      series={[{ name: 'Saved', values: cache.savedNanoByStep }]}
      kind="bars"
      format={formatMoney}
      formatShort={formatMoneyShort}
      empty={<EmptyState title="Nothing saved and nothing lost" />}
    />
  )
}

type Miss = ApiCache['misses'][number]

const MISS_COLUMNS: readonly Column<Miss>[] = [
  {
    title: 'Reason',
    cell: ({ kind }) => <span className="inline-block first-letter:uppercase">{readable(kind)}</span>,
    value: ({ kind }) => kind,
    isWide: true,
  },
  wholeColumn('Calls', ({ calls }) => calls),
  countColumn('Tokens paid again', ({ lostTokens }) => lostTokens, { isDetail: true }),
  moneyColumn('Lost', ({ lostNano }) => lostNano, { isEstimated: () => true }),
]
function Misses({ misses }: { misses: readonly Miss[] }) {
  return (
    <TablePanel
      title="Misses by reason"
      hint="a row leads to the call that lost most"
      caption="Misses by reason"
      fileName="cache-misses"
      columns={MISS_COLUMNS}
      rows={misses}
      rowKey={({ kind }) => kind}
      href={({ worstCall }) => callHref(worstCall)}
      empty={<EmptyState title="No misses" text="Everything that was sent before and could have been read was read." />}
    />
  )
}

type UnreadOfSession = ApiUnread['sessions'][number]

const UNREAD_COLUMNS: readonly Column<UnreadOfSession>[] = [
  nameColumn('Session', ({ session }) => session ?? 'in no session', { isWide: true }),
  countColumn('Tokens', ({ tokens }) => tokens),
  moneyColumn('Paid too much', ({ lostNano }) => lostNano, { isEstimated: () => true }),
]

/** Another agent may have read some of it: what is said is what is known. */
function Unread({ unread, isPart }: { unread: ApiUnread; isPart: boolean }) {
  const { calls, since, sessions } = unread
  const part = isPart ? `; of ${countOf(calls, 'call')} since ${formatMoment(since)}` : ''
  return (
    <TablePanel
      title="Written and never read"
      hint={`by the same agent before it expired${part}`}
      caption="Written and never read"
      fileName="cache-unread"
      columns={UNREAD_COLUMNS}
      rows={sessions}
      rowKey={({ session }) => session ?? ''}
      href={({ session }) => (session === null ? null : sessionHref(session))}
      empty={
        <EmptyState
          title="Nothing was written in vain"
          text="What was written was read again, or is still alive. Writing costs more than plain input: it pays once it is read."
        />
      }
    />
  )
}

type Model = ApiCache['models'][number]

const MODEL_COLUMNS: readonly Column<Model>[] = [
  modelColumn('Model', ({ model }) => model, { isWide: true }),
  wholeColumn('Calls', ({ calls }) => calls),
  countColumn('Read', ({ tokens }) => tokens.read, { isDetail: true }),
  countColumn('Written 5 min', ({ tokens }) => tokens.write5m, { isExtra: true }),
  countColumn('Written 1 h', ({ tokens }) => tokens.write1h, { isExtra: true }),
  shareColumn('Hit ratio', ({ hitRatio }) => hitRatio),
  savingColumn('Saved', ({ savedNano }) => savedNano),
]
function Models({ models }: { models: readonly Model[] }) {
  if (models.length === 0) return null
  return (
    <TablePanel
      title="By model"
      caption="Cache by model"
      fileName="cache-by-model"
      columns={MODEL_COLUMNS}
      rows={models}
      rowKey={({ model }) => model}
    />
  )
}
