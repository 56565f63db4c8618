/** The engine: one way in (`admit`), one way out (`close`). Both doors use it. */

import type { BudgetAlert } from '../core/alert/alert-event.js'
import type { Call } from '../core/body/incoming-call.js'
import { ScanMemory } from '../core/body/scan-memory.js'
import type { Breaker } from '../core/breaker/breaker.js'
import type { BreakerPolicy } from '../core/breaker/breaker-meter.js'
import { type Budget, type CompiledBudgets, compileBudgets, renewAccounts } from '../core/budget/budget.js'
import type { Scope } from '../core/budget/scope.js'
import type { CallRecord, RecordedLoop } from '../core/cost/record.js'
import type { LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'
import type { LoopPolicy } from '../core/loop/loop-verdict.js'
import type { AgentName } from '../core/loop/steps-memory.js'
import { estimateInput } from '../core/tokens/tokens.js'
import type { SessionStore } from '../store/session-store.js'
import type { Store } from '../store/store.js'
import type { Admission } from './admission.js'
import { admit } from './admit.js'
import { type AlertWatch, watchAlerts } from './alerts.js'
import { rememberBalances } from './balances.js'
import { openBatchBooks } from './batch-books.js'
import { openBreakers } from './breakers.js'
import { type Cascades, openCascades } from './cascades.js'
import { type Deferred, deferDefaults, openDeferred } from './deferred.js'
import type { DeferSettings } from './deferred-lane.js'
import type { TellEnd } from './deferred-telling.js'
import type { CallHold, Desk, EngineConfig } from './desk.js'
import type { EstimateInput } from './estimate-input.js'
import { openJournal } from './journal.js'
import { openKeepWarm } from './keep-warm.js'
import { sendPing } from './keep-warm-call.js'
import { startKeeper } from './keeper.js'
import { outputScope, startLearning } from './learning.js'
import { tellListener } from './listener.js'
import { type LoopParts, type Loops, watchLoops } from './loops.js'
import { watchPrefixes } from './prefixes.js'
import type { Judgement, LearnedTier } from './route-outcomes.js'
import { openRoutes } from './routes.js'
import type { Runtime } from './runtime.js'
import { keepingCalls } from './unasked-calls.js'
import { openWaitingLine } from './waiting-line.js'

/** What a door has of the engine. */
export interface Engine {
  admit(call: Call): Promise<Admission>
  /** Takes other budgets into force; calls that run keep the accounts they have, with the new limits. */
  setBudgets(budgets: readonly Budget[]): void
  /** Takes up at once how a breaker stands that was changed in the store; others hear of it within seconds. */
  heed(breaker: Breaker): void
  /** Takes note of what somebody says of an answer. False if nothing can be learned from it; rejects if the store fails. */
  feedback(judgement: Judgement): Promise<boolean>
  /** Calls that are tried on several tiers. */
  readonly cascades: Cascades
  /** What was learned of tiers at tasks, by all who share the store. */
  learned(): Promise<readonly LearnedTier[]>
  /** Calls that may wait. */
  readonly deferred: Deferred
  /** A session is over: its prompts are kept warm no longer. @param session its name */
  leave(session: string): void
  /** Resolves when every call that has ended is in the store; rejects if the store cannot be written. */
  flush(): Promise<void>
  /** One round of the keeper, now: holds whose owner is gone are posted. Rejects if the store cannot be reached. */
  keep(): Promise<void>
  /** Ends the keeper, and flushes. */
  close(): Promise<void>
}

/** What is done about an agent that goes in a loop, from this call on. */
export interface LoopEvent {
  /** RunGuard's id of the call. */
  readonly call: string
  readonly agent: AgentName
  readonly loop: RecordedLoop
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** What an engine is made of. */
export interface EngineOptions {
  readonly config: EngineConfig
  readonly store: Store & SessionStore
  readonly runtime: Runtime
  readonly budgets?: readonly Budget[]
  /** How calls that may wait are worked on. */
  readonly defer?: Partial<DeferSettings>
  /** Told of calls that have waited and ended, until it says that it has heard. */
  readonly tellDeferred?: TellEnd | undefined
  /** Called once for each record, when its call has ended. */
  readonly onRecord?: (record: CallRecord) => void
  /** Called when a budget's threshold is crossed, once per threshold and window. */
  readonly onAlert?: (alert: BudgetAlert) => void
  /** Called when something else than before is done about an agent's loop. */
  readonly onLoop?: (event: LoopEvent) => void
  /** Called when a breaker has opened. */
  readonly onBreaker?: (breaker: Breaker) => void
  /** Absent: the engine reads requests itself. */
  readonly readers?: ContentReaders
}

/** What reads the content of requests, replaced where it is gone and only numbers are left of it. */
export interface ContentReaders {
  readonly estimateInput?: EstimateInput
  readonly openLoops?: (parts: LoopParts) => Loops
}

/** An engine over a store. Nothing runs until a call is admitted, but for the keeper's timer. */
export function createEngine(options: EngineOptions): Engine {
  const { config, store } = options
  const applied = (list: readonly Budget[]) => compileBudgets(config.mode === 'observe' ? list.map(observed) : list)
  let budgets = applied(options.budgets ?? [])
  const running = new Map<string, CallHold>()
  const alerts = openAlerts(options, () => budgets)
  const desk = openDesk(options, { budgets: () => budgets, running, alerts })
  const settings = { ...deferDefaults, ...options.defer }
  const deferred = openDeferred({ desk, store, settings, tell: options.tellDeferred })
  const keeper = startKeeper(desk, store, running, keepingCalls(desk, store, deferred))
  return {
    admit: (call) => admit(desk, call),
    setBudgets: (list) => {
      budgets = applied(list)
      alerts?.sweep()
    },
    heed: (breaker) => desk.breakers.heed(breaker),
    feedback: (judgement) => desk.routes.outcomes.judge(judgement),
    cascades: desk.cascades,
    learned: () => desk.routes.outcomes.list(),
    deferred,
    leave: (session) => desk.keepWarm.leave(session),
    flush: async () => {
      await desk.routes.settled()
      await desk.journal.flush()
      await desk.batches.flush()
      await alerts?.told()
    },
    keep: keeper.round,
    close: async () => {
      keeper.stop()
      await desk.keepWarm.close()
      await deferred.close()
      await desk.loops.flush()
      await desk.routes.settled()
      await flushAtLast(desk)
      await alerts?.told()
    },
  }
}

/** A store that is busy now may be free in a moment; whoever closes has one to spare. */
const LAST_TRIES = 5
const LAST_PAUSE_MS = 500

async function flushAtLast({ journal, batches, runtime }: Desk): Promise<void> {
  const flush = async (): Promise<void> => {
    await journal.flush()
    await batches.flush()
  }
  for (let tries = 1; tries < LAST_TRIES; tries++) {
    try {
      return await flush()
    } catch {
      await runtime.sleep(LAST_PAUSE_MS)
    }
  }
  return flush()
}

/** Limits may be other than before the last stop. Nobody listens, nobody looks. */
function openAlerts({ store, runtime, onAlert }: EngineOptions, budgets: () => CompiledBudgets): AlertWatch | null {
  if (onAlert === undefined) return null
  const alerts = watchAlerts({
    budgets,
    runtime,
    store,
    onAlert: (alert) => tellListener(runtime, () => onAlert(alert)),
  })
  alerts.sweep()
  return alerts
}

interface Shared {
  readonly budgets: () => CompiledBudgets
  readonly running: Map<string, CallHold>
  readonly alerts: AlertWatch | null
}

function openDesk(options: EngineOptions, { budgets, running, alerts }: Shared): Desk {
  const { config, store, runtime, onRecord } = options
  const line = openWaitingLine(runtime)
  const balances = rememberBalances(store)
  const learning = startLearning()
  const scans = new ScanMemory(runtime.seal ?? null)
  const read = options.readers?.estimateInput ?? estimateInput
  const journal = openJournal(store, runtime, hearResults({ running, alerts, line, balances }))
  const keepWarm = openKeepWarm({
    runtime,
    policy: config.caching.keepWarm ?? null,
    ping: (prompt, stop) => sendPing(desk, prompt, stop),
  })
  const desk: Desk = {
    config,
    runtime,
    owner: runtime.id(),
    journal,
    balances,
    line,
    budgets,
    batches: openBatchBooks(store, runtime),
    renew: (accounts) => renewAccounts(budgets(), accounts, runtime.now()),
    ...learning,
    scan: (body, owner) => scans.scan(body, owner),
    estimateInput: read,
    ...openLoopDesk(options),
    keepWarm,
    ...openPlans(options, { budgets, balances, journal, keepWarm, estimateInput: read, ...learning }),
    open: (hold) => running.set(hold.id, hold),
    close: (record, events) => {
      journal.close(record, events)
      if (onRecord !== undefined) tellListener(runtime, () => onRecord(record))
    },
  }
  return desk
}

type Hearing = Pick<Desk, 'line' | 'balances'> & Pick<Shared, 'running' | 'alerts'>

/** What the ledger says changes what is known of balances, and may be what others wait for. */
function hearResults({ running, alerts, line, balances }: Hearing) {
  return (event: LedgerEvent, result: LedgerResult): void => {
    const ended = event.kind === 'hold' || event.kind === 'extend' ? null : event.hold
    if ('accounts' in result) balances.learn(result.accounts, ended)
    alerts?.look(result)
    if (ended === null) return
    running.delete(ended)
    line.wake()
  }
}

/** What chooses models and places the markers of the cache. */
function openPlans(
  { config, runtime, store }: EngineOptions,
  {
    outputs,
    journal,
    keepWarm,
    ...shared
  }: Pick<Desk, 'budgets' | 'balances' | 'journal' | 'keepWarm' | 'ratioOf' | 'outputs' | 'estimateInput'>,
): Pick<Desk, 'prefixes' | 'routes' | 'cascades'> {
  const { book, unknownModel, routing, caching } = config
  const shortOutput = (scope: Scope, model: string) => outputs.expectShort({ scope: outputScope(scope), model })
  const isObserving = config.mode === 'observe'
  // Who only observes is told what would have been chosen.
  const policy = isObserving && routing.mode === 'route' ? { ...routing, mode: 'explain' as const } : routing
  const prefixes = watchPrefixes({
    runtime,
    policy: caching,
    isObserving,
    book,
    unknownModel,
    keepWarm,
    ratioOf: shared.ratioOf,
  })
  const flush = (): Promise<void> => journal.flush()
  const parts = { ...shared, store, runtime, book, policy, shortOutput, warmOn: prefixes.readable, flush }
  const routes = openRoutes(parts)
  return { routes, cascades: openCascades(parts, routes.outcomes), prefixes }
}

/** What finds loops and opens breakers, and who hears of it. */
function openLoopDesk(options: EngineOptions): Pick<Desk, 'loops' | 'breakers' | 'isExempt' | 'tellLoop'> {
  const { config, store, runtime, onLoop, onBreaker } = options
  const openLoops = options.readers?.openLoops ?? watchLoops
  const loops = openLoops({ store, runtime, policy: inMode(config, config.loops), book: config.book })
  const policy = inMode(config, config.breaker)
  const breakers = openBreakers({ store, runtime, policy }, (breaker) =>
    tellListener(runtime, () => onBreaker?.(breaker)),
  )
  return {
    loops,
    breakers,
    isExempt: async (session) => (await store.findMark(session))?.isExempt ?? false,
    tellLoop: ({ id, scope, requestedModel, startedAt }, { agent, loop }) => {
      if (loop === null) return
      if (loop.action === 'stop' && loop.isEnforced) breakers.loopStopped({ scope, model: requestedModel })
      tellListener(runtime, () => onLoop?.({ call: id, agent, loop, at: startedAt }))
    },
  }
}

/** Where the engine only observes, none of its parts does more. */
function inMode<Policy extends LoopPolicy | BreakerPolicy>({ mode }: EngineConfig, policy: Policy): Policy {
  return mode === 'observe' && policy.mode === 'enforce' ? { ...policy, mode } : policy
}

/** A budget that counts and refuses nothing. */
function observed(budget: Budget): Budget {
  return { ...budget, mode: 'observe' }
}
