/** A budget to fill in, tried on the past before it is saved. */

import type { ApiBudget, ApiBudgetBody } from '@runguard/gateway/api'
import { type FormEvent, useState } from 'react'
import { useChange } from '../../api/changes.js'
import { Button } from '../../parts/button.jsx'
import { Dialog } from '../../parts/dialog.jsx'
import { Choice, SelectField, TextField } from '../../parts/field.jsx'
import { Failure } from '../../parts/notice.jsx'
import { type BudgetForm, bodyOf, type FormProblems, formOf, newId, problemsOf } from './budget-form.js'
import { kindWords, type ScopeKind, windowWords } from './budget-words.js'
import { WhatIf } from './what-if.jsx'

/** The dialog; a null budget is a new one. */
export function BudgetDialog({ budget, onClose }: { budget: ApiBudget | null; onClose: () => void }) {
  const [form, setForm] = useState(() => formOf(budget))
  const problems = problemsOf(form)
  const hasProblems = Object.keys(problems).length > 0
  const save = useChange(
    (body: ApiBudgetBody) => ({
      method: 'PUT',
      path: `budgets/${encodeURIComponent(budget?.id ?? newId(form))}`,
      body,
    }),
    ['budgets', 'overview', 'audit'],
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!hasProblems) save.mutate(bodyOf(form, budget), { onSuccess: onClose })
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={budget === null ? 'New budget' : `Edit ${budget.name ?? budget.id}`}
      text="The change holds for the next call."
    >
      <form onSubmit={submit} className="space-y-4">
        <Fields
          form={form}
          problems={problems}
          onChange={(changed) => setForm({ ...form, ...changed })}
          isNew={budget === null}
        />
        {hasProblems ? null : <WhatIf body={bodyOf(form, budget)} />}
        {save.error ? <Failure error={save.error} /> : null}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            isBusy={save.isPending}
            reasonAgainst={hasProblems ? 'Correct the marked fields first.' : null}
          >
            Save budget
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

interface FieldsProps {
  readonly form: BudgetForm
  readonly problems: FormProblems
  readonly onChange: (changed: Partial<BudgetForm>) => void
  readonly isNew: boolean
}

function Fields({ form, problems, onChange, isNew }: FieldsProps) {
  const isNamed = form.kind !== 'everything' && form.kind !== 'request'
  return (
    <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
      <SelectField
        label="Whose spending"
        value={form.kind}
        disabled={!isNew}
        onChange={(event) => onChange(scopeChange(event.target.value as ScopeKind))}
      >
        {Object.entries(kindWords).map(([kind, words]) => (
          <option key={kind} value={kind}>
            {words}
          </option>
        ))}
      </SelectField>
      {isNamed ? (
        <TextField
          label="Name"
          hint="* stands for each one by itself"
          error={problems.scopeName}
          disabled={!isNew}
          value={form.scopeName}
          onChange={(event) => onChange({ scopeName: event.target.value })}
        />
      ) : (
        <span className="hidden sm:block" />
      )}
      <TextField
        label="Limit in dollars"
        inputMode="decimal"
        error={problems.dollars}
        hint={form.dollars.trim() === '0' ? 'Nothing may be spent.' : undefined}
        value={form.dollars}
        onChange={(event) => onChange({ dollars: event.target.value })}
      />
      <SelectField
        label="Period"
        value={form.window}
        disabled={!isNew}
        onChange={(event) => onChange({ window: event.target.value as BudgetForm['window'] })}
      >
        {Object.entries(windowWords).map(([window, words]) => (
          <option key={window} value={window}>
            {words}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Title"
        placeholder="for people, optional"
        value={form.name}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <TextField
        label="Alert at percent"
        error={problems.thresholds}
        value={form.thresholds}
        onChange={(event) => onChange({ thresholds: event.target.value })}
      />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 sm:col-span-2">
        <Choice
          label="Mode"
          value={form.mode}
          options={[
            ['enforce', 'Refuse above the limit'],
            ['observe', 'Only watch'],
          ]}
          onChange={(mode) => onChange({ mode })}
        />
        <label className="inline-flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={form.isPaused}
            onChange={(event) => onChange({ isPaused: event.target.checked })}
          />
          Paused
        </label>
      </div>
    </div>
  )
}

/** A kind that decides its own name or period brings them along. */
function scopeChange(kind: ScopeKind): Partial<BudgetForm> {
  if (kind === 'request') return { kind, scopeName: '*', window: 'request' }
  if (kind === 'session') return { kind, scopeName: '*', window: 'session' }
  return { kind, scopeName: '*', window: 'day' }
}
