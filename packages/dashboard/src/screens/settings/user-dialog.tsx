/** A user to fill in, and one to remove. */

import type { ApiUser, ApiUserBody } from '@runguard/gateway/api'
import { type FormEvent, useState } from 'react'
import { useChange } from '../../api/changes.js'
import { Button } from '../../parts/button.jsx'
import { Dialog, Question } from '../../parts/dialog.jsx'
import { SelectField, TextField } from '../../parts/field.jsx'
import { Failure } from '../../parts/notice.jsx'
import { roleWords } from './role-words.js'

interface UserForm {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: ApiUserBody['role']
  readonly isDisabled: boolean
}

/** The dialog; a null user is a new one. */
export function UserDialog({ user, onClose }: { user: ApiUser | null; onClose: () => void }) {
  const [form, setForm] = useState<UserForm>(() => ({
    id: user?.id ?? '',
    name: user?.name ?? '',
    email: user?.email ?? '',
    role: user?.role ?? 'viewer',
    isDisabled: user?.isDisabled ?? false,
  }))
  const run = useChange(
    ({ id, ...body }: UserForm) => ({
      method: 'PUT',
      path: `users/${encodeURIComponent(id.trim())}`,
      body: { ...body, email: body.email.trim() === '' ? null : body.email.trim() },
    }),
    ['users', 'audit'],
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    run.mutate(form, { onSuccess: onClose })
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={user === null ? 'New user' : `Edit ${user.name}`}
      text={user === null ? 'They sign in through the identity provider.' : undefined}
    >
      <form onSubmit={submit} className="space-y-3">
        <Fields form={form} isNew={user === null} onChange={(changed) => setForm({ ...form, ...changed })} />
        {run.error ? <Failure error={run.error} /> : null}
        <div className="flex justify-end gap-2 pt-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" isBusy={run.isPending}>
            Save user
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Fields({
  form,
  isNew,
  onChange,
}: {
  form: UserForm
  isNew: boolean
  onChange: (changed: Partial<UserForm>) => void
}) {
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <TextField
        label="Name"
        required
        maxLength={200}
        value={form.name}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <TextField
        label="Id"
        required
        disabled={!isNew}
        maxLength={200}
        value={form.id}
        onChange={(event) => onChange({ id: event.target.value })}
        hint="As the identity provider has it."
      />
      <TextField
        label="E-mail"
        type="email"
        value={form.email}
        onChange={(event) => onChange({ email: event.target.value })}
      />
      <SelectField
        label="Role"
        value={form.role}
        onChange={(event) => onChange({ role: event.target.value as UserForm['role'] })}
      >
        {Object.entries(roleWords).map(([role, words]) => (
          <option key={role} value={role}>
            {words}
          </option>
        ))}
      </SelectField>
      <label className="inline-flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={form.isDisabled}
          onChange={(event) => onChange({ isDisabled: event.target.checked })}
        />
        May not sign in
      </label>
    </div>
  )
}

/** Asks before a user is removed. */
export function RemoveUser({ user, onClose }: { user: ApiUser; onClose: () => void }) {
  const run = useChange(
    (id: string) => ({ method: 'DELETE', path: `users/${encodeURIComponent(id)}` }),
    ['users', 'audit'],
  )
  return (
    <Question
      isOpen
      onClose={onClose}
      title={`Remove ${user.name}?`}
      text="They are signed out everywhere."
      answer="Remove user"
      isDangerous
      run={run}
      onAnswer={() => run.mutate(user.id, { onSuccess: onClose })}
    />
  )
}
