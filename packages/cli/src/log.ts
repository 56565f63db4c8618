/** The log: JSON lines on stderr, and the one place that keeps secrets and contents out of them. */

import type { Log } from '@runguard/sdk/engine'
import { destination, pino } from 'pino'
import type { LogLevel } from './settings/flags.js'

const secretFields = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'apikey',
  'cookie',
  'set-cookie',
  'body',
  'messages',
  'system',
  'prompt',
  'content',
])
const REDACTED = '[redacted]'
const MAX_DEPTH = 6

/** Opens the log. A reader that has gone away is no reason to stop serving. */
export function openLog(level: LogLevel): Log {
  const stderr = destination({ fd: 2, sync: true })
  stderr.on('error', () => {})
  const logger = pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, stderr)
  return {
    info: (event, fields = {}) => logger.info(redact(fields), event),
    warn: (event, fields = {}) => logger.warn(redact(fields), event),
    error: (event, fields = {}) => logger.error(redact(fields), event),
  }
}

/** The fields without credentials and contents, however deep they are. */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactRecord(fields, 0)
}

function redactRecord(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      secretFields.has(name.toLowerCase()) ? REDACTED : redactValue(value, depth + 1),
    ]),
  )
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH || ArrayBuffer.isView(value)) return REDACTED
  if (value instanceof Error) return value.message
  return Array.isArray(value) ? value.map((item) => redactValue(item, depth + 1)) : redactRecord(value, depth)
}
