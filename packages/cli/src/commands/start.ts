/** `runguard start`: the gateway, and a line for each call that ends. */

import { isLoopback } from '@runguard/gateway/address'
import type { FileConfig } from '@runguard/sdk/core'
import { type Runtime, systemRuntime } from '@runguard/sdk/engine'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { greet, warnOfUnmatched } from '../greeting.js'
import { openLog } from '../log.js'
import type { ControlWishes } from '../operations/gateway-control.js'
import { type GatewayDoor, openDoor } from '../operations/gateway-door.js'
import { openGateway, type RunningGateway } from '../operations/running-gateway.js'
import { type BudgetsInForce, mergeBudgets, requireReadable } from '../settings/budgets-in-force.js'
import { type ConfigFile, findConfig } from '../settings/config-file.js'
import { findDashboard } from '../settings/dashboard-folder.js'
import type { Environment } from '../settings/environment.js'
import type { LogLevel } from '../settings/flags.js'
import { changeStore, choosePlace, describePlace } from '../settings/open-store.js'
import { watchRegistry } from '../settings/registry-watch.js'
import { chooseSettings, type Settings } from '../settings/settings.js'
import type { OpenStore, StoreFlags, StorePlace } from '../settings/store-place.js'
import { listenForStop, type StopSignals } from '../stop-signals.js'
import type { Terminal } from '../terminal.js'
import { showAlerts, showBreakers, showCalls, showLoops } from '../views/shown-events.js'

/** The flags of `start`. */
export interface StartOptions extends StoreFlags, Partial<Settings> {
  readonly port: number
  readonly host: string
  readonly upstream: string
  readonly logLevel: LogLevel
  readonly json?: boolean
}

/** The API itself gives up on a call at ten minutes. */
const GRACE_MS = 10 * 60 * 1000

/** Serves until it is told to stop, then lets running calls finish. */
export async function runStart(environment: Environment, options: StartOptions): Promise<ExitCode> {
  requireOtherUpstream(options)
  const file = await findConfig(environment, options.config)
  const place = choosePlace(environment, options, file)
  const stop = listenForStop()
  const log = openLog(options.logLevel)
  const onLost = (error: Error): void => log.warn('store-connection-lost', { error: error.message })
  const runtime = systemRuntime(log)
  await changeStore(place, (store) => run(environment, options, { store, runtime, file, place, stop }), { onLost })
  return exitCodes.ok
}

interface Opened {
  readonly store: OpenStore
  readonly runtime: Runtime
  readonly file: ConfigFile | null
  readonly place: StorePlace
  readonly stop: StopSignals
}

async function run(
  environment: Environment,
  options: StartOptions,
  { store, runtime, file, place, stop }: Opened,
): Promise<void> {
  const { terminal, version } = environment
  const { upstream, json } = options
  const settings = chooseSettings(options, file)
  const watch = await watchRegistry(store, runtime)
  try {
    const { budgets } = requireReadable(mergeBudgets(file, watch.first))
    const { operator } = environment
    const door = await openDoor({ store, runtime, policy: file?.config.access, host: options.host, operator })
    const control = {
      access: door.access,
      file,
      store,
      storeName: describePlace(place),
      applyBudgets: () => watch.lookNow(),
      dashboard: findDashboard(),
    }
    const parts = { store, runtime, budgets, settings, door, control, defer: file?.config.defer }
    const gateway = await serve(environment, options, parts)
    watch.start((stored) => takeIntoForce(gateway, mergeBudgets(file, stored), terminal, store))
    if (json) terminal.print(JSON.stringify({ kind: 'listening', url: gateway.url, upstream, version }))
    if (door.newAdminToken !== null) tellAdminToken(terminal, door.newAdminToken, json === true)
    await greet(terminal, { url: gateway.url, upstream, settings, budgets, flags: options, file, place, store })
    await stop.first
    await endGateway(gateway, stop, terminal)
  } finally {
    watch.stop()
  }
}

/** Calls would go round until the machine has no connection left. */
function requireOtherUpstream({ port, upstream }: StartOptions): void {
  const url = new URL(upstream)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!isLoopback(host) || url.port !== String(port)) return
  throw new CommandError(
    `The upstream ${upstream} is this gateway itself: give the address of the API.`,
    exitCodes.config,
  )
}

interface Parts {
  readonly store: OpenStore
  readonly runtime: Runtime
  readonly budgets: BudgetsInForce['budgets']
  readonly settings: Settings
  readonly door: GatewayDoor
  readonly control: ControlWishes
  readonly defer: FileConfig['defer']
}

/** Once: only a hash of it is kept. */
function tellAdminToken(terminal: Terminal, token: string, isJson: boolean): void {
  if (isJson) terminal.print(JSON.stringify({ kind: 'admin-token', token }))
  else terminal.say(`Sign in with this admin token, which is shown only now:  ${token}`)
}

function serve(
  { terminal, version, offsetAt }: Environment,
  options: StartOptions,
  { store, runtime, budgets, settings, door, control, defer }: Parts,
): Promise<RunningGateway> {
  const { host, port, upstream } = options
  const isJson = options.json === true
  return openGateway({
    ...(defer && { defer }),
    store,
    runtime,
    upstream,
    host,
    port,
    version,
    config: settings,
    callers: door.callers,
    control,
    budgets: budgets.map(({ budget }) => budget),
    onRecord: showCalls(terminal, isJson),
    onAlert: showAlerts(terminal, isJson, offsetAt),
    onLoop: showLoops(terminal, isJson),
    onBreaker: showBreakers(terminal, isJson, offsetAt),
  })
}

/** All of it or nothing: a budget that cannot be read must not fall out of force while it is mended. */
function takeIntoForce(
  gateway: RunningGateway,
  { budgets, problems }: BudgetsInForce,
  terminal: Terminal,
  store: OpenStore,
): void {
  if (problems.length > 0) {
    const lines = [...problems, 'Until that is mended, the budgets from before stay in force.']
    terminal.say(lines.map((line) => `warning: ${line}`).join('\n'))
    return
  }
  gateway.setBudgets(budgets.map(({ budget }) => budget))
  terminal.say(`Budgets changed: ${budgets.length} in force.`)
  void warnOfUnmatched(terminal, budgets, store)
}

async function endGateway(gateway: RunningGateway, stop: StopSignals, terminal: Terminal): Promise<void> {
  const running = gateway.running()
  if (running > 0) {
    const calls = running === 1 ? 'a running call' : `${running} running calls`
    terminal.say(`Waiting for ${calls} to finish. Once more to end at once.`)
  }
  const orderly = gateway.close(GRACE_MS)
  const quick = stop.second.then(() => gateway.close(0))
  await Promise.race([orderly, quick])
}
