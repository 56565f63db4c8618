/** The door for programs. */

export type { BudgetAlert } from '../core/alert/alert-event.js'
export type { PollPace } from '../core/batch/batch-backoff.js'
export type { BatchEstimate } from '../core/batch/batch-cost.js'
export type { BatchLimits } from '../core/batch/batch-plan.js'
export type { CacheHit } from '../core/cache/cache-hit.js'
export { checkCacheHit } from '../core/cache/cache-hit.js'
export type { CacheMark, CacheMarkOptions, MarkableRequest, Marked } from '../core/cache/cache-marks.js'
export { withCache } from '../core/cache/cache-marks.js'
export type { RecordedCache } from '../core/cache/cache-record.js'
export type { PresenceWord } from '../core/cache/caching.js'
export type {
  BreakerInput,
  BudgetInput,
  CachingInput,
  CascadeInput,
  DegradeInput,
  GuardConfigInput,
  LoopLimitsInput,
  LoopsInput,
  LoopTiersInput,
  OverrideInput,
  RoutingInput,
} from '../core/config/config-input.js'
export type { ConfigProblem } from '../core/config/guard-config.js'
export type { CallRecord } from '../core/cost/record.js'
export type { LoopDetectorState, LoopMatch, LoopOptions } from '../core/loop/loop.js'
export { LoopDetector } from '../core/loop/loop.js'
export type { Refusal, RefusalCode, RefusalDetails } from '../core/refusal/errors.js'
export type { RunGuardErrorOptions } from '../core/refusal/refusal-error.js'
export {
  BreakerOpenError,
  BudgetExceededError,
  errorFromRefusal,
  isRunGuardError,
  LoopDetectedError,
  RunGuardError,
  UnpricedModelError,
} from '../core/refusal/refusal-error.js'
export { errorFromApiError, errorFromWire } from '../core/refusal/refusal-wire.js'
export type { SkippedTier } from '../core/route/cascade.js'
export type { KnownTask, TaskModelOptions, Tier, TierModels, TierPreset } from '../core/route/task-models.js'
export { selectModel, TASK_MODEL_MAP, taskModelMap, tierModels } from '../core/route/task-models.js'
export type { LearnedTier } from '../engine/route-outcomes.js'
export { type Log, type Runtime, systemRuntime } from '../engine/runtime.js'
export { memoryStore } from '../store/memory.js'
export type { SessionStore } from '../store/session-store.js'
export type { ReportGroup, ReportQuery, ReportRow, Store } from '../store/store.js'
export type { AgentEvent, AgentRun, RunResult, RunStop } from './agent/agent-events.js'
export type { AgentPrompt, AgentRunOptions, AgentSessionOptions } from './agent/agent-options.js'
export { AgentSession, AgentStoppedError, OptimizedAgentSession } from './agent/agent-session.js'
export type { AgentSessionState } from './agent/agent-state.js'
export type { AgentTool, RunnableTool, ToolContext } from './agent/agent-tool.js'
export type { GuardHookOptions, SpendingSource } from './agent/guard-hooks.js'
export { guardHooks } from './agent/guard-hooks.js'
export type { GuardHooks } from './agent/hook-types.js'
export type { SessionAttribution } from './attribution.js'
export type { Batches, BatchesOptions, EstimateOptions, RunOptions } from './batch/batches.js'
export { openBatches } from './batch/batches.js'
export type { BatchClient, BatchParams } from './batch/batches-client.js'
export type { BatchCreation } from './batch/batches-create.js'
export type { SubmitOutcome } from './batch/batches-errors.js'
export { BatchInputError, BatchResultsError, BatchSubmitError } from './batch/batches-errors.js'
export type { BatchBill, BatchJob, ResultsOptions } from './batch/batches-job.js'
export type { BatchJobOptions, BatchJobResult, BatchWaitOptions } from './batch/batches-promised.js'
export { retrieveBatchResults, submitBatchJob } from './batch/batches-promised.js'
export type { BatchPrompt } from './batch/batches-prompt.js'
export type { FailedItem, ItemError, ItemResult, SucceededItem } from './batch/batches-results.js'
export type { SubmitOptions, SubmitStep } from './batch/batches-submit.js'
export type { BatchProgress, WaitOptions } from './batch/batches-wait.js'
export type { CacheStats, CacheStatsQuery } from './cache-stats.js'
export { callWithCaching } from './call-with-caching.js'
export type {
  Cascade,
  CascadeAnswer,
  CascadeAttemptResult,
  CascadeOptions,
  CascadeParams,
  Verify,
} from './cascade-types.js'
export type { DeferClient } from './defer/client-sender.js'
export { DeferredCallError } from './defer/defer-errors.js'
export type { DeferOptions, DeferredCall, DeferredStatus, Deferring } from './defer/defer-types.js'
export type { Fetch, Middleware, MiddlewareNext, MiddlewareRequest } from './door/middleware-types.js'
export type { EstimateCostOptions } from './estimate-cost.js'
export { estimateCost } from './estimate-cost.js'
export type { GatewayPlace } from './gateway-environment.js'
export { gatewayEnvironment } from './gateway-environment.js'
export { createGuard } from './guard.js'
export { ConfigError } from './guard-options.js'
export type {
  Cascading,
  Guard,
  GuardedWays,
  GuardOptions,
  GuardSession,
} from './guard-types.js'
