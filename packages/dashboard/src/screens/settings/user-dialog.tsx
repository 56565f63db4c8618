/** A user to fill in, and one to remove. */

import type { ApiChangedUser, ApiUser, ApiUserBody } from '@runguard/gateway/api'
import { type FormEvent, useState } from 'react'
import { useChange } from '../../api/changes.js'
import type { Change } from '../../api/client.js'
import { Button } from '../../parts/button.jsx'
import { Dialog, Question } from '../../parts/dialog.jsx'
import { SelectField, TextField, Tick } from '../../parts/field.jsx'
import { Failure } from '../../parts/notice.jsx'
import { SecretDialog } from '../../parts/secret-dialog.jsx'
import { roleWords } from './role-words.js'

interface UserForm {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: ApiUserBody['role']
  readonly isDisabled: boolean
  readonly newToken: boolean
}

function formOf(user: ApiUser | null): UserForm {
  return {
    id: user?.id ?? '',
    name: user?.name ?? '',
    email: user?.email ?? '',
    role: user?.role ?? 'viewer',
    isDisabled: user?.isDisabled ?? false,
    newToken: user === null,
  }
}

function changeOf({ id, email, ...body }: UserForm): Change {
  const address = email.trim()
  const path = `users/${encodeURIComponent(id.trim())}`
  return { method: 'PUT', path, body: { ...body, email: address === '' ? null : address } }
}

/** The dialog; a null user is a new one. A token that was made is shown before it closes. */
export function UserDialog({ user, onClose }: { user: ApiUser | null; onClose: () => void }) {
  const [form, setForm] = useState(() => formOf(user))
  const run = useChange<UserForm, ApiChangedUser>(changeOf, ['users', 'audit'])
  const token = run.data?.token ?? null
  if (token !== null) {
    const hint = 'They sign in to this dashboard with it.'
    return <SecretDialog title={form.name} word="token" secret={token} hint={hint} onClose={onClose} />
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    run.mutate(form, { onSuccess: (changed) => (changed.token === null ? onClose() : undefined) })
  }
  return (
    <Dialog isOpen onClose={onClose} title={user === null ? 'New user' : `Edit ${user.name}`}>
      <form onSubmit={submit} className="space-y-3">
        <TextFields form={form} isNew={user === null} onChange={(changed) => setForm({ ...form, ...changed })} />
        <Switches form={form} onChange={(changed) => setForm({ ...form, ...changed })} />
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

interface FieldsProps {
  readonly form: UserForm
  readonly onChange: (changed: Partial<UserForm>) => void
}

function TextFields({ form, isNew, onChange }: FieldsProps & { isNew: boolean }) {
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
    </div>
  )
}

function Switches({ form, onChange }: FieldsProps) {
  return (
    <div className="flex flex-wrap gap-x-5 gap-y-2">
      <Tick label="Make a token to sign in with" isOn={form.newToken} onChange={(newToken) => onChange({ newToken })} />
      <Tick label="May not sign in" isOn={form.isDisabled} onChange={(isDisabled) => onChange({ isDisabled })} />
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
