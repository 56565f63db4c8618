/** The pure core: values in, values out. */
export type { PollPace } from './batch-backoff.js'
export type { BatchEstimate, BatchItemCost, BatchPricing } from './batch-cost.js'
export { costBatchMessage, estimateBatchItem } from './batch-cost.js'
export { batchUserId, batchWireId } from './batch-id.js'
export type { BatchLimits } from './batch-plan.js'
export { batchLimits } from './batch-plan.js'
export type {
  Breaker,
  BreakerAttempt,
  BreakerCause,
  BreakerEvent,
  BreakerPassage,
  BreakerScope,
  BreakerState,
  CallOutcome,
} from './breaker.js'
export { breakerKey, breakerKeys, breakerScopes, closedBreaker, judgeBreaker, stepBreaker } from './breaker.js'
export type { BreakerLimits, BreakerMeter, BreakerPolicy, BreakerSample } from './breaker-meter.js'
export { addSample, findCause } from './breaker-meter.js'
export { describeCause, refuseAtBreaker } from './breaker-refusal.js'
export { outcomeOf, upstreamLimit } from './breaker-upstream.js'
export type { Budget, BudgetOverride, CompiledBudgets, ScopeKind } from './budget.js'
export { compileBudgets, defaultThresholds, matchBudgets, renewAccounts, scopeKinds } from './budget.js'
export type { Shortfall, ShortfallReason } from './budget-refusal.js'
export { explainCut, refuseOverBudget, shortfallReason } from './budget-refusal.js'
export type { Balance, RoomFound } from './budget-room.js'
export { findRoom, remainingOn } from './budget-room.js'
export type { BlockMark } from './cache-edit.js'
export { markBody } from './cache-edit.js'
export type { CacheHit } from './cache-hit.js'
export { checkCacheHit } from './cache-hit.js'
export type { CacheMark, CacheMarkOptions, MarkableRequest, Marked } from './cache-marks.js'
export { withCache } from './cache-marks.js'
export type { BlockChange, CacheMiss, MissCause, MissFacts, SentPrompt } from './cache-miss.js'
export { explainMiss } from './cache-miss.js'
export type { CacheRates } from './cache-model.js'
export { cacheRates, keepsThinking, minimumTokens } from './cache-model.js'
export type { CacheParameters } from './cache-parameters.js'
export type { CacheMode, CachePlan, PlannedMark, PromptPlace } from './cache-plan.js'
export { bodyMarks, defaultMode, measurePrefix, planCache, withMarks } from './cache-plan.js'
export type { PlanFacts, PlannedPrompt, SpotReason } from './cache-spots.js'
export { noteReturns } from './cache-spots.js'
export type { BlockPart, BlockView, CacheTtl, Call, CallView } from './call.js'
export { clampBody, clampFloor, outputLimit } from './clamp.js'
export type { ConfigProblem, ConfigReading, FileConfig, GuardConfig } from './config.js'
export { configJsonSchema, readConfig, readOptions } from './config.js'
export type {
  BreakerInput,
  BudgetInput,
  GuardConfigInput,
  LoopLimitsInput,
  LoopsInput,
  LoopTiersInput,
  OverrideInput,
} from './config-input.js'
export { nearestName } from './config-names.js'
export type { Cost, CostAssumption, CostItem, CostLine, CostMultiplier, WireCostLine } from './cost.js'
export { costOf, lineFromWire, lineToWire, sumLines } from './cost.js'
export { countBody, countTimeoutMs, readCount, unaskedHeaders } from './count-body.js'
export { MalformedBodyError } from './cursor.js'
export type { StreamGate } from './cut.js'
export { streamGate } from './cut.js'
export type { CutNotice } from './cut-end.js'
export type { CallEnd, EndFacts, Settled } from './ending.js'
export { expectUsage, settleEnding } from './ending.js'
export type { Endpoint, EndpointKind } from './endpoint.js'
export { resolveEndpoint } from './endpoint.js'
export type { ApiErrorType, Refusal, RefusalAnswer, RefusalCode, RefusalDetails } from './errors.js'
export { answerRefusal } from './errors.js'
export type { CallPrefix, PrefixBlock, PrefixOptions } from './fingerprints.js'
export { readPrefix } from './fingerprints.js'
export type { ImageSize } from './image-tokens.js'
export { imageTokens, maxImageTokens } from './image-tokens.js'
export type {
  Account,
  AccountRef,
  EntryKind,
  Hold,
  HoldStatus,
  LedgerEntry,
  LedgerEvent,
  LedgerResult,
  LimitExcess,
} from './ledger.js'
export type { LedgerFinding, LedgerRule } from './ledger-audit.js'
export { verifyLedger } from './ledger-audit.js'
export { LedgerDamageError } from './ledger-events.js'
export type { PlannedCall } from './list-cost.js'
export { listCost } from './list-cost.js'
export type { LoopDetectorState, LoopMatch, LoopOptions } from './loop.js'
export { LoopDetector } from './loop.js'
export { loopDetails, loopHeader } from './loop-details.js'
export type { LoopFinding, LoopRule } from './loop-finding.js'
export { describeFinding } from './loop-finding.js'
export { hashText } from './loop-hash.js'
export { callKey, looseCallKey } from './loop-keys.js'
export type { LoopLimits, LoopTier, LoopTiers } from './loop-limits.js'
export { defaultLoopLimits } from './loop-limits.js'
export { refuseLoop } from './loop-refusal.js'
export { resultKeys } from './loop-result.js'
export type { ModelTurn } from './loop-session.js'
export { SessionLoopDetector } from './loop-session.js'
export type { SessionLoopState } from './loop-state-schema.js'
export type { LoopStep, ToolClass } from './loop-step.js'
export { toolClassOf } from './loop-tools.js'
export type { LoopAction, LoopEpisode, LoopPolicy, LoopVerdict } from './loop-verdict.js'
export type { NanoUsd } from './money.js'
export { addUsd, decimalUsd, formatUsd, maxUsd, nanoFromPico, nanoUsd, parseUsd, sumUsd, zeroUsd } from './money.js'
export type { PrefixCall, PrefixEntry, PrefixSpot } from './prefix-index.js'
export { PrefixIndex } from './prefix-index.js'
export type { CacheReading, IndexedBlock, IndexedPrompt, ReportedPrompt } from './prefix-reading.js'
export type { CostBasis, PriceBook, PriceMiss, PriceQuote, UnknownModelPolicy } from './price.js'
export { findModel, findPrice, loadPriceBook, quotePrice, withOverrides } from './price.js'
export { priceList } from './price-list.js'
export type { DatedPrice, ModelLine, PriceCard, PricedModel, PriceList, PriceOverride } from './price-schema.js'
export { findLine, PriceListError } from './price-schema.js'
export { PrintMemory } from './print-memory.js'
export type { OutputHistory } from './quantile.js'
export { freshHistory, learnOutput, outputQuantile } from './quantile.js'
export type { OutputSource, QuantileBook } from './quantile-book.js'
export { openQuantileBook } from './quantile-book.js'
export type { Bill, Reconciliation } from './reconcile.js'
export { reconcile } from './reconcile.js'
export type {
  CallRecord,
  Ending,
  EndingKind,
  EndingReason,
  InputEstimate,
  RecordedCost,
  RecordedLoop,
} from './record.js'
export type { RunGuardErrorOptions } from './refusal-error.js'
export {
  BreakerOpenError,
  BudgetExceededError,
  errorFromRefusal,
  isRunGuardError,
  LoopDetectedError,
  RunGuardError,
  UnpricedModelError,
} from './refusal-error.js'
export { errorFromApiError, errorFromWire } from './refusal-wire.js'
export type { Fit, Reserve, ReserveFacts, Room } from './reserve.js'
export { fitReserve, planReserve } from './reserve.js'
export type { MeteredSoFar, StreamHold } from './reserve-stream.js'
export { mustCut, nextExtension, unseenTokens } from './reserve-stream.js'
export type { GapCounts, Presence, ReturnForecast, ReturnKind } from './return-forecast.js'
export { ReturnBook } from './return-forecast.js'
export type { CacheSaving } from './saving.js'
export { cacheSaving } from './saving.js'
export { scanCall } from './scan.js'
export type { Headers, Scope } from './scope.js'
export { identify } from './scope.js'
export type { AgentMemory, AgentName, KnownRound } from './steps-memory.js'
export { unknownAgent } from './steps-memory.js'
export type { KnownTask, TaskModelOptions, Tier, TierModels, TierPreset } from './task-models.js'
export { selectModel, TASK_MODEL_MAP, taskModelMap, tierModels } from './task-models.js'
export type { TextRepeat, TextRepetition } from './text-repeat.js'
export { textRepeat } from './text-repeat.js'
export type { FillLevel } from './threshold.js'
export { alertKey, reachedThresholds } from './threshold.js'
export type { TokenRatio } from './token-ratio.js'
export { freshRatio, learnRatio } from './token-ratio.js'
export type { TokenEstimate, TokenFacts } from './tokens.js'
export { estimateInput, estimateOutputTokens, tokenFacts } from './tokens.js'
export type { TokenCounts, Usage, UsageContext, UsagePart, UsageProblem, UsageReading } from './usage.js'
export { addTokens, cacheHitRate, noTokens, sumTokens, totalPrompt } from './usage.js'
export { readUsage } from './usage-reading.js'
export type { StreamUsage } from './usage-stream.js'
export { mergeStreamUsage, readStreamUsage, startStreamUsage } from './usage-stream.js'
export type { Window, WindowKind } from './window.js'
export { isTimeZone, startOfDate, windowKinds, windowOf } from './window.js'
