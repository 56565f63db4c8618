/** A new key: what it is for, and then, once, the key itself. */

import type { ApiKeyBody, ApiNewKey } from '@runguard/gateway/api'
import { type FormEvent, useState } from 'react'
import { useChange } from '../../api/changes.js'
import { Button } from '../../parts/button.jsx'
import { Dialog } from '../../parts/dialog.jsx'
import { TextField } from '../../parts/field.jsx'
import { CopyButton, Failure } from '../../parts/notice.jsx'

const FIELDS = ['name', 'team', 'user', 'project'] as const

/** Asks what the key is for. */
export function NewKeyDialog({ onClose, onMade }: { onClose: () => void; onMade: (made: ApiNewKey) => void }) {
  const [form, setForm] = useState({ name: '', team: '', user: '', project: '' })
  const run = useChange<ApiKeyBody, ApiNewKey>((body) => ({ method: 'POST', path: 'keys', body }), ['keys', 'audit'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const orNull = (text: string) => (text.trim() === '' ? null : text.trim())
    const body = {
      name: form.name.trim(),
      team: orNull(form.team),
      user: orNull(form.user),
      project: orNull(form.project),
    }
    run.mutate(body, { onSuccess: onMade })
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="New key"
      text="Calls with this key are on the account of what you name here."
    >
      <form onSubmit={submit} className="space-y-3">
        <div className="grid gap-3 sm:grid-cols-2">
          {FIELDS.map((name) => (
            <TextField
              key={name}
              label={name === 'name' ? 'Name' : `${name.charAt(0).toUpperCase()}${name.slice(1)}`}
              required={name === 'name'}
              maxLength={200}
              placeholder={name === 'name' ? 'ci, laptop of Ada, …' : 'optional'}
              value={form[name]}
              onChange={(event) => setForm({ ...form, [name]: event.target.value })}
            />
          ))}
        </div>
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

/** Shows a key for the only time. Nothing but its own button closes it. */
export function SecretDialog({ made, onClose }: { made: ApiNewKey; onClose: () => void }) {
  return (
    <Dialog
      isOpen
      isFirm
      onClose={onClose}
      title={made.key.name}
      text="This is the only time that the key is shown. Put it where your program reads it."
    >
      <div className="flex items-center gap-2 rounded-md border border-line bg-canvas py-1.5 pr-1.5 pl-3">
        <code data-testid="new-key" className="min-w-0 flex-1 font-mono text-xs break-all">
          {made.secret}
        </code>
        <CopyButton text={made.secret} label="Copy the key" />
      </div>
      <p className="mt-3 text-xs text-ink-3">
        <code className="font-mono">ANTHROPIC_API_KEY</code> takes it, with{' '}
        <code className="font-mono">ANTHROPIC_BASE_URL</code> at this gateway.
      </p>
      <div className="mt-4 flex justify-end">
        <Button look="primary" onClick={onClose}>
          I have stored it
        </Button>
      </div>
    </Dialog>
  )
}
