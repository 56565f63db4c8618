/** Calls as rows of a table. */

import type { ApiCall } from '@runguard/gateway/api'
import { Ban, Eye, type LucideIcon, Repeat2, Scissors, TriangleAlert } from 'lucide-react'
import { Link } from 'wouter'
import { Badge } from './badge.jsx'
import { type CallWord, endingWord, isSavingEstimated, promptTokens } from './call-words.js'
import { countColumn, durationColumn, moneyColumn, nameColumn, savingColumn, shareColumn } from './columns.jsx'
import { formatClock, formatDay, formatFull, shortModel } from './format.js'
import { Money } from './money.jsx'
import type { Column } from './table.jsx'
import { budgetHref } from './url-state.js'

const ENDING_ICONS: Readonly<Record<string, LucideIcon>> = {
  refused: Ban,
  'budget-cut': Scissors,
  'loop-cut': Scissors,
  'breaker-cut': Scissors,
}

/** What is no answer of a model, and therefore cost nothing by itself. */
const FREE_WORDS: Readonly<Record<string, string>> = { batches: 'batch', 'count-tokens': 'count', models: 'models' }

/** How a call ended, what refused it, and the loop it was in. Nothing for one that simply worked. */
export function CallBadges({ call }: { call: ApiCall }) {
  const word = endingWord(call)
  return (
    <span className="inline-flex max-w-full flex-wrap gap-1">
      {word ? <EndingBadge call={call} word={word} /> : null}
      {FREE_WORDS[call.endpoint] ? <Badge>{FREE_WORDS[call.endpoint]}</Badge> : null}
      {call.loop && !word?.text.includes('loop') ? (
        <Badge tone={call.loop.action === 'stop' ? 'bad' : 'warn'} icon={Repeat2}>
          {call.loop.isEnforced ? call.loop.action : `would ${call.loop.action}`}
        </Badge>
      ) : null}
      {call.refusal && !call.refusal.isEnforced ? (
        <Badge tone="warn" icon={Eye}>
          would be refused
        </Badge>
      ) : null}
    </span>
  )
}

/** Refused by a budget: its name, and the way there. It stands above the link of its row. */
function EndingBadge({ call: { ending, refusal }, word: { text, tone } }: { call: ApiCall; word: CallWord }) {
  const Icon = ENDING_ICONS[ending.reason] ?? TriangleAlert
  const by = refusal?.isEnforced === true && refusal.by?.kind === 'budget' ? refusal.by : null
  const badge = (
    <Badge tone={tone} icon={Icon}>
      <span className="max-w-28 truncate sm:max-w-44">{by === null ? text : `refused by ${by.budget}`}</span>
    </Badge>
  )
  if (by === null) return badge
  return (
    <Link
      href={budgetHref(by.budget)}
      title={`refused by ${by.budget}`}
      className="pointer-events-auto relative z-10 hover:underline"
    >
      {badge}
    </Link>
  )
}

/** The model that answered, and the one that was asked for where that is another one. */
export function ModelName({ model, asked }: { model: string | null; asked?: string | null }) {
  const isRouted = asked !== undefined && asked !== null && model !== null && asked !== model
  return (
    <span title={isRouted ? `${asked} was asked for, ${model} answered` : (model ?? undefined)}>
      {isRouted ? <span className="text-ink-3">{shortModel(asked)} → </span> : null}
      <bdi>{shortModel(model)}</bdi>
    </span>
  )
}

const TIME: Column<ApiCall> = {
  title: 'Time',
  cell: ({ startedAt }) => (
    <time title={formatFull(startedAt)}>
      {formatClock(startedAt).slice(0, 5)}
      <span className="hidden sm:inline">{formatClock(startedAt).slice(5)}</span>
    </time>
  ),
  value: ({ startedAt }) => new Date(startedAt).toISOString(),
}

/** On phones without the day, which its tooltip has: the cost must be in sight. */
function DayAndTime({ at }: { at: number }) {
  return (
    <time title={formatFull(at)}>
      <span className="hidden sm:inline">{formatDay(at)}, </span>
      {formatClock(at).slice(0, 5)}
    </time>
  )
}

const DAY_TIME: Column<ApiCall> = {
  ...TIME,
  cell: ({ startedAt }) => <DayAndTime at={startedAt} />,
}

const NUMBERS: readonly Column<ApiCall>[] = [
  countColumn('Prompt', promptTokens, { isDetail: true }),
  shareColumn('Cached', ({ hitRatio }) => hitRatio, { isExtra: true }),
  countColumn('Output', ({ tokens }) => tokens.output, { isDetail: true }),
  durationColumn('Took', ({ durationMs }) => durationMs, { isExtra: true }),
  savingColumn('Saved', ({ savedNano }: ApiCall) => savedNano, { isExtra: true, isEstimated: isSavingEstimated }),
  {
    ...moneyColumn('Cost', ({ costNano }: ApiCall) => costNano),
    cell: (call) => <CallCost call={call} />,
  },
]

/** What a call cost, or why that is not known. */
function CallCost({ call: { costNano, isEstimated, ending } }: { call: ApiCall }) {
  if (ending.kind === 'unmetered') return 'not metered'
  return <Money nano={costNano} isEstimated={isEstimated} className="font-medium" />
}

const MODEL: Column<ApiCall> = {
  title: 'Model',
  cell: ({ model, requestedModel }) => <ModelName model={model} asked={requestedModel} />,
  value: ({ model }) => model,
  isDetail: true,
}

const SESSION = nameColumn<ApiCall>('Session', ({ scope }) => scope.session, { isWide: true })

const ENDING: Column<ApiCall> = {
  title: 'Ending',
  cell: (call) => <CallBadges call={call} />,
  value: ({ ending, errorCode, refusal }) =>
    refusal?.by?.kind === 'budget' && refusal.isEnforced
      ? `refused by ${refusal.by.budget}`
      : (errorCode ?? ending.reason),
}

/** The columns of a list of calls from anywhere. */
export const callColumns: readonly Column<ApiCall>[] = [DAY_TIME, MODEL, SESSION, ENDING, ...NUMBERS]

/** The same for calls of the last minutes. */
export const recentColumns: readonly Column<ApiCall>[] = [
  TIME,
  MODEL,
  SESSION,
  ENDING,
  ...NUMBERS.filter(({ title }) => title !== 'Took' && title !== 'Saved'),
]
