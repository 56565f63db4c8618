/** What a limit would have done to the calls of the past days. */

import type { ApiBudgetBody, ApiWhatIf, ApiWhatIfBody } from '@runguard/gateway/api'
import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import { useChange } from '../../api/changes.js'
import { currentTime } from '../../api/live.js'
import { Button } from '../../parts/button.jsx'
import { Choice } from '../../parts/field.jsx'
import { countOf, formatFull, formatMoment, formatMoney, formatShare, formatWhole } from '../../parts/format.js'
import { percentText, stepKindWords } from './budget-words.js'

const DAY_MS = 86_400_000
const DAYS = [
  ['1', 'day'],
  ['7', '7 days'],
  ['30', '30 days'],
] as const

/**
 * Tries the budget when asked, and says of which limit its answer is when the form has changed since.
 *
 * @param onAnswer takes why it could not be tried; null: it was
 */
export function WhatIf({ body, onAnswer }: { body: ApiBudgetBody; onAnswer: (error: unknown) => void }) {
  const [days, setDays] = useState<(typeof DAYS)[number][0]>('7')
  const run = useChange<ApiWhatIfBody, ApiWhatIf>(
    (input) => ({ method: 'POST', path: 'budgets/what-if', body: input }),
    [],
  )
  const tried = run.variables
  const isOld = tried !== undefined && JSON.stringify(triedPart(tried)) !== JSON.stringify(triedPart(body))
  const start = () =>
    run.mutate(inputOf(body, Number(days), currentTime()), { onSuccess: () => onAnswer(null), onError: onAnswer })
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
        {run.data && isOld ? (
          <p className="text-xs text-ink-3">With {formatMoney(tried.limitNano)}, before the last change:</p>
        ) : null}
        {run.data ? (
          <Outcome result={run.data} />
        ) : (
          <p className="text-xs text-ink-3">Shows which calls this budget would have refused, before you save it.</p>
        )}
      </div>
    </section>
  )
}

function inputOf(body: ApiBudgetBody, days: number, until: number): ApiWhatIfBody {
  return { ...triedPart(body), since: until - days * DAY_MS, until }
}

/** What of a budget decides which calls it refuses. */
function triedPart({ scope, limitNano, window, timeZone, overrides, degrade }: Omit<ApiWhatIfBody, 'since' | 'until'>) {
  return {
    scope,
    limitNano,
    ...(window && { window }),
    ...(timeZone && { timeZone }),
    ...(overrides && { overrides }),
    ...(degrade && { degrade }),
  }
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
      {result.steps.length === 0 ? null : <Steps steps={result.steps} />}
    </>
  )
}

/** The steps of its ladder, and the calls that came when each was due. */
function Steps({ steps }: Pick<ApiWhatIf, 'steps'>) {
  return (
    <>
      <p className="mt-2 text-xs text-ink-3">
        Calls that its steps would have met, at the cost they had; what they would have cost then is not known.
      </p>
      <ul aria-label="Calls that its steps would have met" className="mt-1 space-y-0.5 text-xs text-ink-2">
        {steps.map(({ at, step, calls, costNano }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two steps may be alike, and none is moved
          <li key={index} className="flex gap-3 tabular-nums">
            <span className="min-w-10 text-right">{percentText(at)}</span>
            <span className="min-w-0 flex-1 truncate">{stepKindWords[step]}</span>
            <span>{countOf(calls, 'call')}</span>
            <span className="w-16 text-right">{formatMoney(costNano)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
