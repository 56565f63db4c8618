/** Holding a model, a team, a key or a session before anything has opened its breaker. */

import type { ApiBreaker } from '@runguard/gateway/api'
import { CirclePause } from 'lucide-react'
import { useState } from 'react'
import { useChange } from '../../api/changes.js'
import { useReasonAgainst } from '../../app/session.jsx'
import { Button } from '../../parts/button.jsx'
import { Question } from '../../parts/dialog.jsx'
import { SelectField, TextField } from '../../parts/field.jsx'
import { REACH_WORDS } from '../../parts/reach-words.js'

type Scope = ApiBreaker['scope']

const SCOPES: readonly (readonly [Scope, string, string])[] = [
  ['model', 'Model', 'claude-opus-5-5'],
  ['team', 'Team', 'web'],
  ['key', 'Key', 'the part that is shown'],
  ['session', 'Session', 'refactor-billing'],
]

/** The button, and behind it what is to be held. */
export function HoldAnything() {
  const [isOpen, setIsOpen] = useState(false)
  const reason = useReasonAgainst('operator')
  return (
    <>
      <Button isSmall reasonAgainst={reason} onClick={() => setIsOpen(true)}>
        <CirclePause size={13} aria-hidden />
        Hold calls
      </Button>
      {isOpen ? <HoldForm onClose={() => setIsOpen(false)} /> : null}
    </>
  )
}

interface Wanted {
  readonly scope: Scope
  readonly name: string
  readonly note: string
}

function HoldForm({ onClose }: { onClose: () => void }) {
  const [wanted, setWanted] = useState<Wanted>({ scope: 'model', name: '', note: '' })
  const [isAsked, setIsAsked] = useState(false)
  const name = wanted.name.trim()
  const run = useChange(
    ({ scope, note }: Wanted) => ({
      method: 'POST',
      path: `breakers/${encodeURIComponent(`${scope}:${name}`)}/hold`,
      body: { note: note.trim() || null },
    }),
    ['breakers', 'sessions'],
  )
  const hold = () => {
    setIsAsked(true)
    if (name !== '') run.mutate(wanted, { onSuccess: onClose })
  }
  return (
    <Question
      isOpen
      onClose={onClose}
      title="Hold calls"
      text={`They are refused until somebody closes the breaker; those that run are finished. ${REACH_WORDS}`}
      answer="Hold"
      isDangerous
      run={run}
      onAnswer={hold}
    >
      <HoldFields
        wanted={wanted}
        error={isAsked && name === '' ? 'Say which one.' : null}
        onChange={(changed) => setWanted({ ...wanted, ...changed })}
      />
    </Question>
  )
}

interface HoldFieldsProps {
  readonly wanted: Wanted
  readonly error: string | null
  readonly onChange: (changed: Partial<Wanted>) => void
}

function HoldFields({ wanted: { scope, name, note }, error, onChange }: HoldFieldsProps) {
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <SelectField label="Whose" value={scope} onChange={(event) => onChange({ scope: event.target.value as Scope })}>
        {SCOPES.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Name"
        placeholder={SCOPES.find(([value]) => value === scope)?.[2]}
        value={name}
        error={error}
        maxLength={500}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <div className="sm:col-span-2">
        <TextField
          label="Note"
          maxLength={500}
          value={note}
          onChange={(event) => onChange({ note: event.target.value })}
        />
      </div>
    </div>
  )
}
