/** The engine: one way in (`admit`), one way out (`record`). Both doors use it. */

import type { Call } from '../core/call.js'
import type { CallRecord } from '../core/record.js'
import { freshRatio, learnRatio, type TokenRatio } from '../core/token-ratio.js'
import { totalPrompt } from '../core/usage.js'
import type { Store } from '../store/store.js'
import { type Admission, admit } from './admit.js'
import type { Desk, EngineConfig } from './desk.js'
import { createRecorder } from './recorder.js'
import type { Runtime } from './runtime.js'

/** What a door has of the engine. */
export interface Engine {
  admit(call: Call): Promise<Admission>
  /** Resolves when every call that has ended is in the store; rejects if the store cannot be written. */
  flush(): Promise<void>
}

/** What an engine is made of. */
export interface EngineOptions {
  readonly config: EngineConfig
  readonly store: Store
  readonly runtime: Runtime
  /** Called once for each record, when its call has ended. */
  readonly onRecord?: (record: CallRecord) => void
}

/** An engine over a store. Nothing runs until a call is admitted. */
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
