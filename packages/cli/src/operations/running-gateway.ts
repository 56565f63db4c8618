/** The gateway put together: price book, engine, store, clock and log around one listener. */

import { type Gateway, GatewayStartError, startGateway } from '@runguard/gateway'
import { type Breaker, type Budget, type CallRecord, loadPriceBook, priceList } from '@runguard/sdk/core'
import {
  type BudgetAlert,
  createEngine,
  type Engine,
  type EngineConfig,
  type EngineOptions,
  engineDefaults,
  type LoopEvent,
  type Runtime,
} from '@runguard/sdk/engine'
import { CommandError } from '../exit.js'

/** What a gateway is made of. */
export interface GatewayParts {
  readonly store: EngineOptions['store']
  readonly upstream: string
  readonly host: string
  readonly port: number
  readonly version: string
  readonly runtime: Runtime
  /** What is other than the engine's own defaults. */
  readonly config?: Partial<Omit<EngineConfig, 'book'>>
  readonly budgets?: readonly Budget[]
  /** Called once for each call that has ended. */
  readonly onRecord: (record: CallRecord) => void
  /** Called once for each threshold of a budget and window. */
  readonly onAlert?: (alert: BudgetAlert) => void
  /** Called when something else than before is done about an agent's loop. */
  readonly onLoop?: (event: LoopEvent) => void
  /** Called when a breaker has opened. */
  readonly onBreaker?: (breaker: Breaker) => void
}

/** A gateway that serves. */
export type RunningGateway = Gateway & Pick<Engine, 'flush' | 'setBudgets'>

/** Starts serving. Throws {@link CommandError} if the port cannot be had. */
export async function openGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { upstream, host, port, version, runtime, config: wishes, ...engineParts } = parts
  const config = { ...engineDefaults, ...wishes, book: loadPriceBook(priceList) }
  const engine = createEngine({ ...engineParts, runtime, config })
  try {
    const gateway = await startGateway({ engine, runtime, upstream, host, port, version })
    return { ...gateway, flush: engine.flush, setBudgets: engine.setBudgets }
  } catch (error) {
    await engine.close()
    if (error instanceof GatewayStartError) throw new CommandError(error.message)
    throw error
  }
}
