import type { ApiSession } from '@runguard/gateway/api'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useState } from 'react'
import { useChange } from '../api/changes.js'
import { messageOf } from '../api/client.js'
import { Button, buttonClasses } from '../parts/button.jsx'
import { TextField } from '../parts/field.jsx'
import { Mark } from './mark.jsx'

/** The door: by the admin token or a user's token, or by the identity provider. */
export function Login({ session }: { session: ApiSession }) {
  const { hasToken, hasOidc } = session.signIn
  const queries = useQueryClient()
  // Nobody heard what happens from now on, and it may be somebody else who comes.
  useEffect(() => queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' }), [queries])
  return (
    <main className="grid min-h-dvh place-items-center px-4">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center gap-3">
          <Mark size={32} />
          <div>
            <h1 className="text-lg leading-tight font-semibold tracking-tight">RunGuard</h1>
            <p className="text-xs text-ink-3">{session.version}</p>
          </div>
        </div>
        <div className="space-y-4 rounded-xl border border-line bg-panel p-5 shadow-(--shadow)">
          {hasToken ? <TokenForm /> : null}
          {hasOidc ? (
            <a href="/runguard/api/oidc/start" className={`${buttonClasses(hasToken ? 'plain' : 'primary')} w-full`}>
              Sign in with your organisation
            </a>
          ) : null}
          {!hasToken && !hasOidc ? (
            <p className="text-sm text-ink-2">Nobody can sign in here: the gateway has no admin token.</p>
          ) : null}
        </div>
      </div>
    </main>
  )
}

function TokenForm() {
  const [token, setToken] = useState('')
  const login = useChange((value: string) => ({ method: 'POST', path: 'login', body: { token: value } }), ['session'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    login.mutate(token.trim())
  }
  return (
    <form onSubmit={submit} className="space-y-3">
      <TextField
        label="Token"
        type="password"
        autoComplete="current-password"
        required
        value={token}
        onChange={(event) => setToken(event.target.value)}
        error={login.error ? messageOf(login.error) : null}
        hint="The admin token was printed when the gateway first started."
      />
      <Button look="primary" type="submit" className="w-full" isBusy={login.isPending}>
        Sign in
      </Button>
    </form>
  )
}
