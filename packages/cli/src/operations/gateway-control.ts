/** What watches over a gateway: the control plane, alerts, metrics and traces, all told by one fan-out. */

import {
  type Alerting,
  CallSums,
  type Control,
  describeRules,
  type Metrics,
  openAlerting,
  openControl,
  openMetrics,
  openTelemetry,
  type Telemetry,
  TelemetryStartError,
} from '@runguard/gateway'
import type { Access } from '@runguard/gateway/access'
import {
  type Account,
  type Alert,
  type AuditHead,
  type CompiledBudgets,
  defaultAlertPolicy,
  priceList,
  type RoutePolicy,
} from '@runguard/sdk/core'
import type { Engine, EngineConfig, EngineOptions, Runtime } from '@runguard/sdk/engine'
import { CommandError, exitCodes } from '../exit.js'
import type { ConfigFile } from '../settings/config-file.js'
import type { OpenStore } from '../settings/store-place.js'

/** What is asked for. */
export interface ControlWishes {
  readonly access: Access
  readonly file: ConfigFile | null
  readonly store: OpenStore
  /** The place of the store as it may be shown. */
  readonly storeName: string
  /** Takes what the registry has now into force. */
  readonly applyBudgets: () => Promise<void>
  /** The folder of the dashboard; null for none. */
  readonly dashboard: string | null
  /** True where the upstream is a simulator; absent: false. */
  readonly isSimulated?: boolean
}

/** What happens in an engine. */
export type EngineEars = Required<Pick<EngineOptions, 'onRecord' | 'onAlert' | 'onLoop' | 'onBreaker'>>

/** What watches. */
export interface GatewayWatch {
  readonly ears: EngineEars
  /** The control plane over the engine that is watched. */
  open(engine: Engine, whereabouts: { readonly url: () => string; readonly running: () => number }): Control
  /** After the gateway: what is on its way may arrive. */
  close(): Promise<void>
}

/** What the watch needs beside the wishes. */
export interface WatchParts {
  readonly runtime: Runtime
  readonly config: EngineConfig
  readonly upstream: string
  readonly version: string
  /** Those in force now. */
  readonly budgets: () => CompiledBudgets
}

/** Opens everything but the control plane, which needs the engine. Rejects with {@link CommandError}. */
export async function watchGateway(wishes: ControlWishes, parts: WatchParts): Promise<GatewayWatch> {
  const { file, store } = wishes
  const { runtime, config, version } = parts
  const sums = new CallSums(config.book)
  const policy = file?.config.telemetry
  const telemetry = policy === undefined ? null : await openTelemetry({ policy, runtime, version, sums }).catch(explain)
  let control: Control | null = null
  let running = (): number => 0
  const metrics = openMetrics({
    sums,
    version,
    balances: () => readLasting(store, parts.budgets(), runtime.now()),
    budgets: parts.budgets,
    running: () => running(),
  })
  const onChange = (alert: Alert): void => {
    metrics.alert(alert)
    control?.ears.alert(alert)
  }
  const alerting = openAlerts(wishes, parts, onChange)
  return {
    ears: tellAll({ metrics, telemetry, alerting, control: () => control }),
    open: (engine, whereabouts) => {
      running = whereabouts.running
      const counted = async () => ({ type: metrics.contentType, text: await metrics.text() })
      control = buildControl(wishes, parts, { engine, alerting, metrics: counted, ...whereabouts })
      return control
    },
    close: async () => {
      control?.close()
      await Promise.all([alerting.close(), telemetry?.close()])
    },
  }
}

/**
 * The accounts that outlast a session. There is one for each session that ever was: to read those too would hold up every
 * call of the gateway while it is scraped.
 */
async function readLasting(store: OpenStore, { byId }: CompiledBudgets, at: number): Promise<readonly Account[]> {
  const lasting = [...byId.values()].filter(({ window }) => window !== 'session' && window !== 'request')
  return (await Promise.all(lasting.map(({ id }) => store.balances({ budget: id, at })))).flat()
}

