/** The pure core: values in, values out. */
export type {
  Alert,
  AlertDraft,
  AlertFact,
  AlertKind,
  AlertLink,
  AlertSignal,
  FactUnit,
  Severity,
} from './alert/alert.js'
export { acknowledgeAlert, alertKinds, openAlert, resolveAlert, severities } from './alert/alert.js'
export { budgetAccount, draftGivenUp, draftTest } from './alert/alert-drafts.js'
export type { AlertEvent, BudgetAlert } from './alert/alert-event.js'
export type { AlertPolicy, AlertRule, AlertWatches, ChannelConfig, ChannelKind } from './alert/alert-policy.js'
export { defaultAlertPolicy, recipientsOf } from './alert/alert-policy.js'
export { AlertRules } from './alert/alert-rules.js'
export { factText } from './alert/alert-words.js'
export type { Delivery, DeliveryAction, DeliveryOutcome, DeliveryStatus } from './alert/delivery.js'
export { isToldOf, openDelivery, repeatDelivery, stepDelivery } from './alert/delivery.js'
export { pagerDutyEvent } from './alert/pagerduty-event.js'
export { slackMessage } from './alert/slack-message.js'
export { mailMessage, signedText, webhookBody } from './alert/webhook-body.js'
export { isBatchCreation } from './batch/batch-action.js'
export type { PollPace } from './batch/batch-backoff.js'
export type { BatchEstimate, BatchItemCost, BatchPricing } from './batch/batch-cost.js'
export { costBatchMessage, estimateBatchItem } from './batch/batch-cost.js'
export { batchUserId, batchWireId } from './batch/batch-id.js'
export type { BatchLimits } from './batch/batch-plan.js'
export { batchLimits } from './batch/batch-plan.js'
export type { BlockPart, BlockView, CacheTtl, CallView } from './body/call.js'
export { clampBody, clampFloor, outputLimit } from './body/clamp.js'
export { MalformedBodyError } from './body/cursor.js'
export type { Endpoint, EndpointKind } from './body/endpoint.js'
export { resolveEndpoint } from './body/endpoint.js'
export type { Call, WholeAnswer } from './body/incoming-call.js'
export { scanCall } from './body/scan.js'
export { ScanMemory } from './body/scan-memory.js'
export type { TraceParent } from './body/trace-parent.js'
export { readTraceParent } from './body/trace-parent.js'
export { forgetOldest, keepNewest } from './bounded/bounded.js'
export type {
  Breaker,
  BreakerAttempt,
  BreakerCause,
  BreakerEvent,
  BreakerPassage,
  BreakerScope,
  BreakerState,
  CallOutcome,
} from './breaker/breaker.js'
export { breakerKey, breakerKeys, breakerScopes, closedBreaker, judgeBreaker, stepBreaker } from './breaker/breaker.js'
export type { BreakerLimits, BreakerMeter, BreakerPolicy, BreakerSample } from './breaker/breaker-meter.js'
export { addSample, findCause } from './breaker/breaker-meter.js'
export { describeCause, refuseAtBreaker } from './breaker/breaker-refusal.js'
export { outcomeOf, upstreamLimit } from './breaker/breaker-upstream.js'
export type { Budget, BudgetOverride, CompiledBudgets, WindowAccounts } from './budget/budget.js'
export { compileBudgets, matchBudgets, renewAccounts, windowAccounts } from './budget/budget.js'
export type { Shortfall, ShortfallReason } from './budget/budget-refusal.js'
export { explainCut, refuseOverBudget, shortfallReason } from './budget/budget-refusal.js'
export type { Balance, RoomFound } from './budget/budget-room.js'
export { findRoom, remainingOn } from './budget/budget-room.js'
export type { AccountStanding, BudgetSource, BudgetStanding, SourcedBudget } from './budget/budget-standing.js'
export { isInForce, isOfSessions, scopeName, standAccounts, standBudgets } from './budget/budget-standing.js'
export type { Fit, Reserve, ReserveFacts, Room } from './budget/reserve.js'
export { fitReserve, planReserve } from './budget/reserve.js'
export type { MeteredSoFar, StreamHold } from './budget/reserve-stream.js'
export { mustCut, nextExtension, unseenTokens } from './budget/reserve-stream.js'
export type { Headers, Scope } from './budget/scope.js'
export { identify, nameHeaders, nobody } from './budget/scope.js'
export type { ScopeKind } from './budget/scope-kinds.js'
export { scopeKinds } from './budget/scope-kinds.js'
export type { FillLevel } from './budget/threshold.js'
export { alertKey, defaultThresholds, reachedThresholds } from './budget/threshold.js'
export type { AccountOutcome, BudgetOutcome, PastCall, PastSum } from './budget/what-if.js'
export { estimateBudget, replayBudget } from './budget/what-if.js'
export type { StepOutcome } from './budget/what-if-ladder.js'
export type { Window, WindowKind } from './budget/window.js'
export { isTimeZone, startOfDate, windowKinds, windowOf } from './budget/window.js'
export type { BlockMark } from './cache/cache-edit.js'
export { markBody, markCall } from './cache/cache-edit.js'
export { type CacheHit, checkCacheHit } from './cache/cache-hit.js'
export type { CacheMark, CacheMarkOptions, MarkableRequest, Marked } from './cache/cache-marks.js'
export { withCache } from './cache/cache-marks.js'
export { type CacheMiss, explainMiss, type MissFacts, type SentPrompt } from './cache/cache-miss.js'
export type { CacheRates } from './cache/cache-model.js'
export { cacheRates, keepsThinking, minimumTokens } from './cache/cache-model.js'
export type { CacheParameters } from './cache/cache-parameters.js'
export type { CachePlan, PlannedMark, PromptPlace } from './cache/cache-plan.js'
export { bodyMarks, measurePrefix, planCache, withMarks } from './cache/cache-plan.js'
export type {
  CacheMode,
  RecordedCache,
  RecordedDiagnosis,
  RecordedMark,
  RecordedMiss,
} from './cache/cache-record.js'
export type { CacheReport, MissSum } from './cache/cache-report.js'
export { reportCaching } from './cache/cache-report.js'
export type { PlanFacts, PlannedPrompt, SpotReason } from './cache/cache-spots.js'
export { noteReturns } from './cache/cache-spots.js'
export type { CacheUse, UnreadWrite } from './cache/cache-unread.js'
export { findUnread } from './cache/cache-unread.js'
export type { CachingPolicy, PresenceWord } from './cache/caching.js'
export { defaultCaching, defaultMode, MOST_PINGS } from './cache/caching.js'
export type { CallPrefix, PrefixBlock, PrefixOptions } from './cache/fingerprints.js'
export { readPrefix } from './cache/fingerprints.js'
export { PauseBook, type PauseKind, pingGain } from './cache/keep-warm.js'
export type { BlockChange, MissCause } from './cache/miss-cause.js'
export type { PrefixCall, PrefixSpot } from './cache/prefix-index.js'
export { PrefixIndex } from './cache/prefix-index.js'
export type {
  Breakpoint,
  CacheReading,
  IndexedBlock,
  IndexedPrompt,
  PrefixEntry,
  ReportedPrompt,
} from './cache/prefix-reading.js'
export { PrintMemory } from './cache/print-memory.js'
export type { GapCounts, Presence, ReturnForecast, ReturnKind } from './cache/return-forecast.js'
export { ReturnBook } from './cache/return-forecast.js'
export type { FileConfig } from './config/config.js'
export { configJsonSchema, readConfig, readKeptBudget } from './config/config.js'
export type {
  BreakerInput,
  BudgetInput,
  GuardConfigInput,
  LoopLimitsInput,
  LoopsInput,
  LoopTiersInput,
  OverrideInput,
} from './config/config-input.js'
export { nearestName } from './config/config-names.js'
export type { ConfigProblem, ConfigReading, GuardConfig } from './config/guard-config.js'
export { readOptions } from './config/options.js'
export { secretPlaces } from './config/secret-places.js'
export type { OtlpPolicy, TelemetryPolicy } from './config/telemetry-schema.js'
export type { Cost, CostAssumption, CostItem, CostLine, CostMultiplier, WireCostLine } from './cost/cost.js'
export { costOf, lineFromWire, lineToWire, sumLines } from './cost/cost.js'
export type { CallEnd, EndFacts, Settled } from './cost/ending.js'
export { expectUsage, settleEnding } from './cost/ending.js'
export type { PlannedCall } from './cost/list-cost.js'
export { listCost } from './cost/list-cost.js'
export type { NanoUsd } from './cost/money.js'
export {
  addUsd,
  decimalUsd,
  formatUsd,
  maxUsd,
  nanoFromPico,
  nanoUsd,
  parseUsd,
  sumUsd,
  zeroUsd,
} from './cost/money.js'
export type { CostBasis, PriceBook, PriceMiss, PriceQuote, UnknownModelPolicy } from './cost/price.js'
export { findModel, findPrice, loadPriceBook, quotePrice, withOverrides } from './cost/price.js'
export { priceList } from './cost/price-list.js'
export type { DatedPrice, ModelLine, PriceCard, PricedModel, PriceList, PriceOverride } from './cost/price-schema.js'
export { findLine, PriceListError } from './cost/price-schema.js'
export type {
  CallRecord,
  Ending,
  EndingKind,
  EndingReason,
  InputEstimate,
  RecordedCost,
  RecordedLoop,
  RecordedRequest,
} from './cost/record.js'
export type { CacheSaving } from './cost/saving.js'
export { cacheSaving } from './cost/saving.js'
export type { TokenCounts, Usage, UsageContext, UsagePart, UsageProblem, UsageReading } from './cost/usage.js'
export { addTokens, cacheHitRate, noTokens, sumTokens, totalPrompt } from './cost/usage.js'
export { readUsage } from './cost/usage-reading.js'
export type { StreamUsage } from './cost/usage-stream.js'
export { mergeStreamUsage, readStreamUsage, startStreamUsage } from './cost/usage-stream.js'
export type { StreamGate } from './cut/cut.js'
export { streamGate } from './cut/cut.js'
export type { CutNotice } from './cut/cut-end.js'
export type {
  DeferDecision,
  DeferredBatch,
  DeferredBatchState,
  DeferredJob,
  DeferredOutcome,
  DeferredState,
} from './defer/defer.js'
export type { DeferPlan, DeferPolicy, PlannedJob } from './defer/defer-plan.js'
export { defaultDeferPolicy, planQueue } from './defer/defer-plan.js'
export { readWithin, withinAdvice } from './defer/defer-within.js'
export { MAY_WAIT_HEADER } from './defer/may-wait.js'
export type { DegradeAction, DegradeStep, Effort, TakenStep } from './degrade/degrade-steps.js'
export { effortLevels } from './degrade/degrade-steps.js'
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
} from './ledger/ledger.js'
export type { LedgerFinding, LedgerRule } from './ledger/ledger-audit.js'
export { verifyLedger } from './ledger/ledger-audit.js'
export { LedgerDamageError } from './ledger/ledger-events.js'
export type { Bill, Reconciliation } from './ledger/reconcile.js'
export { reconcile } from './ledger/reconcile.js'
export type { LoopDetectorState, LoopMatch, LoopOptions } from './loop/loop.js'
export { LoopDetector } from './loop/loop.js'
export { loopDetails, loopHeader } from './loop/loop-details.js'
export type { LoopFinding, LoopRule } from './loop/loop-finding.js'
export { describeFinding } from './loop/loop-finding.js'
export { hashText } from './loop/loop-hash.js'
export { callKey, looseCallKey } from './loop/loop-keys.js'
export type { LoopLimits, LoopTier, LoopTiers } from './loop/loop-limits.js'
export { defaultLoopLimits } from './loop/loop-limits.js'
export { refuseLoop } from './loop/loop-refusal.js'
export { resultKeys } from './loop/loop-result.js'
export type { ModelTurn } from './loop/loop-session.js'
export { SessionLoopDetector } from './loop/loop-session.js'
export type { SessionLoopState } from './loop/loop-state-schema.js'
export type { LoopStep, ToolClass } from './loop/loop-step.js'
export { toolClassOf } from './loop/loop-tools.js'
export type { LoopAction, LoopEpisode, LoopPolicy, LoopVerdict } from './loop/loop-verdict.js'
export { type AgentMemory, type AgentName, type KnownRound, ownerOf, unknownAgent } from './loop/steps-memory.js'
export type { TextRepeat, TextRepetition } from './loop/text-repeat.js'
export { textRepeat } from './loop/text-repeat.js'
export type { ApiErrorType, Refusal, RefusalAnswer, RefusalCode, RefusalDetails } from './refusal/errors.js'
export { answerRefusal } from './refusal/errors.js'
export type { Objection, RecordedRefusal } from './refusal/objection.js'
export type { RunGuardErrorOptions } from './refusal/refusal-error.js'
export {
  BreakerOpenError,
  BudgetExceededError,
  errorFromRefusal,
  isRunGuardError,
  LoopDetectedError,
  RunGuardError,
  UnpricedModelError,
} from './refusal/refusal-error.js'
export { errorFromApiError, errorFromWire } from './refusal/refusal-wire.js'
export type { Refuser, RefusingBreaker, RefusingBudget, RefusingLoop } from './refusal/refuser.js'
export { readRefuser } from './refusal/refuser.js'
export type { CascadePlan, CascadeStep, CascadeTry, SkippedTier } from './route/cascade.js'
export { planCascade, whyNotRepeated } from './route/cascade.js'
export type { CascadeAttempt, CascadeRule, VerifyRule } from './route/cascade-facts.js'
export { replaceModel } from './route/cheaper-model.js'
export type { CallFeatures } from './route/classifier.js'
export { classifyCall, readFeatures } from './route/classifier.js'
export { FEEDBACK_HEADER, type Feedback, readFeedback } from './route/feedback.js'
export type { OutcomeDay, SuccessEstimate } from './route/outcomes.js'
export { dayOf, estimateSuccess, REMEMBERED_DAYS } from './route/outcomes.js'
export { chooseRoute } from './route/route.js'
export { expectCost } from './route/route-cost.js'
export type {
  ConversationState,
  RejectedModel,
  Route,
  RouteParts,
  RouteReason,
  RouteRequest,
} from './route/route-facts.js'
export type { RecordedRoute } from './route/route-record.js'
export type { RoutePolicy } from './route/routing.js'
export { defaultRoutePolicy } from './route/routing.js'
export type { KnownTask, TaskModelOptions, Tier, TierModels, TierPreset } from './route/task-models.js'
export { selectModel, TASK_MODEL_MAP, taskModelMap, tierModels } from './route/task-models.js'
export type { TaskTableParts, TaskTier } from './route/task-table.js'
export { tabulateTasks } from './route/task-table.js'
export type { AccessPolicy, OidcPolicy } from './team/access-policy.js'
export { defaultAccess } from './team/access-policy.js'
export type { AuditActor, AuditDraft, AuditEntry, AuditHead, HashText } from './team/audit.js'
export { emptyHead, sealAudit } from './team/audit.js'
export type { AuditCheck, AuditFinding, AuditProblem } from './team/audit-check.js'
export { openAuditCheck, verifyAuditChain } from './team/audit-check.js'
export { canonicalJson } from './team/canonical-json.js'
export type { GatewayKey, KeyAccount, KeyDraft, KeyStatus } from './team/gateway-key.js'
export { acceptedHashes, keyAccount, keyStatus, newKey, revokeKey, rotateKey } from './team/gateway-key.js'
export type { Role } from './team/role.js'
export { findRole, isRoleAtLeast, roles } from './team/role.js'
export { isNameLine, isUserId, plainAddress } from './team/team-names.js'
export type { Token, TokenKind } from './team/token.js'
export { readToken, tokenBytes, writeToken } from './team/token.js'
export type { User, UserChanges } from './team/user.js'
export { changeUser, newUser } from './team/user.js'
export { countBody, countTimeoutMs, readCount, unaskedHeaders } from './tokens/count-body.js'
export type { ImageSize } from './tokens/image-tokens.js'
export { imageTokens, maxImageTokens } from './tokens/image-tokens.js'
export type { OutputHistory } from './tokens/quantile.js'
export { freshHistory, learnOutput, outputQuantile } from './tokens/quantile.js'
export type { OutputSource, QuantileBook } from './tokens/quantile-book.js'
export { openQuantileBook } from './tokens/quantile-book.js'
export type { TokenRatio } from './tokens/token-ratio.js'
export { freshRatio, learnRatio, scaleTokens } from './tokens/token-ratio.js'
export type { TokenEstimate, TokenFacts } from './tokens/tokens.js'
export { estimateInput, estimateOutputTokens, tokenFacts } from './tokens/tokens.js'
