/** A call as a span, in the words of OpenTelemetry's conventions for generative AI. Never content. */

import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { type CallRecord, cacheHitRate, sumTokens, totalPrompt } from '@runguard/sdk/core'

/** Tells of a call that has ended, as a child of the span in which its caller made it. */
export function tellSpan(tracer: Tracer, record: CallRecord): void {
  const { endpoint, startedAt, durationMs } = record
  const operation = endpoint === 'messages' ? 'chat' : endpoint
  const model = record.requestedModel ?? record.servedModel
  const name = model === null ? operation : `${operation} ${model}`
  const options = { kind: SpanKind.CLIENT, startTime: startedAt, attributes: attributesOf(record, operation) }
  const span = tracer.startSpan(name, options, contextOf(record))
  const error = errorOf(record)
  if (error !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
  span.end(startedAt + durationMs)
}

function contextOf({ trace: parent }: CallRecord): Context {
  if (parent === null || parent === undefined) return ROOT_CONTEXT
  const { traceId, spanId, isSampled } = parent
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: isSampled ? 1 : 0, isRemote: true })
}

function errorOf({ errorCode, status, ending }: CallRecord): string | null {
  if (errorCode !== null) return errorCode
  if (status !== null && status >= 400) return String(status)
  return ending.kind === 'at-least' ? ending.reason : null
}

function attributesOf(record: CallRecord, operation: string): Attributes {
  const { id, upstreamId, scope, requestedModel, servedModel, status, ending, cost, overheadMs, headMs } = record
  const error = errorOf(record)
  const known: Record<string, string | number | boolean | null> = {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': requestedModel,
    'gen_ai.response.model': servedModel,
    'gen_ai.response.id': upstreamId,
    'gen_ai.conversation.id': scope.session,
    'http.response.status_code': status,
    'error.type': error,
    'runguard.call.id': id,
    'runguard.ending': ending.kind,
    'runguard.ending.reason': ending.reason,
    'runguard.cost.nano_usd': cost.nano,
    'runguard.cost.usd': cost.nano / 1_000_000_000,
    'runguard.cost.is_estimated': cost.isEstimated,
    'runguard.overhead_ms': overheadMs,
    'runguard.head_ms': headMs,
    'runguard.team': scope.team,
    'runguard.project': scope.project,
    'runguard.task': scope.task,
    'runguard.loop.rule': record.loop?.rule ?? null,
    ...usageOf(record),
  }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)) as Attributes
}

function usageOf({ usage }: CallRecord): Record<string, number | null> {
  if (usage === null) return {}
  const counts = sumTokens(usage)
  return {
    'gen_ai.usage.input_tokens': totalPrompt(counts),
    'gen_ai.usage.output_tokens': counts.output,
    'gen_ai.usage.cache_read.input_tokens': counts.read,
    'gen_ai.usage.cache_creation.input_tokens': counts.write5m + counts.write1h,
    'runguard.cache.hit_rate': cacheHitRate(counts),
  }
}
