/** The application: what all screens stand on, and the gate in front of them. */

import { MutationCache, QueryCache, QueryClient, QueryClientProvider, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Router } from 'wouter'
import { ApiFailure } from '../api/client.js'
import { CsrfContext } from '../api/csrf.js'
import { type Connection, listen } from '../api/live.js'
import { useSessionQuery } from '../api/queries.js'
import { Failure } from '../parts/notice.jsx'
import { Login } from './login.jsx'
import { Screens } from './screens.jsx'
import { SessionContext } from './session.jsx'
import { Shell, ShellSkeleton } from './shell.jsx'

/** The path under which the gateway serves the dashboard, behind that of a project in a base URL. */
const BASE = /^(?:\/p\/[^/]+)?\/runguard/.exec(location.pathname)?.[0] ?? '/runguard'

function createQueries(): QueryClient {
  const queries: QueryClient = new QueryClient({
    defaultOptions: { queries: { staleTime: 5_000, retry: shouldRetry } },
    // Somebody who is signed out in the middle sees the door, and behind it the screen where they were.
    mutationCache: new MutationCache({ onError: (error) => askAgainWhoThisIs(queries, error) }),
    queryCache: new QueryCache({ onError: (error) => askAgainWhoThisIs(queries, error) }),
  })
  return queries
}

function shouldRetry(failures: number, error: unknown): boolean {
  return error instanceof ApiFailure && (error.status === 0 || error.status >= 500) && failures < 2
}

function askAgainWhoThisIs(queries: QueryClient, error: unknown): void {
  const isStranger = error instanceof ApiFailure && (error.status === 401 || error.code === 'foreign-page')
  if (isStranger) void queries.invalidateQueries({ queryKey: ['session'] })
}

/** The dashboard. */
export function App() {
  const [queries] = useState(createQueries)
  return (
    <QueryClientProvider client={queries}>
      <Router base={BASE}>
        <Gate />
      </Router>
    </QueryClientProvider>
  )
}

function Gate() {
  const { data: session, error, refetch } = useSessionQuery()
  if (session === undefined) return error ? <Unreachable error={error} onRetry={refetch} /> : <ShellSkeleton />
  const { actor } = session
  if (actor === null) return <Login session={session} />
  return (
    <SessionContext value={{ ...session, actor }}>
      <CsrfContext value={session.csrfToken}>
        <Listening key={actor.id} lastEvent={session.lastEvent}>
          <Screens />
        </Listening>
      </CsrfContext>
    </SessionContext>
  )
}

function Listening({ lastEvent, children }: { lastEvent: string | null; children: ReactNode }) {
  const queries = useQueryClient()
  const [begin] = useState(lastEvent)
  const [connection, setConnection] = useState<Connection>({ kind: 'connecting' })
  useEffect(() => listen(queries, setConnection, begin), [queries, begin])
  return <Shell connection={connection}>{children}</Shell>
}

function Unreachable({ error, onRetry }: { error: unknown; onRetry: () => unknown }) {
  return (
    <main className="mx-auto max-w-lg px-4 pt-[20vh]">
      <h1 className="mb-3 text-xl font-semibold tracking-tight">RunGuard</h1>
      <Failure error={error} onRetry={() => void onRetry()} />
    </main>
  )
}
