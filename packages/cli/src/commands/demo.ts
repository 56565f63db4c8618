/** `runguard demo`: a simulated API, the gateway before it, traffic through both, and the bill checked independently. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Budget, type CallRecord, type Reconciliation, readConfig, reconcile } from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import type { Store } from '@runguard/sdk/store'
import { billEach, type RunningSimulator, startSimulator } from '@runguard/simulator'
import { createApiClient } from '../demo/api-client.js'
import { sessionOf, traffic, writtenBudgets } from '../demo/traffic.js'
import { type ExitCode, exitCodes } from '../exit.js'
import { openGateway, type RunningGateway } from '../operations/running-gateway.js'
import type { Environment } from '../settings/environment.js'
import { openStore } from '../settings/open-store.js'
import { listenForStop } from '../stop-signals.js'
import type { Terminal } from '../terminal.js'
import { reportTable, rowJson, totalRow } from '../views/report-views.js'

/** The flags of `demo`. */
export interface DemoOptions {
  /** Leaves everything running until Ctrl-C. */
  readonly keep?: boolean
  readonly json?: boolean
}

type Undo = () => Promise<void>

interface Stage {
  readonly directory: string
  readonly simulator: RunningSimulator
  readonly gateway: RunningGateway
  readonly store: Store
  /** Every call that has ended so far. */
  readonly records: readonly CallRecord[]
}

/** Runs the traffic, prints the report by model, and fails if a bill differs from the simulator's. */
export async function runDemo(environment: Environment, options: DemoOptions): Promise<ExitCode> {
  const { terminal, version } = environment
  const stop = options.keep ? listenForStop() : null
  const undo: Undo[] = []
  try {
    const stage = await setUp(version, undo)
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
async function setUp(version: string, undo: Undo[]): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'runguard-demo-'))
  undo.push(() => rm(directory, { recursive: true, force: true }))
  const store = await openStore({ kind: 'file', directory })
  undo.push(() => store.close())
  const simulator = await startSimulator()
  undo.push(() => simulator.close())
  const records: CallRecord[] = []
  const gateway = await openGateway({
    store,
    upstream: simulator.url,
    host: '127.0.0.1',
    port: 0,
    version,
    runtime: systemRuntime(),
    budgets: readBudgets(),
    onRecord: (record) => records.push(record),
  })
  undo.push(() => gateway.close(0))
  return { directory, simulator, gateway, store, records }
}

function readBudgets(): readonly Budget[] {
  const reading = readConfig({ budgets: writtenBudgets })
  if (reading.kind === 'config') return reading.config.budgets
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
  terminal.say(`Try:  ANTHROPIC_BASE_URL=${gateway.url} with any client and any key`)
  terminal.say(`      runguard report --data ${directory}   (Ctrl-C ends it and deletes that directory)`)
}
