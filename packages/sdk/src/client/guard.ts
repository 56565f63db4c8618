/** The guard: the engine inside a program. */

import { errorFromRefusal } from '../core/refusal/refusal-error.js'
import { createEngine } from '../engine/engine.js'
import { systemRuntime } from '../engine/runtime.js'
import { memoryStore } from '../store/memory.js'
import { sumCacheStats } from './cache-stats.js'
import { openCascade } from './cascade.js'
import { openDeferring } from './defer/deferring.js'
import { endpointFinder } from './door/claude-endpoint.js'
import { CLOSED } from './door/door.js'
import type { Account, Door } from './door/door-types.js'
import { type EncodedText, runtimeFetch, sendEncoded } from './door/network.js'
import { openWays } from './door/ways.js'
import { readSettings } from './guard-options.js'
import { openSession } from './guard-session.js'
import type { Guard, GuardOptions } from './guard-types.js'
import { listedBook } from './listed-book.js'

/**
 * A guard around the calls of this program.
 *
 * @throws ConfigError with everything that is wrong with the options
 */
export function createGuard(options: GuardOptions = {}): Guard {
  const { budgets, defer, ...config } = readSettings(options)
  const { store = memoryStore(), runtime = systemRuntime(), onRecord, onAlert, onLoop, onBreaker } = options
  const engine = createEngine({
    config: { ...config, book: listedBook() },
    store,
    runtime,
    budgets,
    defer,
    ...(onRecord && { onRecord }),
    ...(onAlert && { onAlert }),
    ...(onLoop && { onLoop }),
    ...(onBreaker && { onBreaker }),
  })
  const door = openDoor(engine, runtime)
  return {
    ...openWays(door, NOBODY),
    ...openDeferring(door, options.client),
    session: (attribution = {}, onRecord = () => {}) => openSession(door, attribution, onRecord),
    report: async (query) => {
      await engine.flush()
      return store.report(query)
    },
    cacheStats: async (query = {}) => {
      await engine.flush()
      return sumCacheStats(store, query)
    },
    cascade: (tiers, verify, options = {}) => openCascade(door, NOBODY, { tiers, verify, options }),
    feedback: (call, isGood) => engine.feedback({ call, isGood }),
    learned: () => engine.learned(),
    setBudgets: (list) => engine.setBudgets(readSettings({ budgets: list }).budgets),
    flush: () => engine.flush(),
    close: async () => {
      door.isClosed = true
      for (const call of door.running) call.stop('gateway-stopped', errorFromRefusal(CLOSED))
      await engine.close()
    },
  }
}

/** A call through the guard itself runs on the account that its own headers name. */
const NOBODY: Account = { headersFor: () => ({}), onEnd: () => {} }

function openDoor(engine: Door['engine'], runtime: Door['runtime']): Door {
  const encoded = new WeakMap<object, EncodedText>()
  const network = sendEncoded(encoded)
  return {
    engine,
    runtime,
    encoded,
    network,
    findEndpoint: endpointFinder(),
    running: new Set(),
    dropped: new FinalizationRegistry((call) => call.stop('caller-aborted', 'dropped')),
    passing: new WeakSet(),
    own: new WeakMap([[network, runtimeFetch]]),
    fetch: globalThis.fetch,
    isClosed: false,
  }
}
