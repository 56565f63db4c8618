/** A new key: what it is for, and then, once, the key itself. */

import type { ApiKeyBody, ApiNewKey } from '@runguard/gateway/api'
import { type FormEvent, useState } from 'react'
import { useChange } from '../../api/changes.js'
import { Button } from '../../parts/button.jsx'
import { Dialog } from '../../parts/dialog.jsx'
import { TextField } from '../../parts/field.jsx'
import { Failure } from '../../parts/notice.jsx'

const FIELDS = ['name', 'team', 'user', 'project'] as const

type KeyForm = Readonly<Record<(typeof FIELDS)[number], string>>

/** Asks what the key is for. */
export function NewKeyDialog({ onClose, onMade }: { onClose: () => void; onMade: (made: ApiNewKey) => void }) {
  const [form, setForm] = useState<KeyForm>({ name: '', team: '', user: '', project: '' })
  const run = useChange<ApiKeyBody, ApiNewKey>((body) => ({ method: 'POST', path: 'keys', body }), ['keys', 'audit'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    run.mutate(bodyOf(form), { onSuccess: onMade })
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="New key"
      text="Calls with this key are on the account of what you name here."
    >
      <form onSubmit={submit} className="space-y-3">
        <Fields form={form} onChange={(changed) => setForm({ ...form, ...changed })} />
        {run.error ? <Failure error={run.error} /> : null}
        <div className="flex justify-end gap-2 pt-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" isBusy={run.isPending}>
            Create key
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Fields({ form, onChange }: { form: KeyForm; onChange: (changed: Partial<KeyForm>) => void }) {
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      {FIELDS.map((name) => (
        <TextField
          key={name}
          label={name.charAt(0).toUpperCase() + name.slice(1)}
          required={name === 'name'}
          maxLength={200}
          placeholder={name === 'name' ? 'ci, laptop of Ada, …' : 'optional'}
          value={form[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      ))}
    </div>
  )
}

function bodyOf({ name, team, user, project }: KeyForm): ApiKeyBody {
  const orNull = (text: string) => (text.trim() === '' ? null : text.trim())
  return { name: name.trim(), team: orNull(team), user: orNull(user), project: orNull(project) }
}
