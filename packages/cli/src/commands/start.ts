/** `runguard start`: the gateway, and a line for each call that ends. */

import { isLoopback } from '@runguard/gateway/address'
import type { CallRecord, EndpointKind, UnknownModelPolicy } from '@runguard/sdk/core'
import { callJson } from '../call-json.js'
import { callLine } from '../call-line.js'
import type { Environment } from '../environment.js'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import type { LogLevel } from '../flags.js'
import { openLog } from '../log.js'
import { openStore } from '../open-store.js'
import { openGateway, type RunningGateway } from '../running-gateway.js'
import { listenForStop, type StopSignals } from '../stop-signals.js'
import type { Terminal } from '../terminal.js'

/** The flags of `start`. */
export interface StartOptions {
  readonly port: number
  readonly host: string
  readonly upstream: string
  readonly data?: string
  readonly unknownModel: UnknownModelPolicy
  readonly logLevel: LogLevel
  readonly json?: boolean
}

/** The API itself gives up on a call at ten minutes. */
const GRACE_MS = 10 * 60 * 1000

/** Serves until it is told to stop, then lets running calls finish. */
export async function runStart(environment: Environment, options: StartOptions): Promise<ExitCode> {
  const { terminal, version } = environment
  const { host, port, upstream, unknownModel } = options
  requireOtherUpstream(options)
  const stop = listenForStop()
  const directory = options.data ?? environment.dataDirectory
  const store = await openStore(directory)
  const log = openLog(options.logLevel)
  const onRecord = showCalls(terminal, options.json === true)
  try {
    const gateway = await openGateway({ store, upstream, host, port, version, unknownModel, log, onRecord })
    if (options.json) terminal.print(JSON.stringify({ kind: 'listening', url: gateway.url, upstream, version }))
    greet(terminal, gateway.url, options)
    await stop.first
    await endGateway(gateway, stop, terminal)
  } finally {
    await store.close()
  }
  return exitCodes.ok
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

function greet(terminal: Terminal, url: string, { data, upstream }: StartOptions): void {
  const report = data === undefined ? 'runguard report' : `runguard report --data ${JSON.stringify(data)}`
  terminal.say(`RunGuard is listening:  export ANTHROPIC_BASE_URL=${url}`)
  terminal.say(`Run any Claude client with that; its calls go to ${upstream} and each is shown here with its cost.`)
  terminal.say(`Sums by day, session or model:  ${report}   (Ctrl-C stops the gateway)`)
}

/** Prints each call, and says once for each kind of endpoint that its cost is not known. */
function showCalls(terminal: Terminal, isJson: boolean): (record: CallRecord) => void {
  const warned = new Set<EndpointKind>()
  return (record) => {
    const { endpoint, ending, target } = record
    if (ending.kind === 'unmetered' && !warned.has(endpoint)) {
      warned.add(endpoint)
      terminal.say(`warning: ${target} is passed on unmetered: what it costs is in no report.`)
    }
    terminal.print(isJson ? JSON.stringify(callJson(record)) : callLine(record, terminal.colors))
  }
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
