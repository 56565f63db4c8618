/** What guards the calls of a program. `guard.ts` loads it while the program goes on: no other file may import it. */

import { type GuardConfig, pickGiven } from '../core/config/guard-config.js'
import { checkKind } from '../core/config/known-options.js'
import { flag, someText } from '../core/config/option-kinds.js'
import { deferSettings } from '../engine/deferred.js'
import { engineDefaults } from '../engine/desk.js'
import { createEngine } from '../engine/engine.js'
import type { Runtime } from '../engine/runtime.js'
import { memoryStore } from '../store/memory.js'
import { sumCacheStats } from './cache-stats.js'
import { runCascade } from './cascade-run.js'
import { passRequest } from './door/door.js'
import type { GuardEngine } from './door/door-types.js'
import type { GuardOptions } from './guard-types.js'
import { listedBook } from './listed-book.js'

/** What the engine of a guard is made of. */
export interface EngineParts extends Pick<GuardOptions, 'store' | 'onRecord' | 'onAlert' | 'onLoop' | 'onBreaker'> {
  readonly config: GuardConfig
  readonly runtime: Runtime
}

/** Opens an engine over the store that was passed, or one in memory. */
export function openEngine({ config, runtime, store = memoryStore(), ...listeners }: EngineParts): GuardEngine {
  const { budgets, defer, ...settings } = config
  const engine = createEngine({
    config: { ...engineDefaults, ...settings, book: listedBook() },
    store,
    runtime,
    budgets,
    defer: { ...deferSettings(defer), forgetsUnasked: false },
    ...pickGiven(listeners),
  })
  return {
    ...engine,
    passRequest: (door, account, request, send) => passRequest(engine, door, account, request, send),
    runCascade,
    feedback: async (judgement) => {
      checkKind('callId', judgement.call, someText)
      checkKind('isGood', judgement.isGood, flag)
      return engine.feedback(judgement)
    },
    report: async (query) => {
      await engine.flush()
      return store.report(query)
    },
    cacheStats: async (query = {}) => {
      await engine.flush()
      return sumCacheStats(store, query)
    },
  }
}
