/** The gateway put together: price book, engine, store, clock and log around one listener. */

import { type Gateway, GatewayStartError, startGateway } from '@runguard/gateway'
import { type CallRecord, loadPriceBook, priceList, type UnknownModelPolicy } from '@runguard/sdk/core'
import { createEngine, engineDefaults, type Log, systemRuntime } from '@runguard/sdk/engine'
import type { Store } from '@runguard/sdk/store'
import { CommandError } from './exit.js'

/** What a gateway is made of. */
export interface GatewayParts {
  readonly store: Store
  readonly upstream: string
  readonly host: string
  readonly port: number
  readonly version: string
  readonly unknownModel: UnknownModelPolicy
  readonly log?: Log
  /** Called once for each call that has ended. */
  readonly onRecord: (record: CallRecord) => void
}

/** A gateway that serves. */
export interface RunningGateway extends Gateway {
  /** Resolves when every call that has ended is in the store. */
  flush(): Promise<void>
}

/** Starts serving. Throws {@link CommandError} if the port cannot be had. */
export async function openGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { store, upstream, host, port, version, unknownModel, log, onRecord } = parts
  const runtime = systemRuntime(log)
  const config = { ...engineDefaults, book: loadPriceBook(priceList), unknownModel }
  const engine = createEngine({ config, store, runtime, onRecord })
  try {
    const gateway = await startGateway({ engine, runtime, upstream, host, port, version })
    return { ...gateway, flush: engine.flush }
  } catch (error) {
    if (error instanceof GatewayStartError) throw new CommandError(error.message)
    throw error
  }
}