interface Listeners {
  readonly metrics: Metrics
  readonly telemetry: Telemetry | null
  readonly alerting: Alerting
  readonly control: () => Control | null
}

/** The one place where what happens in an engine goes to whoever wants to know. */
function tellAll({ metrics, telemetry, alerting, control }: Listeners): EngineEars {
  return {
    onRecord: (record) => {
      metrics.record(record)
      telemetry?.record(record)
      control()?.ears.record(record)
      alerting.tell({ kind: 'record', record })
    },
    onAlert: (crossing) => {
      control()?.ears.budgets()
      alerting.tell({ kind: 'budget', crossing })
    },
    onLoop: (event) => {
      metrics.loop(event)
      control()?.ears.loop(event)
      const { agent, loop, at } = event
      alerting.tell({ kind: 'loop', session: agent.session, agent: agent.agent, loop, at })
    },
    onBreaker: (breaker) => {
      metrics.breaker(breaker)
      control()?.ears.breaker(breaker)
      alerting.tell({ kind: 'breaker', breaker })
    },
  }
}

function explain(error: unknown): never {
  if (error instanceof TelemetryStartError) throw new CommandError(error.message, exitCodes.config)
  throw error
}

function openAlerts(
  { file, store }: ControlWishes,
  { runtime, config, budgets }: WatchParts,
  onChange: (alert: Alert) => void,
): Alerting {
  const { access, alerts = defaultAlertPolicy } = file?.config ?? {}
  return openAlerting({
    store,
    runtime,
    policy: alerts,
    budgets,
    prices: { version: config.book.version, asOf: Date.parse(priceList.asOf) },
    ...(access?.publicUrl ? { publicUrl: access.publicUrl } : {}),
    auditHead: async () => headOf(await store.auditHead()),
    onChange,
  })
}

/** As `runguard audit verify --head` takes it. */
function headOf({ sequence, hash }: AuditHead): string | null {
  return sequence === 0 ? null : `${sequence}:${hash}`
}

interface Opened {
  readonly engine: Engine
  readonly alerting: Alerting
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
  readonly url: () => string
  readonly running: () => number
}

function buildControl(
  { access, file, store, storeName, applyBudgets, dashboard, isSimulated = false }: ControlWishes,
  { runtime, config, upstream, version }: WatchParts,
  { engine, alerting, metrics, url, running }: Opened,
): Control {
  const startedAt = runtime.now()
  const policy = file?.config.access
  return openControl({
    store,
    runtime,
    access,
    engine,
    book: config.book,
    alerting,
    running,
    metrics,
    routing: routingOf(config.routing),
    version,
    isSimulated,
    fileBudgets: file?.config.budgets ?? [],
    applyBudgets,
    dashboard,
    settings: () => ({
      version,
      startedAt,
      url: url(),
      upstream,
      store: storeName,
      configPath: file?.path ?? null,
      rules: [...describeRules(config, file?.config.defer)],
      access: {
        requiresSignIn: policy?.requireLogin ?? false,
        requiresKeys: policy?.requireKeys ?? false,
        oidcIssuer: policy?.oidc?.issuer ?? null,
      },
    }),
  })
}

function routingOf({ mode, tiers }: RoutePolicy) {
  return { mode, tiers: [...tiers].map(([name, model]) => ({ name, model })) }
}

/** All of them are told, in order. */
export function joinEars(first: Partial<EngineEars>, second: Partial<EngineEars>): EngineEars {
  return {
    onRecord: (record) => {
      first.onRecord?.(record)
      second.onRecord?.(record)
    },
    onAlert: (alert) => {
      first.onAlert?.(alert)
      second.onAlert?.(alert)
    },
    onLoop: (event) => {
      first.onLoop?.(event)
      second.onLoop?.(event)
    },
    onBreaker: (breaker) => {
      first.onBreaker?.(breaker)
      second.onBreaker?.(breaker)
    },
  }
}
