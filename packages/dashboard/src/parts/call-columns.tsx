/** Calls as rows of a table. */

import type { ApiCall } from '@runguard/gateway/api'
import { Ban, type LucideIcon, Repeat2, Scissors, TriangleAlert } from 'lucide-react'
import { Badge } from './badge.jsx'
import { endingWord, promptTokens } from './call-words.js'
import { formatClock, formatCount, formatDay, formatDuration, formatFull, formatShare, shortModel } from './format.js'
import { Money, Saving } from './money.jsx'
import type { Column } from './table.jsx'

const ENDING_ICONS: Readonly<Record<string, LucideIcon>> = {
  refused: Ban,
  'budget-cut': Scissors,
  'loop-cut': Scissors,
}

/** What is no answer of a model, and therefore cost nothing by itself. */
const FREE_WORDS: Readonly<Record<string, string>> = { batches: 'batch', 'count-tokens': 'count', models: 'models' }

/** How a call ended, and the loop it was in. Nothing for one that simply worked. */
export function CallBadges({ call }: { call: ApiCall }) {
  const word = endingWord(call)
  const Icon = ENDING_ICONS[call.ending.reason] ?? TriangleAlert
  return (
    <span className="inline-flex flex-wrap gap-1">
      {word ? (
        <Badge tone={word.tone} icon={Icon}>
          {word.text}
        </Badge>
      ) : null}
      {FREE_WORDS[call.endpoint] ? <Badge>{FREE_WORDS[call.endpoint]}</Badge> : null}
      {call.loop && !word?.text.includes('loop') ? (
        <Badge tone={call.loop.action === 'stop' ? 'bad' : 'warn'} icon={Repeat2}>
          {call.loop.isEnforced ? call.loop.action : `would ${call.loop.action}`}
        </Badge>
      ) : null}
    </span>
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
  cell: ({ startedAt }) => <time title={formatFull(startedAt)}>{formatClock(startedAt)}</time>,
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
  {
    title: 'Prompt',
    cell: (call) => formatCount(promptTokens(call)),
    value: promptTokens,
    isNumber: true,
    isDetail: true,
  },
  {
    title: 'Cached',
    cell: ({ hitRatio }) => formatShare(hitRatio),
    value: ({ hitRatio }) => hitRatio,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Output',
    cell: ({ tokens }) => formatCount(tokens.output),
    value: ({ tokens }) => tokens.output,
    isNumber: true,
    isDetail: true,
  },
  {
    title: 'Took',
    cell: ({ durationMs }) => formatDuration(durationMs),
    value: ({ durationMs }) => durationMs,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Saved',
    cell: ({ savedNano }) => (savedNano === 0 ? '' : <Saving nano={savedNano} />),
    value: ({ savedNano }) => savedNano / 1e9,
    isNumber: true,
    isExtra: true,
  },
  {
    title: 'Cost',
    cell: ({ costNano, isEstimated, ending }) =>
      ending.kind === 'unmetered' ? (
        'not metered'
      ) : (
        <Money nano={costNano} isEstimated={isEstimated} className="font-medium" />
      ),
    value: ({ costNano }) => costNano / 1e9,
    isNumber: true,
  },
]

const MODEL: Column<ApiCall> = {
  title: 'Model',
  cell: ({ model, requestedModel }) => <ModelName model={model} asked={requestedModel} />,
  value: ({ model }) => model,
  isDetail: true,
}

const SESSION: Column<ApiCall> = {
  title: 'Session',
  cell: ({ scope }) => <bdi className="text-ink-2">{scope.session ?? ''}</bdi>,
  value: ({ scope }) => scope.session,
  isWide: true,
}

const ENDING: Column<ApiCall> = {
  title: 'Ending',
  cell: (call) => <CallBadges call={call} />,
  value: ({ ending, errorCode }) => errorCode ?? ending.reason,
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
