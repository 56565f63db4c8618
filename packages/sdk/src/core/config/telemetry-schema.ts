/** The part `telemetry` of the configuration. */

import { z } from 'zod'
import { address, secret } from './secret-schema.js'
import { duration, strictObject } from './written-schema.js'

/** What is told of calls to tools that watch programs. */
export interface TelemetryPolicy {
  /** The name under which this gateway is known there. */
  readonly serviceName: string
  readonly otlp: OtlpPolicy | null
}

/** A receiver of OpenTelemetry over HTTP. Its headers are secrets: not to be shown. */
export interface OtlpPolicy {
  /** Without `/v1/traces` and the like. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly traces: boolean
  readonly metrics: boolean
  readonly intervalMs: number
}

const otlp = strictObject({
  endpoint: address.describe('Of an OTLP receiver over HTTP, without /v1/traces.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'is no name of a header'), secret)
    .default({})
    .describe('By reference to the environment.'),
  traces: z.boolean().default(true),
  metrics: z.boolean().default(true),
  interval: duration({ ms: 3_600_000, words: 'an hour' })
    .optional()
    .describe('Between two exports of metrics; 30s by default.'),
}).transform(({ interval, ...rest }): OtlpPolicy => ({ ...rest, intervalMs: Math.max(100, interval ?? 30_000) }))

/** What is told of calls: {@link TelemetryPolicy}. Prometheus needs none of it. */
export const telemetrySchema = strictObject({
  serviceName: z.string().trim().min(1).max(100).default('runguard'),
  otlp: otlp.optional(),
}).transform((written): TelemetryPolicy => ({ serviceName: written.serviceName, otlp: written.otlp ?? null }))
