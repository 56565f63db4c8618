/** The control plane put together: routes, the hub they tell of changes, and the sums they read. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Alert, Breaker, Budget, CallRecord, Endpoint } from '@runguard/sdk/core'
import type { LoopEvent } from '@runguard/sdk/engine'
import type { Access } from '../access/access.js'
import { plainHeaders } from '../headers.js'
import { createApp } from './app.js'
import { sweepAudit } from './audit-sweep.js'
import { createReadGate } from './audited.js'
import { openBudgetDesk } from './budget-desk.js'
import type { ControlParts } from './control-parts.js'
import { createEventHub } from './event-hub.js'
import type { ReadyOperation } from './operation.js'
import { isOfLimits, ownTarget, pathOf } from './own-target.js'
import { alertsRoutes } from './routes/alerts-routes.js'
import { budgetsRoutes } from './routes/budgets-routes.js'
import { cacheRoutes } from './routes/cache-routes.js'
import { callsRoutes } from './routes/calls-routes.js'
import { feedbackRoutes } from './routes/feedback-routes.js'
import { loopsRoutes } from './routes/loops-routes.js'
import { overviewRoutes } from './routes/overview-routes.js'
import { sessionRoutes } from './routes/session-routes.js'
import { sessionsRoutes } from './routes/sessions-routes.js'
import { spendLimitsRoutes } from './routes/spend-limits-routes.js'
import { spendRoutes } from './routes/spend-routes.js'
import { systemRoutes } from './routes/system-routes.js'
import { teamRoutes } from './routes/team-routes.js'
import { readStaticFiles } from './static-files.js'
import { startSumming } from './summing.js'
import { alertWire } from './wire/alert-wire.js'
import { callWire, loopWire } from './wire/call-wire.js'
import { breakerWire } from './wire/traffic-wire.js'

/** What the control plane is made of. */
export interface ControlSetup extends Omit<ControlParts, 'budgets' | 'hub' | 'summing'> {
  /** Those of the configuration file. */
  readonly fileBudgets: readonly Budget[]
  /** Takes the budgets that the registry has now into force. */
  readonly applyBudgets: () => Promise<void>
  /** The folder with the dashboard, an `index.html` in it; null for none. */
  readonly dashboard: string | null
}

/** What happens, for those who watch. None of it waits, none of it throws. */
export interface ControlEars {
  record(record: CallRecord): void
  loop(event: LoopEvent): void
  breaker(breaker: Breaker): void
  alert(alert: Alert): void
  /** A threshold was crossed, or budgets were changed elsewhere. */
  budgets(): void
}

/** The control plane of one gateway. */
export interface Control {
  /** True for requests below `/runguard`, and for spend limits of RunGuard's own. @param target canonical */
  owns(target: string, headers: IncomingMessage['headers']): boolean
  /** Serves a request that it owns, whichever way it was written. */
  serve(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): void
  readonly ears: ControlEars
  /** Ends what would go on for ever. */
  close(): void
}

/** Opens it. */
export function openControl({ fileBudgets, applyBudgets, dashboard, ...given }: ControlSetup): Control {
  const { store, runtime, access, version } = given
  const now = (): number => runtime.now()
  const hub = createEventHub(runtime)
  const budgets = openBudgetDesk({ store, fileBudgets, tiers: given.routing.tiers, now, apply: applyBudgets })
  const summing = startSumming(store, runtime)
  const operations = allRoutes({ ...given, budgets, hub, summing })
  const files = dashboard === null ? null : readStaticFiles(dashboard)
  const newId = (): string => runtime.id()
  const written = { access, store, now, newId, reads: createReadGate(), log: runtime.log }
  const app = createApp({ operations, version, files, ...written })
  const stopSweep = sweepAudit(store, runtime)
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  return {
    owns: (target, headers) => owns(access, target, headers),
    serve: (endpoint, request, response) => {
      request.url = ownTarget(endpoint, request.url ?? '/')
      void listener(request, response)
    },
    ears: {
      record: (record) => hub.publish('call', () => ({ kind: 'call', at: now(), call: callWire(record) })),
      loop: (event) => hub.publish('loop', () => ({ kind: 'loop', at: event.at, loop: loopOf(event) })),
      breaker: (breaker) =>
        hub.publish('breaker', () => ({ kind: 'breaker', at: breaker.changedAt, breaker: breakerWire(breaker) })),
      alert: (alert) => hub.publish('alert', () => ({ kind: 'alert', at: now(), alert: alertWire(alert) })),
      budgets: () => hub.publish('budgets', () => ({ kind: 'budgets', at: now() })),
    },
    close: () => {
      hub.close()
      summing.stop()
      stopSweep()
    },
  }
}

/** Every operation of the control plane, in the order in which paths are looked for. */
export function allRoutes(parts: ControlParts): ReadyOperation[] {
  return [
    ...sessionRoutes(parts),
    ...overviewRoutes(parts),
    ...spendRoutes(parts),
    ...callsRoutes(parts),
    ...sessionsRoutes(parts),
    ...cacheRoutes(parts),
    ...budgetsRoutes(parts),
    ...feedbackRoutes(parts),
    ...loopsRoutes(parts),
    ...alertsRoutes(parts),
    ...teamRoutes(parts),
    ...systemRoutes(parts),
    ...spendLimitsRoutes(parts),
  ]
}

function loopOf({ call, agent, loop, at }: LoopEvent): ReturnType<typeof loopWire> {
  const { session, agent: name } = agent
  const scope = { session, agent: name === '' ? null : name, user: null, project: null }
  return loopWire({ id: call, startedAt: at, servedModel: null, requestedModel: null, scope }, loop)
}

/** Tools of the Admin API show a token of RunGuard here; whoever shows another key means the upstream. */
function owns(access: Access, target: string, headers: IncomingMessage['headers']): boolean {
  const path = pathOf(target)
  if (path === '/runguard' || path.startsWith('/runguard/')) return true
  return isOfLimits(path) && access.isMeant(plainHeaders(headers))
}
