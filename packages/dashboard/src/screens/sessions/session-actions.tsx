/** What an operator does with a session: hold it, or let it go on. */

import type { ApiSessionDetail } from '@runguard/gateway/api'
import { Pause, Play } from 'lucide-react'
import { useState } from 'react'
import { useChange } from '../../api/changes.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Button } from '../../parts/button.jsx'
import { Question } from '../../parts/dialog.jsx'
import { TextField } from '../../parts/field.jsx'
import { REACH_WORDS } from '../../parts/reach-words.js'

/** The buttons. Only what makes sense now is offered. */
export function SessionActions({ detail }: { detail: ApiSessionDetail }) {
  const { id, breaker, isLooping } = detail.session
  const [asks, setAsks] = useState<'hold' | 'resume' | null>(null)
  const reason = useReasonAgainst('operator')
  const isStopped = breaker !== 'closed' || isLooping
  return (
    <>
      {isStopped ? (
        <Button look="primary" reasonAgainst={reason} onClick={() => setAsks('resume')}>
          <Play size={14} aria-hidden />
          Resume
        </Button>
      ) : null}
      {breaker === 'held' ? null : (
        <Button reasonAgainst={reason} onClick={() => setAsks('hold')}>
          <Pause size={14} aria-hidden />
          Hold
        </Button>
      )}
      <Resume id={id} isOpen={asks === 'resume'} onClose={() => setAsks(null)} />
      <Hold id={id} isOpen={asks === 'hold'} onClose={() => setAsks(null)} />
    </>
  )
}

interface AskProps {
  readonly id: string
  readonly isOpen: boolean
  readonly onClose: () => void
}

function Resume({ id, ...dialog }: AskProps) {
  const run = useChange(
    (_: undefined) => ({ method: 'POST', path: `sessions/${encodeURIComponent(id)}/resume` }),
    ['sessions', 'breakers', 'loops'],
  )
  return (
    <Question
      {...dialog}
      title="Resume this session?"
      text={`Its breaker closes, and rounds that are over no longer count towards a loop. ${REACH_WORDS}`}
      answer="Resume"
      run={run}
      onAnswer={() => run.mutate(undefined, { onSuccess: dialog.onClose })}
    />
  )
}

function Hold({ id, ...dialog }: AskProps) {
  const [note, setNote] = useState('')
  const run = useChange(
    (words: string) => ({
      method: 'POST',
      path: `sessions/${encodeURIComponent(id)}/hold`,
      body: { note: words === '' ? null : words },
    }),
    ['sessions', 'breakers'],
  )
  return (
    <Question
      {...dialog}
      title="Hold this session?"
      text={`Every call of it is refused until somebody lets it go on; a call that runs is finished. ${REACH_WORDS}`}
      answer="Hold"
      isDangerous
      run={run}
      onAnswer={() => run.mutate(note.trim(), { onSuccess: dialog.onClose })}
    >
      <TextField
        label="Note"
        hint="Shown to whoever meets the refusal."
        maxLength={500}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
    </Question>
  )
}
