/** `runguard sim`: the simulated Claude API as a server. */

import { startSimulator } from '@runguard/simulator'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'
import { listenForStop } from '../stop-signals.js'

/** The flags of `sim`. */
export interface SimOptions {
  readonly port: number
  readonly host: string
  readonly json?: boolean
}

/** Serves until it is told to stop. */
export async function runSim({ terminal, version }: Environment, { port, host, json }: SimOptions): Promise<ExitCode> {
  const stop = listenForStop()
  const simulator = await startSimulator({ port, host }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new CommandError(`Port ${port} on ${host} is taken. Choose another with --port.`)
  })
  if (json) terminal.print(JSON.stringify({ kind: 'listening', url: simulator.url, version }))
  terminal.say(`A simulated Claude API:  export ANTHROPIC_BASE_URL=${simulator.url}   (any key will do)`)
  terminal.say(
    'It echoes, unless a message tells it what to do: [[sim:text 200]] [[sim:tool NAME]] [[sim:fault 529]] …',
  )
  terminal.say(`What it served, with the usage of each request:  ${simulator.url}/sim/log   (Ctrl-C stops it)`)
  await stop.first
  await simulator.close()
  return exitCodes.ok
}
