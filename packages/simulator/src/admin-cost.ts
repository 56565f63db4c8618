import { type Bucket, billedIn, listOf, pageOfBuckets, reportObject, requireAdmin, widths } from './admin-buckets.js'
import { invalid } from './api-error.js'
import { itemsOfRun, runsOf, searchFeeNano, unitsPerNano } from './auditor.js'
import { deliverJson } from './deliver.js'
import type { Exchange } from './exchange.js'
import type { LogEntry } from './log.js'
import { standIn } from './messages.js'
import { pricesOf } from './prices.js'
import type { World } from './world.js'

const day = { ms: 86_400_000, usual: 7, most: 31 }

/** `GET /v1/organizations/cost_report`: what was served costs so much a day, by the auditor's own prices. */
export async function showCosts(exchange: Exchange, { log, faults }: World): Promise<void> {
  requireAdmin(exchange)
  const fault = faults.take(exchange.path)
  if (fault !== undefined && (await standIn(exchange, fault))) return
  const { query } = exchange
  if ((query.get('bucket_width') ?? '1d') !== '1d') throw invalid('bucket_width', "Input should be '1d'")
  const groups = listOf(query, 'group_by')
  const unknown = groups.find((name) => name !== 'workspace_id' && name !== 'description')
  if (unknown !== undefined) throw invalid('group_by', "Input should be 'workspace_id' or 'description'")
  const page = pageOfBuckets(exchange, widths.get('1d') ?? day)
  await deliverJson(
    exchange,
    reportObject(page, (bucket) => rowsOf(log, bucket, groups)),
  )
}

interface Item {
  readonly workspace: string | null
  readonly model: string | null
  readonly type: 'tokens' | 'web_search'
  readonly tokenType: string | null
  readonly tier: string | null
  /** Twentieths of a nano-dollar. */
  readonly units: bigint
}

function rowsOf(log: readonly LogEntry[], bucket: Bucket, groups: readonly string[]) {
  const sums = new Map<string, { item: Item; units: bigint }>()
  for (const item of billedIn(log, bucket).flatMap(itemsOf)) {
    const { units, ...labels } = groupItem(item, groups)
    if (units === 0n) continue
    const key = JSON.stringify(labels)
    const sum = sums.get(key) ?? { item: { ...labels, units }, units: 0n }
    sum.units += units
    sums.set(key, sum)
  }
  return [...sums.values()].map(({ item, units }) => rowOf(item, units, groups.includes('description')))
}

function itemsOf(entry: LogEntry): Item[] {
  const { usage, model, workspace, atMs } = entry
  if (usage === null || model === null) return []
  const tokens = runsOf(usage, model).flatMap((run) =>
    itemsOfRun(run.counts, pricesOf(run.model, atMs), usage).map(({ tokenType, units }): Item => {
      return { workspace, model: run.model, type: 'tokens', tokenType, tier: usage.service_tier, units }
    }),
  )
  const searches = BigInt(usage.server_tool_use?.web_search_requests ?? 0)
  const units = searches * searchFeeNano * unitsPerNano
  return [...tokens, { workspace, model: null, type: 'web_search', tokenType: null, tier: null, units }]
}

function groupItem(item: Item, groups: readonly string[]): Item {
  const workspace = groups.includes('workspace_id') ? item.workspace : null
  if (groups.includes('description')) return { ...item, workspace }
  return { workspace, model: null, type: 'tokens', tokenType: null, tier: null, units: item.units }
}

function rowOf({ workspace, model, type, tokenType, tier }: Item, units: bigint, isDescribed: boolean) {
  const words = type === 'web_search' ? 'Web Search Usage' : `${model} Usage - ${tokenType}`
  return {
    currency: 'USD',
    amount: centsOf(units),
    workspace_id: workspace,
    description: isDescribed ? words : null,
    cost_type: isDescribed ? type : null,
    context_window: null,
    model,
    service_tier: tier,
    token_type: tokenType,
    inference_geo: null,
  }
}

const unitsPerCent = 10_000_000n * unitsPerNano
const digits = 9

/** Cents as a decimal text, not rounded: a twentieth of a nano-dollar has nine digits behind the point. */
function centsOf(units: bigint): string {
  const scaled = ((units % unitsPerCent) * 10n ** BigInt(digits)) / unitsPerCent
  const fraction = scaled.toString().padStart(digits, '0').replace(/0+$/, '')
  return fraction === '' ? `${units / unitsPerCent}` : `${units / unitsPerCent}.${fraction}`
}
