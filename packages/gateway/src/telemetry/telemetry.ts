/** OpenTelemetry: spans and metrics of calls, to the receiver that the configuration names. Loaded only if it names one. */

import { type Meter, type ObservableResult, type Tracer, ValueType } from '@opentelemetry/api'
import type { CallRecord, OtlpPolicy, TelemetryPolicy } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { CallSums, Sums } from './call-sums.js'
import { tellSpan } from './genai-span.js'
import { tokenTypes } from './metrics.js'

/** What telemetry is made of. */
export interface TelemetryParts {
  readonly policy: TelemetryPolicy
  readonly runtime: Runtime
  readonly version: string
  /** The same that Prometheus shows: counted once, by the metrics. */
  readonly sums: CallSums
}

/** What tells of calls. */
export interface Telemetry {
  record(record: CallRecord): void
  /** Sends what has not been sent. Never rejects, and takes no longer than a few seconds. */
  close(): Promise<void>
}

/** The configuration asks for telemetry, and what it needs is not installed. */
export class TelemetryStartError extends Error {
  override readonly name = 'TelemetryStartError'
}

const NOTHING: Telemetry = { record() {}, async close() {} }

/** Opens what the configuration asks for. Rejects with {@link TelemetryStartError}. */
export async function openTelemetry(parts: TelemetryParts): Promise<Telemetry> {
  const { otlp } = parts.policy
  if (otlp === null) return NOTHING
  const kit = await loadKit()
  const spans = otlp.traces ? openSpans(kit, parts, otlp) : null
  const metrics = otlp.metrics ? openMeters(kit, parts, otlp) : null
  return {
    record: (record) => {
      spans?.record(record)
      metrics?.record(record)
    },
    close: async () => {
      await Promise.allSettled([spans?.close(), metrics?.close()])
    },
  }
}

type Kit = Awaited<ReturnType<typeof importKit>>

async function loadKit(): Promise<Kit> {
  try {
    return await importKit()
  } catch (cause) {
    const packages = [
      '@opentelemetry/sdk-trace-base',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/resources',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/exporter-metrics-otlp-http',
    ]
    throw new TelemetryStartError(
      `telemetry.otlp needs packages that are not here: npm install ${packages.join(' ')}`,
      {
        cause,
      },
    )
  }
}

async function importKit() {
  const [traces, metrics, resources, spanSender, metricSender] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ])
  return { traces, metrics, resources, spanSender, metricSender }
}

const TIMEOUT_MS = 5_000
/** Names that callers chose are cut. */
const MAX_VALUE_LENGTH = 256
const SCOPE = 'runguard'

function openSpans(kit: Kit, { policy, version, runtime }: TelemetryParts, otlp: OtlpPolicy): Telemetry {
  const { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, AlwaysOnSampler } = kit.traces
  const exporter = new kit.spanSender.OTLPTraceExporter(addressOf(otlp, 'traces'))
  const provider = new BasicTracerProvider({
    resource: resourceOf(kit, policy, version),
    // Who does not keep its trace has no use for a part of it.
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    generalLimits: { attributeValueLengthLimit: MAX_VALUE_LENGTH },
    spanProcessors: [
      new BatchSpanProcessor(listenedTo(exporter, runtime, 'traces'), {
        scheduledDelayMillis: Math.min(otlp.intervalMs, 5_000),
        exportTimeoutMillis: TIMEOUT_MS,
      }),
    ],
  })
  const tracer: Tracer = provider.getTracer(SCOPE, version)
  return { record: (record) => tellSpan(tracer, record), close: () => provider.shutdown() }
}

function openMeters(kit: Kit, { policy, version, runtime, sums }: TelemetryParts, otlp: OtlpPolicy): Telemetry {
  const exporter = new kit.metricSender.OTLPMetricExporter(addressOf(otlp, 'metrics'))
  const reader = new kit.metrics.PeriodicExportingMetricReader({
    exporter: listenedTo(exporter, runtime, 'metrics'),
    exportIntervalMillis: otlp.intervalMs,
    exportTimeoutMillis: Math.min(TIMEOUT_MS, otlp.intervalMs),
  })
  const provider = new kit.metrics.MeterProvider({ resource: resourceOf(kit, policy, version), readers: [reader] })
  const meter = provider.getMeter(SCOPE, version)
  observeSums(meter, sums)
  return { record: openInstruments(meter, sums), close: () => provider.shutdown() }
}

/** Money is told in whole nano-dollars: nothing is lost on the way. */
function observeSums(meter: Meter, sums: CallSums): void {
  const observe = <Label extends string>(name: string, unit: string, rows: Sums<Label>): void => {
    const counter = meter.createObservableCounter(name, { unit, valueType: ValueType.INT })
    counter.addCallback((result: ObservableResult) => {
      for (const { labels, value } of rows.rows()) result.observe(value, { ...labels })
    })
  }
  observe('runguard.cost', '{nano_usd}', sums.costNano)
  observe('runguard.saved', '{nano_usd}', sums.savedNano)
  observe('runguard.lost', '{nano_usd}', sums.lostNano)
  observe('runguard.denied', '{call}', sums.denied)
}

function openInstruments(meter: Meter, sums: CallSums): (record: CallRecord) => void {
  const duration = meter.createHistogram('gen_ai.client.operation.duration', { unit: 's' })
  const firstChunk = meter.createHistogram('gen_ai.client.operation.time_to_first_chunk', { unit: 's' })
  const usage = meter.createHistogram('gen_ai.client.token.usage', { unit: '{token}', valueType: ValueType.INT })
  return (record) => {
    if (record.endpoint !== 'messages' || record.status === null) return
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': sums.modelOf(record),
    }
    duration.record(record.durationMs / 1_000, attributes)
    if (record.isStream && record.headMs !== null) firstChunk.record(record.headMs / 1_000, attributes)
    for (const [type, count] of tokenTypes(record)) usage.record(count, { ...attributes, 'gen_ai.token.type': type })
  }
}

function addressOf({ endpoint, headers }: OtlpPolicy, signal: 'traces' | 'metrics') {
  return { url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`, headers: { ...headers }, timeoutMillis: TIMEOUT_MS }
}

function resourceOf(kit: Kit, { serviceName }: TelemetryPolicy, version: string) {
  return kit.resources.resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })
}

/** Says in the log that a receiver takes nothing; not why, because its answer may repeat what it was sent. */
function listenedTo<Exporter extends { export(items: never, done: (result: { code: number }) => void): void }>(
  exporter: Exporter,
  runtime: Runtime,
  signal: string,
): Exporter {
  const send = exporter.export.bind(exporter)
  exporter.export = ((items: never, done: (result: { code: number }) => void): void => {
    send(items, (result) => {
      if (result.code !== 0) runtime.log.warn('telemetry-not-sent', { signal })
      done(result)
    })
  }) as Exporter['export']
  return exporter
}
