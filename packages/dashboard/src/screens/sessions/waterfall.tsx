/** The calls of a session, one under the other, on one line of time. */

import type { ApiSessionDetail } from '@runguard/gateway/api'
import { ListStart } from 'lucide-react'
import { Link } from 'wouter'
import { Badge } from '../../parts/badge.jsx'
import { CallBadges, ModelName } from '../../parts/call-columns.jsx'
import { promptTokens } from '../../parts/call-words.js'
import { classes } from '../../parts/class-names.js'
import { formatClock, formatCount, formatDuration, formatMoney, formatShare } from '../../parts/format.js'
import { Money } from '../../parts/money.jsx'
import { callHref } from '../../parts/url-state.js'
import { failedTries } from './failed-tries.js'
import { layTimeline, type Span, type Timeline } from './timeline.js'

type SessionCall = ApiSessionDetail['calls'][number]

/** The waterfall. Of each bar the dark part is what was read from the cache, as a share of the prompt. */
export function Waterfall({ calls, depths }: { calls: readonly SessionCall[]; depths: ReadonlyMap<string, number> }) {
  const timeline = layTimeline(calls)
  const failed = failedTries(calls)
  return (
    <section
      aria-label="Waterfall of calls"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be in reach of the keyboard
      tabIndex={0}
      className="relative overflow-x-auto"
    >
      <div className="sm:min-w-[46rem]">
        <Head timeline={timeline} />
        <ol>
          {calls.map((call, index) => (
            <Row
              key={call.id}
              call={call}
              span={timeline.spans[index]}
              depth={depths.get(call.scope.agent ?? '') ?? 0}
              isFailedTry={failed.has(call.id)}
            />
          ))}
        </ol>
      </div>
    </section>
  )
}

/** On phones the cost has to be in sight: the bars and the prompt are left out. */
const GRID =
  'grid grid-cols-[3.5rem_minmax(0,1fr)_4.5rem] items-center gap-3 px-4 sm:grid-cols-[4.25rem_11rem_minmax(0,1fr)_5.5rem_5rem]'

function Head({ timeline }: { timeline: Timeline }) {
  return (
    <div className={classes(GRID, 'h-8 border-y border-line text-xs font-medium text-ink-3')}>
      <span>Time</span>
      <span>Agent and model</span>
      <div className="relative hidden h-full sm:block">
        {timeline.folds.slice(0, 12).map(({ at, pauseMs }) => (
          <span
            key={at}
            title={`${formatDuration(pauseMs)} without a call`}
            className="absolute top-1.5 -translate-x-1/2 rounded bg-sunken px-1 text-2xs font-normal whitespace-nowrap"
            style={{ left: `${at * 100}%` }}
          >
            ⋯ {formatDuration(pauseMs)}
          </span>
        ))}
      </div>
      <span className="hidden text-right sm:block">Prompt</span>
      <span className="text-right">Cost</span>
    </div>
  )
}

interface RowProps {
  readonly call: SessionCall
  readonly span: Span | undefined
  readonly depth: number
  /** A try of a cascade whose answer was not good enough. */
  readonly isFailedTry: boolean
}

function Row({ call, span, depth, isFailedTry }: RowProps) {
  const { scope } = call
  return (
    <li className={classes(GRID, 'relative h-8 border-b border-line last:border-b-0 hover:bg-canvas')}>
      <Link
        href={callHref(call.id)}
        className="text-xs text-ink-3 tabular-nums after:absolute after:inset-0"
        aria-label={`Call at ${formatClock(call.startedAt)}, ${formatMoney(call.costNano)}`}
      >
        {formatClock(call.startedAt)}
      </Link>
      <span className="flex min-w-0 items-center gap-1.5 text-xs" style={{ paddingLeft: Math.min(depth, 4) * 12 }}>
        {depth > 0 ? (
          <span
            aria-hidden
            className="h-3 w-2 shrink-0 -translate-y-1 rounded-bl border-b border-l border-line-strong"
          />
        ) : null}
        <bdi className="max-w-24 shrink-0 truncate text-ink-2" title={scope.agent ?? 'main'}>
          {scope.agent ?? 'main'}
        </bdi>
        <span className="truncate text-ink-3">
          <ModelName model={call.model} />
        </span>
        <span className="ml-auto shrink-0 sm:hidden">
          <Marks call={call} isFailedTry={isFailedTry} />
        </span>
      </span>
      <Bar call={call} span={span} isFailedTry={isFailedTry} />
      <span className="hidden text-right text-xs tabular-nums sm:block">
        {formatCount(promptTokens(call))} <span className="text-ink-3">{formatShare(call.hitRatio)}</span>
      </span>
      <Money nano={call.costNano} isEstimated={call.isEstimated} className="text-right text-xs font-medium" />
    </li>
  )
}

/** Its badges, and which try of a cascade it was. */
function Marks({ call, isFailedTry }: Pick<RowProps, 'call' | 'isFailedTry'>) {
  const { cascade } = call
  return (
    <span className="inline-flex gap-1">
      {cascade === null ? null : (
        <Badge tone={isFailedTry ? 'warn' : 'good'} icon={ListStart}>
          {`try ${cascade.attempt}${isFailedTry ? ': not good enough' : ''}`}
        </Badge>
      )}
      <CallBadges call={call} />
    </span>
  )
}

function Bar({ call, span, isFailedTry }: Omit<RowProps, 'depth'>) {
  if (span === undefined) return <span className="hidden sm:block" />
  const isRefused = call.ending.reason === 'refused'
  const isMiss = call.missKind !== null
  return (
    <div className="relative hidden h-full sm:block">
      <div
        className={classes(
          'absolute top-2.5 h-3 min-w-[3px] overflow-hidden rounded-[3px]',
          !isRefused && (isMiss ? 'bg-series-2/45' : 'bg-accent/30'),
          isRefused && 'border border-bad',
        )}
        style={{ left: `${span.start * 100}%`, width: `${span.width * 100}%` }}
        title={`${formatDuration(call.durationMs)}${isMiss ? `, cache missed: ${call.missKind}` : ''}`}
      >
        <div
          className={isMiss ? 'h-full bg-series-2' : 'h-full bg-accent'}
          style={{ width: `${isRefused ? 0 : (call.hitRatio ?? 0) * 100}%` }}
        />
      </div>
      <span className="pointer-events-none absolute top-1.5" style={markPlace(span)}>
        <Marks call={call} isFailedTry={isFailedTry} />
      </span>
    </div>
  )
}

/** Marks stand behind a bar, or in front of it where there is no room. */
function markPlace({ start, width }: Span) {
  const end = start + width
  return end < 0.72 ? { left: `calc(${end * 100}% + 6px)` } : { right: `calc(${(1 - start) * 100}% + 6px)` }
}
