/** `runguard demo`: a simulated API, the gateway before it, traffic through both, and the bill checked independently. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CallRecord, type FileConfig, type Reconciliation, readConfig, reconcile } from '@runguard/sdk/core'
import { type Runtime, systemRuntime } from '@runguard/sdk/engine'
import { billEach, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { createApiClient } from '../demo/api-client.js'
import { sessionOf, traffic, writtenBudgets } from '../demo/traffic.js'
import { type ExitCode, exitCodes } from '../exit.js'
import type { ControlWishes } from '../operations/gateway-control.js'
import { openDoor } from '../operations/gateway-door.js'
import { openGateway, type RunningGateway } from '../operations/running-gateway.js'
import { mergeBudgets } from '../settings/budgets-in-force.js'
import type { ConfigFile } from '../settings/config-file.js'
import { findDashboard } from '../settings/dashboard-folder.js'
import type { Environment } from '../settings/environment.js'
import { openStore } from '../settings/open-store.js'
import { type RegistryWatch, watchRegistry } from '../settings/registry-watch.js'
import type { OpenStore } from '../settings/store-place.js'
import { listenForStop } from '../stop-signals.js'
import type { Terminal } from '../terminal.js'
import { reportTable, rowJson, totalRow } from '../views/report-views.js'

/** The flags of `demo`. */
export interface DemoOptions {
  /** Leaves everything running until Ctrl-C, the dashboard with it. */
  readonly keep?: boolean
  readonly json?: boolean
}

type Undo = () => Promise<void>

interface Stage {
  readonly directory: string
  readonly simulator: RunningSimulator
  readonly gateway: RunningGateway
  readonly store: OpenStore
  /** Every call that has ended so far. */
  readonly records: readonly CallRecord[]
}

/** Runs the traffic, prints the report by model, and fails if a bill differs from the simulator's. */
export async function runDemo(environment: Environment, options: DemoOptions): Promise<ExitCode> {
  const { terminal, version } = environment
  const stop = options.keep ? listenForStop() : null
  const undo: Undo[] = []
  try {
    const stage = await setUp(version, options.keep === true, undo)
    await playTraffic(stage, terminal)
    const check = await present(stage, terminal, options.json === true)
    if (stop !== null) {
      sayWhereItRuns(stage, terminal)
      await stop.first
    }
    return check.mismatches.length === 0 ? exitCodes.ok : exitCodes.failure
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

/** @param undo gets what takes each thing down again, so that a failure half-way leaves nothing running */
async function setUp(version: string, isKept: boolean, undo: Undo[]): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'runguard-demo-'))
  undo.push(() => rm(directory, { recursive: true, force: true }))
  const store = await openStore({ kind: 'file', directory })
  undo.push(() => store.close())
  const simulator = await startSimulator()
  undo.push(() => simulator.close())
  const records: CallRecord[] = []
  const [runtime, config] = [systemRuntime(), readBudgets()]
  const file = { path: 'runguard demo', config }
  const watch = isKept ? await watchRegistry(store, runtime) : null
  const control = watch === null ? null : await wishControl({ store, runtime, file, watch })
  const gateway = await openGateway({
    store,
    upstream: simulator.url,
    host: '127.0.0.1',
    port: 0,
    version,
    runtime,
    budgets: config.budgets,
    ...(control && { control }),
    onRecord: (record) => records.push(record),
  })
  undo.push(() => gateway.close(0))
  watch?.start((stored) => gateway.setBudgets(mergeBudgets(file, stored).budgets.map(({ budget }) => budget)))
  undo.push(async () => watch?.stop())
  return { directory, simulator, gateway, store, records }
}

interface Watched {
  readonly store: OpenStore
  readonly runtime: Runtime
  readonly file: ConfigFile
  readonly watch: RegistryWatch
}

/** What happens can be looked at, and changed, as in an ordinary gateway. */
async function wishControl({ store, runtime, file, watch }: Watched): Promise<ControlWishes> {
  const { access } = await openDoor({ store, runtime, policy: undefined, host: '127.0.0.1', operator: 'demo' })
  const applyBudgets = () => watch.lookNow()
  const pages = { dashboard: findDashboard(), isSimulated: true }
  return { access, file, store, storeName: 'demo', applyBudgets, ...pages }
}

function readBudgets(): FileConfig {
  const reading = readConfig({ budgets: writtenBudgets })
  if (reading.kind === 'config') return reading.config
  throw new Error(`the budgets of the demo cannot be used: ${JSON.stringify(reading.problems)}`)
}

async function playTraffic({ gateway, simulator }: Stage, terminal: Terminal): Promise<void> {
  terminal.say('Simulated: no key is needed, no call leaves this machine, no money is spent.')
  for (const [index, { title, run }] of traffic.entries()) {
    terminal.say(`  ${index + 1}/${traffic.length}  ${title}`)
    await run(createApiClient(gateway.url, sessionOf(index)))
  }
  // The witness has seen the end of every call only when the abandoned one has reached it too.
  await simulator.idle()
  await gateway.flush()
}

async function present(stage: Stage, terminal: Terminal, isJson: boolean): Promise<Reconciliation> {
  const { simulator, store, records } = stage
  const rows = await store.report({ groupBy: 'model' })
  const check = reconcile(records, billEach(simulator.log))
  if (isJson) {
    const report = { rows: rows.map(rowJson), total: rowJson(totalRow(rows)) }
    terminal.print(JSON.stringify({ isSimulated: true, ...report, check }))
    return check
  }
  terminal.print(`\nSimulated traffic by model\n${reportTable(rows, 'model', terminal.colors)}\n`)
  terminal.print(verdict(check))
  return check
}

function verdict({ exact, estimated, unbilled, mismatches }: Reconciliation): string {
  if (mismatches.length > 0) {
    return ['These calls differ from the bill of the simulator:', ...mismatches.map((text) => `  ${text}`)].join('\n')
  }
  return (
    `Checked against the simulator's own bill: ${exact} calls equal to the nano-dollar, ` +
    `${estimated} broken off and charged no less (est.), ${unbilled} free or failed and charged nothing.`
  )
}

function sayWhereItRuns({ directory, simulator, gateway }: Stage, terminal: Terminal): void {
  terminal.say(`The gateway goes on at ${gateway.url}, the simulated API behind it at ${simulator.url}.`)
  terminal.say(`Its dashboard:  ${gateway.url}/runguard/`)
  terminal.say(`Try:  ANTHROPIC_BASE_URL=${gateway.url} with any client and any key`)
  terminal.say(`      runguard report --data ${directory}   (Ctrl-C ends it and deletes that directory)`)
}
