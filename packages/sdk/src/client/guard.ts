/** The guard: the engine inside a program. */

import { errorFromRefusal } from '../core/refusal/refusal-error.js'
import { defaultRoutePolicy, modelOfTier } from '../core/route/routing.js'
import { systemRuntime } from '../engine/runtime.js'
import { openCascade } from './cascade.js'
import { openDeferring } from './defer/deferring.js'
import { CLOSED } from './door/closed.js'
import type { Account, Door } from './door/door-types.js'
import { type EncodedText, runtimeFetch, sendEncoded } from './door/network.js'
import { openWays } from './door/ways.js'
import { loadEngine } from './engine-loading.js'
import { readBudgets, readSettings } from './guard-options.js'
import { openSession } from './guard-session.js'
import type { Guard, GuardOptions } from './guard-types.js'
import { listedBook } from './listed-book.js'

/**
 * A guard around the calls of this program.
 *
 * @throws ConfigError with everything that is wrong with the options
 */
export function createGuard(options: GuardOptions = {}): Guard {
  const config = readSettings(options)
  const { store, runtime = systemRuntime(), client, onRecord, onAlert, onLoop, onBreaker } = options
  const parts = { config, store, runtime, onRecord, onAlert, onLoop, onBreaker }
  const engine = loadEngine(async () => (await import('./guard-engine.js')).openEngine(parts))
  const { tiers } = config.routing ?? defaultRoutePolicy
  const door = openDoor({ engine, runtime, modelOf: (tier) => modelOfTier(tier, tiers, listedBook()) })
  return {
    ...openWays(door, NOBODY),
    ...openDeferring(door, client),
    session: (attribution = {}, onRecord = () => {}) => openSession(door, attribution, onRecord),
    report: async (query) => (await engine.whenLoaded).report(query),
    cacheStats: async (query) => (await engine.whenLoaded).cacheStats(query),
    cascade: (tiers, verify, options = {}) => openCascade(door, NOBODY, { tiers, verify, options }),
    feedback: async (call, isGood) => (await engine.whenLoaded).feedback({ call, isGood }),
    learned: async () => (await engine.whenLoaded).learned(),
    setBudgets: (list) => {
      const budgets = readBudgets(list, tiers)
      engine.tell((loaded) => loaded.setBudgets(budgets))
    },
    flush: async () => (await engine.whenLoaded).flush(),
    close: async () => {
      door.isClosed = true
      for (const call of door.running) call.stop('gateway-stopped', errorFromRefusal(CLOSED))
      // What waits for money leaves by itself. It must not take any that nobody would give back.
      await Promise.allSettled(door.admitting)
      // Where nothing could be loaded nothing was done, and nothing is left to be written.
      const loaded = await engine.whenLoaded.catch(() => null)
      await loaded?.close()
    },
  }
}

/** A call through the guard itself runs on the account that its own headers name. */
const NOBODY: Account = { headersFor: () => ({}), onEnd: () => {} }

function openDoor(parts: Pick<Door, 'engine' | 'runtime' | 'modelOf'>): Door {
  const encoded = new Map<object, EncodedText>()
  const network = sendEncoded(encoded)
  return {
    ...parts,
    encoded,
    network,
    admitting: new Set(),
    running: new Set(),
    dropped: new FinalizationRegistry((call) => call.stop('caller-aborted', 'dropped')),
    passing: new Set(),
    own: new WeakMap([[network, runtimeFetch]]),
    fetch: globalThis.fetch,
    isClosed: false,
  }
}
