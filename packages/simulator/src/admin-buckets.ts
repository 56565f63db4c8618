import { ApiError, invalid } from './api-error.js'
import { readVersion } from './caller.js'
import { type Exchange, headerOf } from './exchange.js'
import type { LogEntry } from './log.js'

/** A stretch of time in a report, in milliseconds since the epoch. */
export interface Bucket {
  readonly startMs: number
  readonly endMs: number
}

/** A page of a report. */
export interface ReportPage {
  readonly buckets: readonly Bucket[]
  /** Null on the last page. */
  readonly nextPage: string | null
}

/** How long a bucket is, and how many of them come at once: by default, and at most. */
export interface Width {
  readonly ms: number
  readonly usual: number
  readonly most: number
}

/** By the name of `bucket_width`. */
export const widths: ReadonlyMap<string, Width> = new Map([
  ['1m', { ms: 60_000, usual: 60, most: 1_440 }],
  ['1h', { ms: 3_600_000, usual: 24, most: 168 }],
  ['1d', { ms: 86_400_000, usual: 7, most: 31 }],
])

/** Reports are for the administrators of an organization. Throws the API's 401 for any other key. */
export function requireAdmin(exchange: Exchange): void {
  readVersion(exchange)
  const key = headerOf(exchange.request, 'x-api-key') ?? ''
  if (!key.startsWith('sk-ant-admin')) throw new ApiError(401, 'invalid x-api-key')
}

/** The page of buckets that a query asks for. Throws the API's 400 for a query that makes no sense. */
export function pageOfBuckets({ query, clock }: Exchange, { ms, usual, most }: Width): ReportPage {
  const startMs = floorTo(readTime(query, 'starting_at'), ms)
  const endMs = query.has('ending_at') ? readTime(query, 'ending_at') : clock.now()
  const limit = query.has('limit') ? Number(query.get('limit')) : usual
  if (!Number.isInteger(limit) || limit < 1 || limit > most) throw invalid('limit', `must be from 1 to ${most}`)
  const firstMs = readPage(query.get('page')) ?? startMs
  const count = Math.max(0, Math.ceil((endMs - firstMs) / ms))
  const buckets = Array.from({ length: Math.min(limit, count) }, (_, index) => {
    return { startMs: firstMs + index * ms, endMs: firstMs + (index + 1) * ms }
  })
  const lastMs = buckets.at(-1)?.endMs ?? endMs
  return { buckets, nextPage: count > limit ? `page_${lastMs.toString(36)}` : null }
}

/** Both reports have this shape. */
export function reportObject<Row>({ buckets, nextPage }: ReportPage, rowsOf: (bucket: Bucket) => readonly Row[]) {
  const iso = (atMs: number): string => new Date(atMs).toISOString().replace('.000Z', 'Z')
  const data = buckets.map((bucket) => {
    return { starting_at: iso(bucket.startMs), ending_at: iso(bucket.endMs), results: [...rowsOf(bucket)] }
  })
  return { data, has_more: nextPage !== null, next_page: nextPage }
}

/** The billed requests of a bucket. */
export function billedIn(log: readonly LogEntry[], { startMs, endMs }: Bucket): LogEntry[] {
  return log.filter(({ atMs, isBilled }) => isBilled && atMs >= startMs && atMs < endMs)
}

/** Every credential is a key of its own, and has a workspace of its own. */
export function apiKeyOf(workspace: string): string {
  return workspace.replace('wrkspc_', 'apikey_')
}

/** The values of a list in a query, as `name[]` once for each. */
export function listOf(query: URLSearchParams, name: string): readonly string[] {
  return query.getAll(`${name}[]`)
}

function readTime(query: URLSearchParams, name: string): number {
  const atMs = Date.parse(query.get(name) ?? '')
  if (Number.isNaN(atMs)) throw invalid(name, `Input should be a valid datetime`)
  return atMs
}

function readPage(page: string | null): number | null {
  if (page === null) return null
  const atMs = Number.parseInt(page.replace('page_', ''), 36)
  if (!page.startsWith('page_') || Number.isNaN(atMs)) throw invalid('page', 'not a token of this report')
  return atMs
}

function floorTo(atMs: number, ms: number): number {
  return atMs - (((atMs % ms) + ms) % ms)
}
