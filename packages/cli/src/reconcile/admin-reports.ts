/** The usage and cost reports of the Admin API, read to their last page. */

import type { TokenCounts } from '@runguard/sdk/core'

/** What one row of a report adds up. */
export interface UsageRow {
  /** The hour, in milliseconds since the epoch. */
  readonly hourMs: number
  readonly model: string
  readonly apiKey: string | null
  readonly isBatch: boolean
  readonly tokens: TokenCounts
  readonly webSearches: number
}

/** The cost of a day, in nano-dollars: a report shows cents with fractions. */
export interface CostRow {
  readonly dayMs: number
  readonly nano: bigint
}

/** Where the reports are, and how they are reached. */
export interface AdminAccess {
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly key: string
  readonly fetch: typeof globalThis.fetch
  sleep(ms: number): Promise<void>
}

/** Which reports. */
export interface ReportSpan {
  readonly sinceMs: number
  readonly untilMs: number
  /** Only what these API keys used; empty: all of them. */
  readonly apiKeys: readonly string[]
}

/** The API cannot be reached, or answers with something else than a report. */
export class AdminApiError extends Error {
  override readonly name = 'AdminApiError'
  /** HTTP status; null if there was no answer. */
  readonly status: number | null

  constructor(message: string, status: number | null) {
    super(message)
    this.status = status
  }
}

type Fields = Readonly<Record<string, unknown>>

const USAGE = '/v1/organizations/usage_report/messages'
const COST = '/v1/organizations/cost_report'
const HOURS_A_PAGE = '168'
const DAYS_A_PAGE = '31'

/** Tokens by hour, model and API key. Rejects with {@link AdminApiError}. */
export async function readUsage(access: AdminAccess, { sinceMs, untilMs, apiKeys }: ReportSpan): Promise<UsageRow[]> {
  const query = new URLSearchParams({ ...spanOf(sinceMs, untilMs), bucket_width: '1h', limit: HOURS_A_PAGE })
  for (const dimension of ['model', 'api_key_id', 'service_tier']) query.append('group_by[]', dimension)
  for (const apiKey of apiKeys) query.append('api_key_ids[]', apiKey)
  const rows: UsageRow[] = []
  for await (const { startMs, results } of readBuckets(access, USAGE, query)) {
    for (const result of results) rows.push(usageRow(startMs, result))
  }
  return rows
}

/** Dollars by day, of the whole organization. Rejects with {@link AdminApiError}. */
export async function readCosts(
  access: AdminAccess,
  { sinceMs, untilMs }: Omit<ReportSpan, 'apiKeys'>,
): Promise<CostRow[]> {
  const query = new URLSearchParams({ ...spanOf(sinceMs, untilMs), bucket_width: '1d', limit: DAYS_A_PAGE })
  const rows: CostRow[] = []
  for await (const { startMs, results } of readBuckets(access, COST, query)) {
    const nano = results.reduce((sum, { amount }) => sum + nanoFromCents(amount), 0n)
    rows.push({ dayMs: startMs, nano })
  }
  return rows
}

function spanOf(sinceMs: number, untilMs: number) {
  return { starting_at: new Date(sinceMs).toISOString(), ending_at: new Date(untilMs).toISOString() }
}

function usageRow(hourMs: number, row: Fields): UsageRow {
  const writes = asFields(row.cache_creation)
  return {
    hourMs,
    model: textOf(row.model) ?? '',
    apiKey: textOf(row.api_key_id),
    isBatch: row.service_tier === 'batch',
    tokens: {
      input: countOf(row.uncached_input_tokens),
      write5m: countOf(writes.ephemeral_5m_input_tokens),
      write1h: countOf(writes.ephemeral_1h_input_tokens),
      read: countOf(row.cache_read_input_tokens),
      output: countOf(row.output_tokens),
    },
    webSearches: countOf(asFields(row.server_tool_use).web_search_requests),
  }
}

const MOST_PAGES = 10_000

/** Pages come until the report says that there are no more. */
async function* readBuckets(access: AdminAccess, path: string, query: URLSearchParams) {
  let page: string | null = null
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const asked = new URLSearchParams(query)
    if (page !== null) asked.set('page', page)
    const report: Fields = await ask(access, `${path}?${asked}`)
    if (!Array.isArray(report.data)) throw new AdminApiError(`${path} answered with something else than a report.`, 200)
    for (const bucket of report.data.map(asFields)) {
      const startMs = Date.parse(textOf(bucket.starting_at) ?? '')
      if (Number.isNaN(startMs)) throw new AdminApiError(`${path} has a bucket without a beginning.`, 200)
      yield { startMs, results: Array.isArray(bucket.results) ? bucket.results.map(asFields) : [] }
    }
    page = textOf(report.next_page)
    if (report.has_more !== true || page === null) return
  }
  throw new AdminApiError(`${path} does not come to an end.`, 200)
}

const TRIES = 6
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** Waits as long as it is told to where too much was asked, and tries again; so for errors that pass by. */
async function ask(access: AdminAccess, target: string): Promise<Fields> {
  for (let tries = 1; ; tries++) {
    const response = await send(access, target)
    if (response.ok) return asFields(await response.json().catch(() => null))
    const mayPass = response.status === 429 || response.status >= 500
    const body = asFields(await response.json().catch(() => null))
    if (!mayPass || tries === TRIES) throw new AdminApiError(explain(response.status, body), response.status)
    await access.sleep(pauseOf(response.headers.get('retry-after'), tries))
  }
}

async function send({ baseUrl, key, fetch }: AdminAccess, target: string): Promise<Response> {
  try {
    return await fetch(baseUrl + target, { headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' } })
  } catch (error) {
    throw new AdminApiError(`Cannot reach ${baseUrl}: ${reasonOf(error)}.`, null)
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error && cause.message !== '' ? cause.message : message
}

function pauseOf(retryAfter: string | null, tries: number): number {
  const seconds = Number(retryAfter ?? Number.NaN)
  const pauseMs = seconds > 0 ? seconds * 1_000 : FIRST_PAUSE_MS * 2 ** (tries - 1)
  return Math.min(LONGEST_PAUSE_MS, pauseMs)
}

function explain(status: number, body: Fields): string {
  const said = textOf(asFields(body.error).message) ?? ''
  if (status === 401 || status === 403) {
    return `The Admin API does not accept the key (${status}): it has to be an admin key, sk-ant-admin…`
  }
  if (status === 404) return 'There is no Admin API at this address (404).'
  return `The Admin API answered with ${status}. ${said}`.trim()
}

const NANO_DIGITS = 7

/** A decimal text of cents in whole nano-dollars, rounded to the nearest. */
function nanoFromCents(amount: unknown): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d{1,30}))?$/.exec(String(amount)) ?? []
  if (whole === '') throw new AdminApiError('The cost report has an amount that is no number.', 200)
  const digits = fraction.padEnd(NANO_DIGITS + 1, '0')
  const nano = BigInt(whole + digits.slice(0, NANO_DIGITS)) + (digits.charAt(NANO_DIGITS) >= '5' ? 1n : 0n)
  return sign === '-' ? -nano : nano
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
