/** One call: what it cost and why, and what was decided about it. */

import type { ApiCallDetail } from '@runguard/gateway/api'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useCall } from '../../api/queries.js'
import { CallBadges, ModelName } from '../../parts/call-columns.jsx'
import { isSavingEstimated, promptTokens } from '../../parts/call-words.js'
import { formatCount, formatDuration, formatFull, formatShare } from '../../parts/format.js'
import { Loaded } from '../../parts/loaded.jsx'
import { Money, Saving } from '../../parts/money.jsx'
import { Command } from '../../parts/notice.jsx'
import { Facts, Figure, Panel, ScreenHead } from '../../parts/panel.jsx'
import { sessionHref, useUrlState } from '../../parts/url-state.js'
import { CacheOfCall } from './call-cache.jsx'
import { Decisions } from './call-decisions.jsx'
import { PriceLines } from './price-lines.jsx'
import { Tries } from './tries.jsx'

/** The screen of a call. */
export function OneCall() {
  const [{ id = '' }] = useUrlState()
  const query = useCall(id)
  return (
    <>
      <ScreenHead
        title={<span className="font-mono text-lg break-all">{id}</span>}
        lead={query.data ? `${formatFull(query.data.startedAt)} · ${query.data.target}` : 'A call to the model'}
      >
        <Command text={`runguard explain ${id}`} />
      </ScreenHead>
      <Loaded query={query} lines={10}>
        {(call) => (
          <div className="space-y-4">
            <Headline call={call} />
            <PriceLines call={call} />
            <Tries call={call} />
            <div className="grid items-start grid-cols-1 gap-4 xl:grid-cols-2">
              <div className="space-y-4">
                <Decisions call={call} />
                <Account call={call} />
              </div>
              <div className="space-y-4">
                <CacheOfCall call={call} />
                <Transport call={call} />
              </div>
            </div>
          </div>
        )}
      </Loaded>
    </>
  )
}

function Headline({ call }: { call: ApiCallDetail }) {
  const { tokens } = call
  return (
    <Panel>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-3 xl:grid-cols-5">
        <Figure
          label="Cost"
          value={
            call.ending.kind === 'unmetered' ? (
              'not metered'
            ) : (
              <Money nano={call.costNano} isEstimated={call.isEstimated} />
            )
          }
          note={<CallBadges call={call} />}
        />
        <Figure
          label="Saved"
          value={<Saving nano={call.savedNano} isEstimated={call.savedNano !== 0 && isSavingEstimated(call)} />}
          note="by caching and routing"
        />
        <Figure
          label="Prompt"
          value={formatCount(promptTokens(call))}
          note={call.hitRatio === null ? 'nothing was sent' : `tokens, ${formatShare(call.hitRatio)} read from cache`}
        />
        <Figure label="Output" value={formatCount(tokens.output)} note="tokens" />
        <Figure label="Took" value={formatDuration(call.durationMs)} note={tookWords(call)} />
      </dl>
    </Panel>
  )
}

function tookWords({ headMs, overheadMs }: ApiCallDetail): string {
  const own = `RunGuard ${overheadMs.toFixed(1)} ms`
  return headMs === null ? own : `first byte after ${formatDuration(headMs)}, ${own}`
}

function Account({ call: { scope } }: { call: ApiCallDetail }) {
  const session = scope.session
  const rows: (readonly [string, ReactNode])[] = [
    [
      'Session',
      session === null ? null : (
        <Link key="session" href={sessionHref(session)} className="text-accent hover:underline">
          <bdi>{session}</bdi>
        </Link>
      ),
    ],
    ['Agent', scope.agent],
    ['Started by', scope.parentAgent],
    ['User', scope.user],
    ['Team', scope.team],
    ['Project', scope.project],
    ['Key', scope.key],
    ['Task', scope.task],
    ['Tags', scope.tags.length === 0 ? null : scope.tags.join(', ')],
  ]
  const known = rows.filter(([, value]) => value !== null)
  return (
    <Panel title="On whose account">
      {known.length === 0 ? <p className="text-sm text-ink-3">It named nobody.</p> : <Facts rows={known} />}
    </Panel>
  )
}

function Transport({ call }: { call: ApiCallDetail }) {
  return (
    <Panel title="Transport">
      <Facts
        rows={[
          ['Model', <ModelName key="model" model={call.model} asked={call.requestedModel} />],
          ['Status', call.status ?? (call.ending.reason === 'refused' ? 'not sent' : 'no answer')],
          ['Ended', `${call.ending.kind}, ${call.ending.reason}`],
          ['Kind', call.isStream ? 'streamed' : 'whole answer'],
          ['Client', call.client ?? 'unnamed'],
          ['Request', `${formatCount(call.requestBytes)} bytes`],
          ['Answer', `${formatCount(call.responseBytes)} bytes`],
          ['Id of the API', call.upstreamId ?? 'none'],
        ]}
      />
    </Panel>
  )
}
