import { apiKeyOf, billedIn, listOf, pageOfBuckets, reportObject, requireAdmin, widths } from './admin-buckets.js'
import { invalid } from './api-error.js'
import { type BilledRun, runsOf } from './auditor.js'
import { deliverJson } from './deliver.js'
import type { Exchange } from './exchange.js'
import type { LogEntry } from './log.js'
import { standIn } from './messages.js'
import type { Usage } from './usage.js'
import type { World } from './world.js'

/** What a report can be grouped by. What it is not grouped by is null in its rows. */
const dimensions = ['api_key_id', 'workspace_id', 'model', 'service_tier', 'context_window', 'inference_geo'] as const

type Dimension = (typeof dimensions)[number]
type Labels = Readonly<Record<Dimension, string | null>>

/** `GET /v1/organizations/usage_report/messages`: the tokens of what was served, from the log alone. */
export async function showUsage(exchange: Exchange, { log, faults }: World): Promise<void> {
  requireAdmin(exchange)
  const fault = faults.take(exchange.path)
  if (fault !== undefined && (await standIn(exchange, fault))) return
  const { query } = exchange
  const width = widths.get(query.get('bucket_width') ?? '1d')
  if (width === undefined) throw invalid('bucket_width', "Input should be '1m', '1h' or '1d'")
  const groupBy = readGroups(listOf(query, 'group_by'))
  const page = pageOfBuckets(exchange, width)
  await deliverJson(
    exchange,
    reportObject(page, (bucket) => rowsOf(billedIn(log, bucket).filter(isAskedFor(query)), groupBy)),
  )
}

function readGroups(names: readonly string[]): readonly Dimension[] {
  return names.map((name) => {
    const dimension = dimensions.find((known) => known === name)
    if (dimension === undefined) throw invalid('group_by', `Input should be one of ${dimensions.join(', ')}`)
    return dimension
  })
}

function isAskedFor(query: URLSearchParams): (entry: LogEntry) => boolean {
  const [keys, workspaces] = [listOf(query, 'api_key_ids'), listOf(query, 'workspace_ids')]
  return ({ workspace }) => {
    const name = workspace ?? ''
    return (
      (keys.length === 0 || keys.includes(apiKeyOf(name))) && (workspaces.length === 0 || workspaces.includes(name))
    )
  }
}

function rowsOf(entries: readonly LogEntry[], groupBy: readonly Dimension[]) {
  const rows = new Map<string, ReturnType<typeof emptyRow>>()
  for (const entry of entries) {
    const { usage, model } = entry
    if (usage === null || model === null) continue
    for (const [index, run] of runsOf(usage, model).entries()) {
      const labels = labelsOf(entry, usage, run, groupBy)
      const key = JSON.stringify(labels)
      const row = rows.get(key) ?? emptyRow(labels)
      rows.set(key, row)
      // Searches are counted for the request, and not for each of its runs.
      addRun(row, run, index === 0 ? (usage.server_tool_use?.web_search_requests ?? 0) : 0)
    }
  }
  return [...rows.values()]
}

const longContext = 200_000

function labelsOf(
  { workspace }: LogEntry,
  usage: Usage,
  { counts, model }: BilledRun,
  groupBy: readonly Dimension[],
): Labels {
  const prompt = counts.input_tokens + counts.cache_creation_input_tokens + counts.cache_read_input_tokens
  const all: Labels = {
    api_key_id: workspace === null ? null : apiKeyOf(workspace),
    workspace_id: workspace,
    model,
    service_tier: usage.service_tier,
    context_window: prompt > longContext ? '200k-1M' : '0-200k',
    inference_geo: usage.inference_geo ?? 'not_available',
  }
  const shown = dimensions.map((name) => [name, groupBy.includes(name) ? all[name] : null] as const)
  return Object.fromEntries(shown) as Labels
}

function emptyRow(labels: Labels) {
  return {
    ...labels,
    uncached_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    cache_read_input_tokens: 0,
    output_tokens: 0,
    server_tool_use: { web_search_requests: 0 },
  }
}

function addRun(row: ReturnType<typeof emptyRow>, { counts }: BilledRun, searches: number): void {
  row.uncached_input_tokens += counts.input_tokens
  row.cache_creation.ephemeral_5m_input_tokens += counts.cache_creation.ephemeral_5m_input_tokens
  row.cache_creation.ephemeral_1h_input_tokens += counts.cache_creation.ephemeral_1h_input_tokens
  row.cache_read_input_tokens += counts.cache_read_input_tokens
  row.output_tokens += counts.output_tokens
  row.server_tool_use.web_search_requests += searches
}
