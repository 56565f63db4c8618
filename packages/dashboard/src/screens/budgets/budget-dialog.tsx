/** A budget to fill in, tried on the past before it is saved. */

import type { ApiBudget, ApiBudgetBody } from '@runguard/gateway/api'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useChange } from '../../api/changes.js'
import { Button } from '../../parts/button.jsx'
import { Dialog } from '../../parts/dialog.jsx'
import { Choice, SelectField, TextField, Tick } from '../../parts/field.jsx'
import { Failure } from '../../parts/notice.jsx'
import { type BudgetForm, bodyOf, type FormProblems, formOf, newId, problemsOf } from './budget-form.js'
import { type Refusal, refusedFields, refusedRest, refusedStep } from './budget-refusal.js'
import { kindWords, type ScopeKind, windowWords } from './budget-words.js'
import { LadderFields } from './ladder-fields.jsx'
import { WhatIf } from './what-if.jsx'

/** What the dialog takes. */
export interface BudgetDialogProps {
  /** Null for a new one. */
  readonly budget: ApiBudget | null
  readonly onClose: () => void
}

/** The dialog. */
export function BudgetDialog({ budget, onClose }: BudgetDialogProps) {
  const title = budget === null ? 'New budget' : `Edit ${budget.name ?? budget.id}`
  return (
    <Dialog isOpen isWide onClose={onClose} title={title} text="The change holds for the next call.">
      <FilledIn budget={budget} onClose={onClose} />
    </Dialog>
  )
}

function FilledIn({ budget, onClose }: BudgetDialogProps) {
  const [form, setForm] = useState(() => formOf(budget))
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const own = problemsOf(form)
  const hasProblems = Object.keys(own).length > 0
  const reason = hasProblems ? 'Correct the marked fields first.' : null
  const path = `budgets/${encodeURIComponent(budget?.id ?? newId(form))}`
  const save = useChange((body: ApiBudgetBody) => ({ method: 'PUT', path, body }), ['budgets', 'overview', 'audit'])
  const hear = (error: unknown) => setRefusal(error === null ? null : { form, error })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!hasProblems) save.mutate(bodyOf(form, budget), { onSuccess: onClose, onError: hear })
  }
  const onChange = (changed: Partial<BudgetForm>) => setForm({ ...form, ...changed })
  const fields = { form, problems: { ...refusedFields(refusal, form), ...own }, isNew: budget === null, onChange }
  return (
    <form ref={useFocusOnWrong(refusal)} onSubmit={submit} className="space-y-4">
      <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
        <ScopeFields {...fields} />
        <LimitFields {...fields} />
      </div>
      <LadderFields
        steps={form.steps}
        error={fields.problems.steps}
        problemOf={(step, field) => refusedStep(refusal, step, field)}
        reasonAgainst={form.window === 'request' ? NO_STEPS : null}
        onChange={(steps) => onChange({ steps })}
      />
      {hasProblems ? null : <WhatIf body={bodyOf(form, budget)} onAnswer={hear} />}
      {refusal === null ? null : <Failure error={refusedRest(refusal)} />}
      <Buttons isBusy={save.isPending} reasonAgainst={reason} onCancel={onClose} />
    </form>
  )
}

interface ButtonsProps {
  readonly isBusy: boolean
  readonly reasonAgainst: string | null
  readonly onCancel: () => void
}

function Buttons({ isBusy, reasonAgainst, onCancel }: ButtonsProps) {
  return (
    <div className="flex justify-end gap-2">
      <Button onClick={onCancel}>Cancel</Button>
      <Button look="primary" type="submit" isBusy={isBusy} reasonAgainst={reasonAgainst}>
        Save budget
      </Button>
    </div>
  )
}

const NO_STEPS = 'A budget that counts each call by itself has no steps: nothing of it is used before.'

/** Whoever is told that fields are wrong stands in the first of them. */
function useFocusOnWrong(refusal: Refusal | null) {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (refusal !== null) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [refusal])
  return form
}

interface FieldsProps {
  readonly form: BudgetForm
  readonly problems: FormProblems
  readonly onChange: (changed: Partial<BudgetForm>) => void
  readonly isNew: boolean
}

/** Whose, and for how long: what a budget is. It does not change once it is there. */
function ScopeFields({ form, problems, onChange, isNew }: FieldsProps) {
  const isNamed = form.kind !== 'everything' && form.kind !== 'request'
  return (
    <>
      <SelectField
        label="Whose spending"
        value={form.kind}
        disabled={!isNew}
        onChange={(event) => onChange(scopeChange(event.target.value as ScopeKind))}
      >
        <Options words={kindWords} />
      </SelectField>
      <SelectField
        label="Period"
        error={problems.window}
        value={form.window}
        disabled={!isNew}
        onChange={(event) => onChange({ window: event.target.value as BudgetForm['window'] })}
      >
        <Options words={windowWords} />
      </SelectField>
      {isNamed ? (
        <TextField
          label="Which"
          hint="* stands for each one by itself"
          error={problems.scopeName}
          disabled={!isNew}
          value={form.scopeName}
          onChange={(event) => onChange({ scopeName: event.target.value })}
        />
      ) : null}
    </>
  )
}

function Options({ words }: { words: Readonly<Record<string, string>> }) {
  return Object.entries(words).map(([value, text]) => (
    <option key={value} value={value}>
      {text}
    </option>
  ))
}

function LimitFields({ form, problems, onChange }: FieldsProps) {
  const isNothing = /^\$?0*(?:\.0*)?$/.test(form.dollars.trim())
  return (
    <>
      <TextField
        label="Limit in dollars"
        inputMode="decimal"
        error={problems.dollars}
        hint={isNothing ? 'Nothing may be spent.' : undefined}
        value={form.dollars}
        onChange={(event) => onChange({ dollars: event.target.value })}
      />
      <TextField
        label="Alert at percent"
        error={problems.thresholds}
        value={form.thresholds}
        onChange={(event) => onChange({ thresholds: event.target.value })}
      />
      <TextField
        label="Title"
        placeholder="for people, optional"
        error={problems.name}
        value={form.name}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 sm:col-span-2">
        <Choice label="Mode" value={form.mode} options={MODES} onChange={(mode) => onChange({ mode })} />
        <Tick label="Paused" isOn={form.isPaused} onChange={(isPaused) => onChange({ isPaused })} />
      </div>
    </>
  )
}

const MODES = [
  ['enforce', 'Refuse above the limit'],
  ['observe', 'Only watch'],
] as const

/** A kind that decides its own name or period brings them along. */
function scopeChange(kind: ScopeKind): Partial<BudgetForm> {
  if (kind === 'request') return { kind, scopeName: '*', window: 'request' }
  if (kind === 'session') return { kind, scopeName: '*', window: 'session' }
  return { kind, scopeName: '*', window: 'day' }
}
