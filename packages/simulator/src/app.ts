import type { IncomingMessage, ServerResponse } from 'node:http'
import { ApiError } from './api-error.js'
import { type Clock, systemClock } from './clock.js'
import { deliverError } from './deliver.js'
import { type Exchange, openExchange } from './exchange.js'
import type { FaultTarget } from './fault-queue.js'
import type { Fault } from './faults.js'
import type { LogEntry } from './log.js'
import { route } from './route.js'
import { echoScript, type Script } from './script.js'
import { World } from './world.js'

/** What a simulator can be told. */
export interface SimulatorOptions {
  /** The machine's clock by default. */
  readonly clock?: Clock
  /** Ids are a function of the seed and of the order of requests. */
  readonly seed?: string
  /** What the model says when nothing else decides it; an echo by default. */
  readonly script?: Script
  /** Scripts that a request can choose by the header `x-sim-script`. */
  readonly scripts?: Readonly<Record<string, Script>>
  /** How long a batch takes unless its items say otherwise, in milliseconds of the clock; 1,000 by default. */
  readonly batchMs?: number
  /** How long a batch is `canceling`; 200 by default. */
  readonly batchCancelMs?: number
}

/** A Claude API without a port: something that answers HTTP requests, and remembers them. */
export interface Simulator {
  /** Serves one request; give it to `http.createServer`. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  /** Every request served, in the order in which they ended; the items of a batch when the batch ends. */
  readonly log: readonly LogEntry[]
  readonly clock: Clock
  /** Requests that have not ended yet. */
  inFlight(): number
  /** Queues a fault for coming requests; it goes before faults that a request asks for itself. */
  fault(fault: Fault, target?: FaultTarget): void
  /** Resolves when no request is in flight, no batch is due, and every entry is in the log. */
  idle(): Promise<void>
  /** Lets a running batch, or every one, end now; returns how many this concerns. */
  finishBatches(id?: string): number
  /** Forgets the cache, the batches, the log and the queued faults, and starts the ids anew. */
  reset(): void
  /** Says that connections which end from now on were ended by the simulator, and stops the batches. */
  prepareClose(): void
}

/** Creates a simulator that is not listening anywhere yet. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const world = new World({
    clock: options.clock ?? systemClock(),
    seed: options.seed ?? 'simulator',
    script: options.script ?? echoScript,
    scripts: new Map(Object.entries(options.scripts ?? {})),
    batchMs: options.batchMs ?? 1_000,
    batchCancelMs: options.batchCancelMs ?? 200,
  })
  const waiting = new Set<() => void>()
  const settle = () => {
    if (world.running.size > 0) return
    for (const wake of waiting) wake()
    waiting.clear()
  }
  return {
    listener: (request, response) => {
      void serve(world, request, response).then(settle)
    },
    log: world.log,
    clock: world.options.clock,
    inFlight: () => world.running.size,
    fault: (fault, target) => world.faults.add(fault, target),
    idle: async () => {
      if (world.running.size > 0) await new Promise<void>((resolve) => waiting.add(resolve))
      await world.batches.settled()
    },
    finishBatches: (id) => world.batches.finish(id ?? null, world.options.clock.now()),
    reset: () => world.reset(),
    prepareClose: () => {
      world.isClosing = true
      world.batches.clear()
    },
  }
}

/** Serves one request and logs it. Never rejects: whatever goes wrong becomes an answer. */
async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const exchange = openExchange(request, response, world.options.clock, world.nextId('req'))
  const isControl = exchange.path.startsWith('/sim/')
  if (!isControl) world.running.add(exchange)
  try {
    await route(exchange, world)
  } catch (error) {
    await recover(exchange, error)
  }
  if (isControl) return
  world.running.delete(exchange)
  if (world.isClosing && exchange.draft.ending === 'aborted') exchange.draft.ending = 'cut'
  world.log.push(exchange.draft)
}

async function recover(exchange: Exchange, error: unknown): Promise<void> {
  const isUploadBroken = exchange.request.destroyed && !exchange.request.complete
  if (exchange.gone.aborted || isUploadBroken) return
  if (exchange.response.headersSent) {
    exchange.draft.ending = 'cut'
    exchange.response.destroy()
    return
  }
  try {
    await deliverError(exchange, toApiError(error))
  } catch {
    exchange.draft.ending = 'cut'
    exchange.response.destroy()
  }
}

/** A body nested so deeply that reading it overflows the stack is the caller's fault; anything else is ours. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof RangeError) return new ApiError(400, 'The request body is nested too deeply.')
  return new ApiError(500, error instanceof Error ? error.message : 'Internal server error')
}
