import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSimulator, type Simulator, type SimulatorOptions } from './app.js'

/** Where a simulator listens. */
export interface ServerOptions extends SimulatorOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number
  readonly host?: string
  /** Needed to listen on anything but loopback: the simulator lets everybody in. */
  readonly isPublicAllowed?: boolean
}

/** A simulator that listens. */
export interface RunningSimulator extends Simulator {
  /** The base URL for clients, without a slash at the end. */
  readonly url: string
  /** Stops listening and ends every connection, open streams included; resolves when the log is complete. */
  close(): Promise<void>
}

const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** Starts a simulator. Rejects when the host is not loopback and nobody allowed that, or the port is taken. */
export async function startSimulator(options: ServerOptions = {}): Promise<RunningSimulator> {
  const { port = 0, host = '127.0.0.1', isPublicAllowed = false } = options
  if (!isPublicAllowed && !loopbackHosts.has(host)) {
    throw new Error(`The simulator listens on loopback only; ${host} has to be allowed with isPublicAllowed.`)
  }
  const simulator = createSimulator(options)
  const server = createServer(simulator.listener)
  server.keepAliveTimeout = 60_000
  await listen(server, port, host)
  const address = server.address() as AddressInfo // a TCP server that listens has one
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return { ...simulator, url: `http://${name}:${address.port}`, close: () => close(server, simulator) }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function close(server: Server, simulator: Simulator): Promise<void> {
  simulator.prepareClose()
  if (!server.listening) return
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  await simulator.idle()
}
