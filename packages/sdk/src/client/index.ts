/** The door for programs. */
export type { PollPace } from '../core/batch-backoff.js'
export type { BatchEstimate } from '../core/batch-cost.js'
export type { BatchLimits } from '../core/batch-plan.js'
export type { CacheHit } from '../core/cache-hit.js'
export { checkCacheHit } from '../core/cache-hit.js'
export type { CacheMark, CacheMarkOptions, MarkableRequest, Marked } from '../core/cache-marks.js'
export { withCache } from '../core/cache-marks.js'
export type { ConfigProblem } from '../core/config.js'
export type {
  BreakerInput,
  BudgetInput,
  GuardConfigInput,
  LoopLimitsInput,
  LoopsInput,
  LoopTiersInput,
  OverrideInput,
} from '../core/config-input.js'
export type { Refusal, RefusalCode, RefusalDetails } from '../core/errors.js'
export type { LoopDetectorState, LoopMatch, LoopOptions } from '../core/loop.js'
export { LoopDetector } from '../core/loop.js'
export type { CallRecord } from '../core/record.js'
export type { RunGuardErrorOptions } from '../core/refusal-error.js'
export {
  BreakerOpenError,
  BudgetExceededError,
  errorFromRefusal,
  isRunGuardError,
  LoopDetectedError,
  RunGuardError,
  UnpricedModelError,
} from '../core/refusal-error.js'
export { errorFromApiError, errorFromWire } from '../core/refusal-wire.js'
export type { KnownTask, TaskModelOptions, Tier, TierModels, TierPreset } from '../core/task-models.js'
export { selectModel, TASK_MODEL_MAP, taskModelMap, tierModels } from '../core/task-models.js'
export type { BudgetAlert } from '../engine/alerts.js'
export { type Log, type Runtime, systemRuntime } from '../engine/runtime.js'
export { memoryStore } from '../store/memory.js'
export type { SessionStore } from '../store/session-store.js'
export type { ReportGroup, ReportQuery, ReportRow, Store } from '../store/store.js'
export type { AgentEvent, AgentRun, RunResult, RunStop } from './agent-events.js'
export type { AgentPrompt, AgentRunOptions, AgentSessionOptions } from './agent-options.js'
export { AgentSession, AgentStoppedError, OptimizedAgentSession } from './agent-session.js'
export type { AgentSessionState } from './agent-state.js'
export type { AgentTool, RunnableTool, ToolContext } from './agent-tool.js'
export type { Batches, BatchesOptions, EstimateOptions, RunOptions } from './batches.js'
export { openBatches } from './batches.js'
export type { BatchClient, BatchParams } from './batches-client.js'
export type { SubmitOutcome } from './batches-errors.js'
export { BatchInputError, BatchResultsError, BatchSubmitError } from './batches-errors.js'
export type { BatchBill, BatchJob, ResultsOptions } from './batches-job.js'
export type { BatchJobOptions, BatchJobResult, BatchWaitOptions } from './batches-promised.js'
export { retrieveBatchResults, submitBatchJob } from './batches-promised.js'
export type { BatchPrompt } from './batches-prompt.js'
export type { FailedItem, ItemError, ItemResult, SucceededItem } from './batches-results.js'
export type { SubmitOptions } from './batches-submit.js'
export type { BatchProgress, WaitOptions } from './batches-wait.js'
export type { CacheStats, CacheStatsQuery } from './cache-stats.js'
export { callWithCaching } from './call-with-caching.js'
export type { EstimateCostOptions } from './estimate-cost.js'
export { estimateCost } from './estimate-cost.js'
export type { GatewayPlace } from './gateway-environment.js'
export { gatewayEnvironment } from './gateway-environment.js'
export { createGuard } from './guard.js'
export type { GuardHookOptions, SpendingSource } from './guard-hooks.js'
export { guardHooks } from './guard-hooks.js'
export { ConfigError } from './guard-options.js'
export type {
  Guard,
  GuardedWays,
  GuardOptions,
  GuardSession,
  SessionAttribution,
} from './guard-types.js'
export type { GuardHooks } from './hook-types.js'
export type { Fetch, Middleware, MiddlewareNext, MiddlewareRequest } from './middleware-types.js'
