/** A gateway with its control plane, the real engine and a scripted upstream, all on loopback sockets. */

import {
  type AccessPolicy,
  type Budget,
  compileBudgets,
  defaultAccess,
  loadPriceBook,
  priceList,
  readConfig,
} from '@runguard/sdk/core'
import { createEngine, engineDefaults, type Runtime, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { onTestFinished } from 'vitest'
import { openAccess } from '../src/access/access-door.js'
import { openGatewayKeys } from '../src/access/gateway-keys.js'
import type { Alerting } from '../src/alerting/alerting.js'
import { type Control, openControl } from '../src/control/control.js'
import type { ControlStore } from '../src/control/control-parts.js'
import { startGateway } from '../src/index.js'
import { answerBody, httpUpstream, messagesBody } from './harness.js'

/** When the gateway says it was started. */
export const STARTED_AT = Date.UTC(2026, 10, 1)

/** What may differ from an ordinary gateway. */
export interface ControlHouseOptions {
  readonly store?: ControlStore
  readonly fileBudgets?: readonly Budget[]
  readonly tiers?: readonly { readonly name: string; readonly model: string }[]
  readonly requireLogin?: boolean
  readonly adminToken?: string
  readonly dashboard?: string
  readonly runtime?: Runtime
  readonly isProxied?: boolean
  /** With the address that the sign-in sends people back to. */
  readonly signIn?: Pick<AccessPolicy, 'publicUrl' | 'oidc'>
  /** Instead of one that answers every call with the same few words. */
  readonly upstream?: string
  readonly alerting?: Alerting
}

/** A gateway with its control plane. */
export interface ControlHouse {
  readonly url: string
  readonly store: ControlStore
  readonly control: Control
  readonly runtime: Runtime
  /** What the upstream was asked for: method and path. */
  readonly asked: readonly string[]
  /** A request to the API, with what a page of our own would send. */
  ask(
    path: string,
    init?: RequestInit & { readonly json?: unknown },
  ): Promise<{
    readonly status: number
    readonly body: ReturnType<typeof JSON.parse>
  }>
  /** A call to the model. */
  call(headers?: Record<string, string>): Promise<Response>
}

/** An upstream of few words. @param asked takes what it is asked for */
function brief(asked: string[]): Promise<string> {
  return httpUpstream((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json', 'request-id': `req_${asked.length}` })
    response.end(answerBody)
  })
}

/** Starts it; it ends with the test. */
export async function startControlHouse(options: ControlHouseOptions = {}): Promise<ControlHouse> {
  const { fileBudgets = [], requireLogin = false, adminToken = null, dashboard = null } = options
  const asked: string[] = []
  const upstream = options.upstream ?? (await brief(asked))
  const runtime = options.runtime ?? systemRuntime()
  const store = options.store ?? memoryStore()
  const book = loadPriceBook(priceList)
  let control: Control | null = null
  const engine = createEngine({
    config: { ...engineDefaults, book, waitForMoneyMs: 0 },
    store,
    runtime,
    budgets: fileBudgets,
    onRecord: (record) => control?.ears.record(record),
    onLoop: (event) => control?.ears.loop(event),
    onBreaker: (breaker) => control?.ears.breaker(breaker),
  })
  const trustProxy = options.isProxied ?? false
  const policy = { ...defaultAccess, requireLogin, adminToken, trustProxy, ...options.signIn }
  const inForce = async (): Promise<void> => {
    const stored = (await store.listBudgets()).flatMap(({ written }) => {
      const reading = readConfig({ budgets: [written] })
      return reading.kind === 'config' ? reading.config.budgets : []
    })
    compileBudgets([...fileBudgets, ...stored])
    engine.setBudgets([...fileBudgets, ...stored])
  }
  control = openControl({
    store,
    runtime,
    access: openAccess({ store, runtime, policy, isLoopback: true }),
    engine,
    book,
    alerting: options.alerting ?? null,
    running: () => 0,
    metrics: null,
    routing: { mode: 'off', tiers: options.tiers ?? [] },
    isSimulated: false,
    version: 'test',
    fileBudgets,
    applyBudgets: inForce,
    dashboard,
    settings: () => ({
      version: 'test',
      startedAt: STARTED_AT,
      url: '',
      upstream,
      store: 'memory',
      configPath: null,
      rules: [],
      access: { requiresSignIn: requireLogin, requiresKeys: false, oidcIssuer: null },
    }),
  })
  const callers = { keys: openGatewayKeys({ store, runtime, requireKeys: false }), upstreamKey: null }
  const gateway = await startGateway({
    engine,
    runtime,
    upstream,
    host: '127.0.0.1',
    port: 0,
    version: 'test',
    control,
    callers,
  })
  onTestFinished(() => gateway.close(0))
  let csrf: string | null = null
  const ask: ControlHouse['ask'] = async (path, { json, ...init } = {}) => {
    csrf ??= ((await (await fetch(`${gateway.url}/runguard/api/session`)).json()) as { csrfToken: string | null })
      .csrfToken
    const headers = {
      ...(csrf === null ? {} : { 'x-runguard-csrf': csrf }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const response = await fetch(`${gateway.url}/runguard/api/${path}`, {
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }
  const call: ControlHouse['call'] = async (headers = {}) => {
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'sk-ant-test', ...headers },
      body: messagesBody,
    })
    await response.clone().text()
    await engine.flush()
    return response
  }
  return { url: gateway.url, store, control, runtime, asked, ask, call }
}
