/** The engine: one way in (`admit`), one way out (`record`). Both doors use it. */

import type { Call } from '../core/call.js'
import type { Settled } from '../core/ending.js'
import type { PriceBook, UnknownModelPolicy } from '../core/price.js'
import type { CallRecord } from '../core/record.js'
import { freshRatio, learnRatio, type TokenRatio } from '../core/token-ratio.js'
import { totalPrompt } from '../core/usage.js'
import type { Store } from '../store/store.js'
import { type Admission, admit } from './admit.js'
import { createRecorder } from './recorder.js'
import type { Runtime } from './runtime.js'
import type { Admitted } from './watch.js'

export interface EngineConfig {
  readonly book: PriceBook
  readonly unknownModel: UnknownModelPolicy
}

export interface Engine {
  admit(call: Call): Promise<Admission>
  /** Resolves when every call that has ended is in the store; rejects if the store cannot be written. */
  flush(): Promise<void>
}

/** What the steps of a call share. */
export interface Desk {
  readonly config: EngineConfig
  readonly runtime: Runtime
  /** What has been learned of a model's tokens. */
  ratioOf(model: string): TokenRatio
  learn(admitted: Admitted, settled: Settled): void
  record(record: CallRecord): void
}

export interface EngineOptions {
  readonly config: EngineConfig
  readonly store: Store
  readonly runtime: Runtime
  /** Called once for each record, when its call has ended. */
  readonly onRecord?: (record: CallRecord) => void
}

export function createEngine({ config, store, runtime, onRecord }: EngineOptions): Engine {
  const recorder = createRecorder(store, runtime)
  const desk: Desk = {
    config,
    runtime,
    ...rememberRatios(),
    record: (record) => {
      recorder.add(record)
      onRecord?.(record)
    },
  }
  return { admit: (call) => admit(desk, call), flush: recorder.flush }
}

/** Tokens per estimated token differ by model more than by anything else that is known before a call. */
const MAX_MODELS = 1_000

function rememberRatios(): Pick<Desk, 'ratioOf' | 'learn'> {
  const ratios = new Map<string, TokenRatio>()
  return {
    ratioOf: (model) => ratios.get(model) ?? freshRatio,
    learn: ({ expectation }, { ending, usage }) => {
      const [part] = usage?.parts ?? []
      if (expectation === null || part === undefined || ending.kind !== 'exact') return
      const { model, estimate } = expectation
      if (!ratios.has(model) && ratios.size >= MAX_MODELS) return
      ratios.set(model, learnRatio(ratios.get(model) ?? freshRatio, estimate.unscaled, totalPrompt(part)))
    },
  }
}
