/** The prompt cache: what was read, what it saved, and what was missed. */

import type { ApiCache } from '@runguard/gateway/api'
import { useCacheReport } from '../../api/queries.js'
import { formatCount, formatMoney, formatMoneyShort, formatShare, formatWhole, readable } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Money, Saving } from '../../parts/money.jsx'
import { BehindMark, EmptyState } from '../../parts/notice.jsx'
import { Figure, Panel, ScreenHead } from '../../parts/panel.jsx'
import { PeriodChoice, usePeriod } from '../../parts/period.jsx'
import { type Column, CsvButton, Table } from '../../parts/table.jsx'
import { TimeChart } from '../../parts/time-chart.jsx'
import { callHref } from '../../parts/url-state.js'

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
      <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-4">
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
      </dl>
    </Panel>
  )
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
    cell: ({ kind }) => <span className="first-letter:uppercase">{readable(kind)}</span>,
    value: ({ kind }) => kind,
    isWide: true,
  },
  { title: 'Calls', cell: ({ calls }) => formatWhole(calls), value: ({ calls }) => calls, isNumber: true },
  {
    title: 'Tokens paid again',
    cell: ({ lostTokens }) => formatCount(lostTokens),
    value: ({ lostTokens }) => lostTokens,
    isNumber: true,
  },
  {
    title: 'Lost',
    cell: ({ lostNano }) => <Money nano={lostNano} isEstimated className="font-medium" />,
    value: ({ lostNano }) => lostNano / 1e9,
    isNumber: true,
  },
]

function Misses({ misses }: { misses: readonly Miss[] }) {
  return (
    <Panel
      title="Misses by reason"
      hint="a row leads to the call that lost most"
      isFlush
      actions={<CsvButton name="cache-misses" columns={MISS_COLUMNS} rows={misses} />}
    >
      {misses.length === 0 ? (
        <EmptyState title="No misses" text="Everything that was sent before and could have been read was read." />
      ) : (
        <Table
          caption="Misses by reason"
          columns={MISS_COLUMNS}
          rows={misses}
          rowKey={({ kind }) => kind}
          href={({ worstCall }) => callHref(worstCall)}
        />
      )}
    </Panel>
  )
}

type Model = ApiCache['models'][number]

const MODEL_COLUMNS: readonly Column<Model>[] = [
  { title: 'Model', cell: ({ model }) => <bdi>{model}</bdi>, value: ({ model }) => model, isWide: true },
  { title: 'Calls', cell: ({ calls }) => formatWhole(calls), value: ({ calls }) => calls, isNumber: true },
  { title: 'Read', cell: ({ tokens }) => formatCount(tokens.read), value: ({ tokens }) => tokens.read, isNumber: true },
  {
    title: 'Written 5 min',
    cell: ({ tokens }) => formatCount(tokens.write5m),
    value: ({ tokens }) => tokens.write5m,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Written 1 h',
    cell: ({ tokens }) => formatCount(tokens.write1h),
    value: ({ tokens }) => tokens.write1h,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Hit ratio',
    cell: ({ hitRatio }) => formatShare(hitRatio),
    value: ({ hitRatio }) => hitRatio,
    isNumber: true,
  },
  {
    title: 'Saved',
    cell: ({ savedNano }) => <Saving nano={savedNano} className="font-medium" />,
    value: ({ savedNano }) => savedNano / 1e9,
    isNumber: true,
  },
]

function Models({ models }: { models: readonly Model[] }) {
  if (models.length === 0) return null
  return (
    <Panel title="By model" isFlush actions={<CsvButton name="cache-by-model" columns={MODEL_COLUMNS} rows={models} />}>
      <Table caption="Cache by model" columns={MODEL_COLUMNS} rows={models} rowKey={({ model }) => model} />
    </Panel>
  )
}
