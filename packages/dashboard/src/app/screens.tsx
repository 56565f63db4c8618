/** Which screen an address shows. Every screen is loaded when it is first shown. */

import { Suspense, useEffect } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { ErrorEdge } from '../parts/error-edge.jsx'
import { lazily } from '../parts/lazily.js'
import { EmptyState, Skeleton } from '../parts/notice.jsx'

const SCREENS = [
  ['/', 'Now', lazily(async () => (await import('../screens/now/now.jsx')).Now)],
  ['/spend', 'Spend', lazily(async () => (await import('../screens/spend/spend.jsx')).Spend)],
  ['/sessions', 'Sessions', lazily(async () => (await import('../screens/sessions/sessions.jsx')).Sessions)],
  ['/session', 'Session', lazily(async () => (await import('../screens/sessions/one-session.jsx')).OneSession)],
  ['/calls', 'Calls', lazily(async () => (await import('../screens/calls/calls.jsx')).Calls)],
  ['/call', 'Call', lazily(async () => (await import('../screens/calls/one-call.jsx')).OneCall)],
  ['/cache', 'Cache', lazily(async () => (await import('../screens/cache/cache.jsx')).Cache)],
  ['/routes', 'Routes', lazily(async () => (await import('../screens/routes/routes.jsx')).Routes)],
  ['/batches', 'Batches', lazily(async () => (await import('../screens/batches/batches.jsx')).Batches)],
  ['/budgets', 'Budgets', lazily(async () => (await import('../screens/budgets/budgets.jsx')).Budgets)],
  ['/loops', 'Loops & breakers', lazily(async () => (await import('../screens/loops/loops.jsx')).Loops)],
  ['/alerts', 'Alerts', lazily(async () => (await import('../screens/alerts/alerts.jsx')).Alerts)],
  ['/audit', 'Audit', lazily(async () => (await import('../screens/audit/audit.jsx')).Audit)],
  ['/settings', 'Settings', lazily(async () => (await import('../screens/settings/settings.jsx')).Settings)],
] as const

/** The screen of the address. */
export function Screens() {
  const [path] = useLocation()
  const title = SCREENS.find(([own]) => own === path)?.[1] ?? 'Not found'
  useEffect(() => {
    document.title = `${title} · RunGuard`
    window.scrollTo(0, 0)
  }, [title])
  return (
    <ErrorEdge key={path}>
      <Suspense fallback={<Skeleton lines={10} />}>
        <Switch>
          {SCREENS.map(([own, , Screen]) => (
            <Route key={own} path={own} component={Screen} />
          ))}
          <Route>
            <h1 className="sr-only">Not found</h1>
            <EmptyState title="There is no screen at this address." />
          </Route>
        </Switch>
      </Suspense>
    </ErrorEdge>
  )
}
