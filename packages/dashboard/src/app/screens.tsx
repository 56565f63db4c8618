/** Which screen an address shows. Every screen is loaded when it is first shown. */

import { type ComponentType, lazy, Suspense, useEffect } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { ErrorEdge } from '../parts/error-edge.jsx'
import { EmptyState, Skeleton } from '../parts/notice.jsx'

function lazily<Name extends string>(name: Name, load: () => Promise<Record<Name, ComponentType>>) {
  return lazy(() => load().then((module) => ({ default: module[name] })))
}

const SCREENS = [
  ['/', 'Now', lazily('Now', () => import('../screens/now/now.jsx'))],
  ['/spend', 'Spend', lazily('Spend', () => import('../screens/spend/spend.jsx'))],
  ['/sessions', 'Sessions', lazily('Sessions', () => import('../screens/sessions/sessions.jsx'))],
  ['/session', 'Session', lazily('OneSession', () => import('../screens/sessions/one-session.jsx'))],
  ['/calls', 'Calls', lazily('Calls', () => import('../screens/calls/calls.jsx'))],
  ['/call', 'Call', lazily('OneCall', () => import('../screens/calls/one-call.jsx'))],
  ['/cache', 'Cache', lazily('Cache', () => import('../screens/cache/cache.jsx'))],
  ['/routes', 'Routes', lazily('Routes', () => import('../screens/routes/routes.jsx'))],
  ['/batches', 'Batches', lazily('Batches', () => import('../screens/batches/batches.jsx'))],
  ['/budgets', 'Budgets', lazily('Budgets', () => import('../screens/budgets/budgets.jsx'))],
  ['/loops', 'Loops & breakers', lazily('Loops', () => import('../screens/loops/loops.jsx'))],
  ['/alerts', 'Alerts', lazily('Alerts', () => import('../screens/alerts/alerts.jsx'))],
  ['/audit', 'Audit', lazily('Audit', () => import('../screens/audit/audit.jsx'))],
  ['/settings', 'Settings', lazily('Settings', () => import('../screens/settings/settings.jsx'))],
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
