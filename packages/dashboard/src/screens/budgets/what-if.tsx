/** What a limit would have done to the calls of the past days. */

import type { ApiBudgetBody, ApiWhatIf, ApiWhatIfBody } from '@runguard/gateway/api'
import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import { useChange } from '../../api/changes.js'
import { currentTime } from '../../api/live.js'
import { Button } from '../../parts/button.jsx'
import { Choice } from '../../parts/field.jsx'
import { formatFull, formatMoment, formatMoney, formatShare, formatWhole } from '../../parts/format.js'
import { Failure } from '../../parts/notice.jsx'

const DAY_MS = 86_400_000
const DAYS = [
  ['1', 'day'],
  ['7', '7 days'],
  ['30', '30 days'],
] as const

/** Tries the limit when asked, and says of which limit its answer is when the form has changed since. */
export function WhatIf({ body }: { body: ApiBudgetBody }) {
  const [days, setDays] = useState<(typeof DAYS)[number][0]>('7')
  const run = useChange<ApiWhatIfBody, ApiWhatIf>(
    (input) => ({ method: 'POST', path: 'budgets/what-if', body: input }),
    [],
  )
  const tried = run.variables
  const isOld =
    tried !== undefined &&
    (tried.limitNano !== body.limitNano || tried.scope !== body.scope || tried.window !== body.window)
  const start = () => run.mutate(inputOf(body, Number(days), currentTime()))
  return (
    <section aria-label="What if" className="rounded-lg border border-line bg-canvas p-3">
      <div className="flex flex-wrap items-center gap-2">
        <Button isSmall isBusy={run.isPending} onClick={start}>
          <FlaskConical size={13} aria-hidden />
          Try it on the last
        </Button>
        <Choice label="How far back" value={days} options={DAYS} onChange={setDays} />
      </div>
      <div aria-live="polite" className="mt-2 text-sm">
        {run.error ? <Failure error={run.error} /> : null}
        {run.data && isOld ? (
          <p className="text-xs text-ink-3">With {formatMoney(tried.limitNano)}, before the last change:</p>
        ) : null}
        {run.data ? (
          <Outcome result={run.data} />
        ) : (
          <p className="text-xs text-ink-3">Shows which calls this limit would have refused, before you save it.</p>
        )}
      </div>
    </section>
  )
}

function inputOf({ scope, limitNano, window, timeZone }: ApiBudgetBody, days: number, until: number): ApiWhatIfBody {
  const since = until - days * DAY_MS
  return { scope, limitNano, since, until, ...(window && { window }), ...(timeZone && { timeZone }) }
}

function Outcome({ result }: { result: ApiWhatIf }) {
  if (result.calls === 0) return <p className="text-ink-2">It would have met no call.</p>
  return (
    <>
      <p className="text-ink-2">
        Of {formatWhole(result.calls)} calls ({formatMoney(result.costNano)}) it would have refused{' '}
        <strong className="font-semibold text-ink">
          {formatWhole(result.refusedCalls)} ({formatMoney(result.refusedNano)},{' '}
          {formatShare(result.refusedCalls / result.calls)})
        </strong>
        {result.firstRefusedAt === null ? '' : `, the first on ${formatFull(result.firstRefusedAt)}`}. The dearest
        period cost {formatMoney(result.peakNano)}.
        {result.isTruncated ? ' There were more calls than were looked at.' : ''}
      </p>
      {result.windows.length === 0 ? null : (
        <ul className="mt-2 space-y-0.5 text-xs text-ink-2">
          {result.windows.slice(0, 4).map((window) => (
            <li key={`${window.scope} ${window.windowStart}`} className="flex gap-3 tabular-nums">
              <bdi className="min-w-0 flex-1 truncate">{window.scope}</bdi>
              <span>{formatMoment(window.windowStart)}</span>
              <span>{formatWhole(window.refusedCalls)} refused</span>
              <span className="w-16 text-right">{formatMoney(window.refusedNano)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
