/** Breakers that are not closed, and what an operator does with them. */

import type { ApiBreaker } from '@runguard/gateway/api'
import { Ban, CirclePause, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { useChange } from '../../api/changes.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Badge } from '../../parts/badge.jsx'
import { Button } from '../../parts/button.jsx'
import { useNow } from '../../parts/clock.js'
import { momentColumn, nameColumn } from '../../parts/columns.jsx'
import { Question } from '../../parts/dialog.jsx'
import { TextField } from '../../parts/field.jsx'
import { formatAge, formatWhole } from '../../parts/format.js'
import { EmptyState } from '../../parts/notice.jsx'
import { REACH_WORDS } from '../../parts/reach-words.js'
import type { Column } from '../../parts/table.jsx'
import { TablePanel } from '../../parts/table-panel.jsx'
import { HoldAnything } from './hold-anything.jsx'

type Asked = { readonly action: 'reset' | 'hold'; readonly breaker: ApiBreaker }

/** The table. */
export function BreakerTable({ breakers }: { breakers: readonly ApiBreaker[] }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  return (
    <TablePanel
      title="Breakers"
      hint="those that are not closed"
      actions={<HoldAnything />}
      caption="Breakers"
      fileName="breakers"
      columns={COLUMNS}
      rows={breakers}
      rowKey={({ key }) => key}
      rowAction={(breaker) => <Actions breaker={breaker} onAsk={setAsked} />}
      isSortable={false}
      empty={
        <EmptyState
          title="All breakers are closed"
          text="One opens on a loop, on money that goes out too fast, or when the API says that a limit is reached."
        />
      }
    >
      {asked === null ? null : <Ask asked={asked} onClose={() => setAsked(null)} />}
    </TablePanel>
  )
}

function Actions({ breaker, onAsk }: { breaker: ApiBreaker; onAsk: (asked: Asked) => void }) {
  const reason = useReasonAgainst('operator')
  return (
    <span className="inline-flex gap-1">
      <Button isSmall reasonAgainst={reason} onClick={() => onAsk({ action: 'reset', breaker })}>
        <RotateCcw size={12} aria-hidden />
        Close
      </Button>
      {breaker.state === 'held' ? null : (
        <Button isSmall reasonAgainst={reason} onClick={() => onAsk({ action: 'hold', breaker })}>
          Hold
        </Button>
      )}
    </span>
  )
}

function Ask({ asked: { action, breaker }, onClose }: { asked: Asked; onClose: () => void }) {
  const [note, setNote] = useState('')
  const isHold = action === 'hold'
  const run = useChange(
    (_: undefined) => ({
      method: 'POST',
      path: `breakers/${encodeURIComponent(breaker.key)}/${action}`,
      body: isHold ? { note: note.trim() === '' ? null : note.trim() } : {},
    }),
    ['breakers', 'sessions'],
  )
  return (
    <Question
      isOpen
      onClose={onClose}
      title={isHold ? `Hold ${breaker.key}?` : `Close the breaker of ${breaker.key}?`}
      text={
        isHold
          ? `Its calls are refused until somebody closes it; those that run are finished. ${REACH_WORDS}`
          : `Calls go through again. What opened it may open it again. ${REACH_WORDS}`
      }
      answer={isHold ? 'Hold' : 'Close breaker'}
      isDangerous={isHold}
      run={run}
      onAnswer={() => run.mutate(undefined, { onSuccess: onClose })}
    >
      {isHold ? (
        <TextField label="Note" maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />
      ) : null}
    </Question>
  )
}

function Until({ breaker }: { breaker: ApiBreaker }) {
  const nowMs = useNow()
  return (
    <span>
      {breaker.until === null ? 'until somebody closes it' : `one call may try ${formatAge(breaker.until, nowMs)}`}
    </span>
  )
}

const COLUMNS: readonly Column<ApiBreaker>[] = [
  {
    title: 'State',
    cell: ({ state }) => (
      <Badge tone={state === 'half-open' ? 'warn' : 'bad'} icon={state === 'held' ? CirclePause : Ban}>
        {state}
      </Badge>
    ),
    value: ({ state }) => state,
  },
  nameColumn('Of', ({ key }) => key),
  {
    title: 'Why',
    cell: ({ why, note }) => <bdi title={why}>{note ? `${why} “${note}”` : why}</bdi>,
    value: ({ why }) => why,
    isWide: true,
  },
  nameColumn('By', ({ by }) => by, { isExtra: true }),
  { title: 'Until', cell: (breaker) => <Until breaker={breaker} />, value: ({ until }) => until, isExtra: true },
  momentColumn('Since', ({ changedAt }) => changedAt, { isExtra: true }),
  { title: 'Opened', cell: ({ trips }) => `${formatWhole(trips)}×`, value: ({ trips }) => trips, isNumber: true },
]
