/** All that every store has to do, in one list: a part that is added here is asked of each of them. */

import { storeSuite } from './store-suite.js'
import { auditSuite } from './store-suite-audit.js'
import { batchSuite } from './store-suite-batches.js'
import type { StoreCheck } from './store-suite-check.js'
import { conversationSuite } from './store-suite-conversations.js'
import { deferredSuite } from './store-suite-deferred.js'
import { fullestSuite } from './store-suite-fullest.js'
import { type SessionCheck, sessionSuite } from './store-suite-loops.js'
import { outboxSuite } from './store-suite-outbox.js'
import { outcomeSuite } from './store-suite-outcomes.js'
import { type RegistryCheck, registrySuite } from './store-suite-registry.js'
import { teamSuite } from './store-suite-team.js'

/** The conformance suite, but for the sums of traffic, which need a clock of their own. */
export const wholeSuite: readonly (StoreCheck | RegistryCheck | SessionCheck)[] = [
  ...storeSuite,
  ...fullestSuite,
  ...registrySuite,
  ...teamSuite,
  ...auditSuite,
  ...sessionSuite,
  ...batchSuite,
  ...outcomeSuite,
  ...conversationSuite,
  ...deferredSuite,
  ...outboxSuite,
]
