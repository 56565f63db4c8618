/** The gateway put together: price book, engine, store, clock and log around one listener. */

import { type Gateway, GatewayStartError, startGateway } from '@runguard/gateway'
import type { CallerRules } from '@runguard/gateway/access'
import {
  type Breaker,
  type Budget,
  type CallRecord,
  compileBudgets,
  type FileConfig,
  loadPriceBook,
  priceList,
} from '@runguard/sdk/core'
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
import { openDeferring } from './deferring.js'
import { type ControlWishes, joinEars, watchGateway } from './gateway-control.js'

/** What a gateway is made of. */
export interface GatewayParts {
  readonly store: EngineOptions['store']
  /** Pages, API, alerts and metrics; absent: only the probes are there. */
  readonly control?: ControlWishes
  readonly upstream: string
  readonly host: string
  readonly port: number
  readonly version: string
  readonly runtime: Runtime
  /** What is other than the engine's own defaults. */
  readonly config?: Partial<Omit<EngineConfig, 'book'>>
  readonly budgets?: readonly Budget[]
  /** `defer:` of the configuration. */
  readonly defer?: FileConfig['defer']
  /** Whose calls are taken; absent: everybody's, with what they bring. */
  readonly callers?: CallerRules
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
  const { upstream, host, port, version, runtime, config: wishes, callers, control, defer, ...engineParts } = parts
  const config = { ...engineDefaults, ...wishes, book: loadPriceBook(priceList) }
  let budgets = compileBudgets(parts.budgets ?? [])
  const watched = { runtime, config, upstream, version, budgets: () => budgets }
  const watch = control === undefined ? null : await watchGateway(control, watched)
  const ears = watch === null ? {} : joinEars(parts, watch.ears)
  const deferring = openDeferring(defer, runtime)
  const engine = createEngine({ ...engineParts, ...ears, ...deferring.engine, runtime, config })
  let gateway: Gateway | null = null
  const running = (): number => gateway?.running() ?? 0
  const plane = watch?.open(engine, { url: () => gateway?.url ?? '', running })
  try {
    const pages = { ...deferring.gateway, ...(callers && { callers }), ...(plane && { control: plane }) }
    gateway = await startGateway({ engine, runtime, upstream, host, port, version, ...pages })
  } catch (error) {
    await engine.close()
    await deferring.close()
    await watch?.close()
    if (error instanceof GatewayStartError) throw new CommandError(error.message)
    throw error
  }
  const { url, close } = gateway
  return {
    url,
    running,
    close: async (graceMs) => {
      await close(graceMs)
      await deferring.close()
      await watch?.close()
    },
    flush: engine.flush,
    setBudgets: (list) => {
      budgets = compileBudgets(list)
      engine.setBudgets(list)
    },
  }
}
