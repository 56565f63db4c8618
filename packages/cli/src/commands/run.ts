/** `runguard run -- <command>`: a program with a gateway of its own in front of the API, and the bill at its end. */

import { type Runtime, systemRuntime } from '@runguard/sdk/engine'
import { CommandError, exitCodes } from '../exit.js'
import { openLog } from '../log.js'
import { runChild } from '../operations/child.js'
import type { ControlWishes } from '../operations/gateway-control.js'
import { openOwnDoor } from '../operations/gateway-door.js'
import { openGateway, type RunningGateway } from '../operations/running-gateway.js'
import { type BudgetsInForce, mergeBudgets, requireReadable } from '../settings/budgets-in-force.js'
import { type ConfigFile, findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { parseUpstream } from '../settings/flags.js'
import { changeStore, choosePlace, describePlace } from '../settings/open-store.js'
import { watchRegistry } from '../settings/registry-watch.js'
import { chooseSettings, type Settings } from '../settings/settings.js'
import type { OpenStore, StoreFlags, StorePlace } from '../settings/store-place.js'
import { type OpenBill, openBill } from '../views/bill.js'

/** The flags of `run`. */
export interface RunOptions extends StoreFlags, Partial<Settings> {
  readonly upstream?: string
  /** On whose account. */
  readonly project?: string
}

const API_URL = 'https://api.anthropic.com'
/** The program is gone: nobody waits for an answer that is still on its way. */
const GRACE_MS = 2_000

/** Runs the program and returns its exit code. The gateway is its own, the store and its budgets are everybody's. */
export async function runProgram(
  environment: Environment,
  command: readonly string[],
  options: RunOptions,
): Promise<number> {
  const { terminal } = environment
  const file = await findConfig(environment, options.config)
  const place = choosePlace(environment, options, file)
  const runtime = systemRuntime(openLog('error'))
  const onLost = (error: Error): void => runtime.log.warn('store-connection-lost', { error: error.message })
  const bill = openBill()
  const parts = { runtime, file, place, bill }
  const guarded = (store: OpenStore) => runGuarded(environment, command, options, { ...parts, store })
  const code = await changeStore(place, guarded, { onLost })
  // On stderr: what the program printed is its own.
  terminal.say(`RunGuard: ${bill.line(terminal.colors)}`)
  return code
}

interface Parts {
  readonly store: OpenStore
  readonly runtime: Runtime
  readonly file: ConfigFile | null
  readonly place: StorePlace
  readonly bill: OpenBill
}

async function runGuarded(
  environment: Environment,
  [program = '', ...args]: readonly string[],
  options: RunOptions,
  parts: Parts,
): Promise<number> {
  const { store, runtime, file } = parts
  const watch = await watchRegistry(store, runtime)
  const { budgets } = requireReadable(mergeBudgets(file, watch.first))
  const applyBudgets = () => watch.lookNow()
  const gateway = await openOwnGateway(environment, options, parts, { budgets, applyBudgets })
  watch.start((stored) => takeIntoForce(gateway, mergeBudgets(file, stored)))
  try {
    const url = addProject(gateway.url, options.project)
    return await runChild({ program, args, environment: childEnvironment(url) }, process.stdin.isTTY === true)
  } finally {
    watch.stop()
    await gateway.close(GRACE_MS)
  }
}

/** One that follows the whole configuration: keys, alerts and metrics too, whether or not another gateway runs. */
async function openOwnGateway(
  environment: Environment,
  options: RunOptions,
  { store, runtime, file, place, bill }: Parts,
  { budgets, applyBudgets }: Pick<BudgetsInForce, 'budgets'> & Pick<ControlWishes, 'applyBudgets'>,
): Promise<RunningGateway> {
  const { access, defer } = file?.config ?? {}
  const door = openOwnDoor({ store, runtime, policy: access })
  const storeName = describePlace(place)
  return await openGateway({
    store,
    runtime,
    upstream: options.upstream ?? upstreamOf(environment),
    host: '127.0.0.1',
    port: 0,
    version: environment.version,
    config: chooseSettings(options, file),
    // Without rules for callers a key goes on as it came: to a gateway of the team, for instance, which knows it.
    ...(access && { callers: door.callers }),
    control: { access: door.access, file, store, storeName, applyBudgets, dashboard: null },
    ...(defer && { defer }),
    budgets: budgets.map(({ budget }) => budget),
    onRecord: bill.add,
  })
}

/** A project is named by the path, which every client keeps. */
function addProject(url: string, project: string | undefined): string {
  return project === undefined ? url : `${url}/p/${encodeURIComponent(project)}`
}

/** A program that is sent elsewhere already, to a proxy of the company for instance, keeps going there. */
function upstreamOf({ variable }: Environment): string {
  const url = variable('ANTHROPIC_BASE_URL') ?? ''
  if (url === '') return API_URL
  try {
    return parseUpstream(url)
  } catch (error) {
    throw new CommandError(`ANTHROPIC_BASE_URL ${JSON.stringify(url)}: ${(error as Error).message}`, exitCodes.config)
  }
}

/** The second one makes Claude Code say with each call which prompt, agent and purpose it belongs to. */
function childEnvironment(url: string): NodeJS.ProcessEnv {
  return { ...process.env, ANTHROPIC_BASE_URL: url, CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1' }
}

/** While a budget cannot be read, those from before stay in force. The terminal belongs to the program: nothing is said. */
function takeIntoForce(gateway: RunningGateway, { budgets, problems }: BudgetsInForce): void {
  if (problems.length === 0) gateway.setBudgets(budgets.map(({ budget }) => budget))
}
