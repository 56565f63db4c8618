/** Metrics for Prometheus. Sums are exact; labels are bounded, whatever callers name their models and tasks. */

import type { Account, Alert, Breaker, CallRecord, CompiledBudgets } from '@runguard/sdk/core'
import type { LoopEvent } from '@runguard/sdk/engine'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CallSums, LabelledSum } from './call-sums.js'
import { Sums, TOKEN_TYPES } from './call-sums.js'

/** What metrics are made of. */
export interface MetricsParts {
  readonly sums: CallSums
  readonly version: string
  /** Accounts whose window is open now. */
  readonly balances: () => Promise<readonly Account[]>
  readonly budgets: () => CompiledBudgets
  /** Calls that have been sent and have not ended. */
  readonly running: () => number
}

/** What is heard, and what is shown. */
export interface Metrics {
  record(record: CallRecord): void
  loop(event: LoopEvent): void
  breaker(breaker: Breaker): void
  alert(alert: Alert): void
  /** Everything, as Prometheus reads it. */
  text(): Promise<string>
  readonly contentType: string
}

const NANO = 1_000_000_000
/** More accounts than this are no lines of a chart. */
const MOST_ACCOUNTS = 500

/** As OpenTelemetry advises for its metrics of generative AI. */
const DURATION_SEC = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const TOKEN_COUNTS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576]
const OVERHEAD_SEC = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

/** Metrics in a registry of their own. */
export function openMetrics(parts: MetricsParts): Metrics {
  const registry = new Registry()
  const { sums } = parts
  countSums(registry, sums)
  const breakers = new Sums<'scope' | 'cause'>()
  const alerts = new Sums<'kind' | 'severity'>()
  counter(registry, 'runguard_breakers_opened_total', 'Breakers that opened.', ['scope', 'cause'], () =>
    breakers.rows(),
  )
  counter(registry, 'runguard_alerts_total', 'Alerts that were raised.', ['kind', 'severity'], () => alerts.rows())
  gaugeStanding(registry, parts)
  const observe = openHistograms(registry, sums)
  return {
    record: (record) => {
      sums.addRecord(record)
      observe(record)
    },
    loop: ({ loop }) => sums.addLoop(loop),
    breaker: ({ key, state }) => {
      const [scope = ''] = key.split(':', 1)
      if (state.kind === 'open') breakers.add({ scope, cause: state.cause.kind }, 1)
    },
    alert: ({ kind, severity, version }) => {
      if (version === 1) alerts.add({ kind, severity }, 1)
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/** A counter that shows sums which are kept elsewhere. @param unit so many of what is summed are one */
function counter<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
  rows: () => readonly LabelledSum<Label>[],
  unit = 1,
): void {
  new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, value } of rows()) this.inc({ ...labels }, value / unit)
    },
  })
}

function countSums(registry: Registry, sums: CallSums): void {
  counter(registry, 'runguard_calls_total', 'Calls that have ended.', ['model', 'ending'], () => sums.calls.rows())
  counter(registry, 'runguard_cost_usd_total', 'What calls cost.', ['model'], () => sums.costNano.rows(), NANO)
  counter(
    registry,
    'runguard_team_cost_usd_total',
    'What calls with the key of a team cost.',
    ['team'],
    () => sums.teamCostNano.rows(),
    NANO,
  )
  counter(registry, 'runguard_tokens_total', 'Tokens by how they are billed.', ['model', 'type'], () =>
    sums.tokens.rows(),
  )
  counter(
    registry,
    'runguard_saved_usd_total',
    'What a lever saved, on calls on which it did.',
    ['lever'],
    () => sums.savedNano.rows(),
    NANO,
  )
  counter(
    registry,
    'runguard_lost_usd_total',
    'What a lever lost, on calls on which it did.',
    ['lever'],
    () => sums.lostNano.rows(),
    NANO,
  )
  counter(registry, 'runguard_denied_total', 'Calls that were refused.', ['reason'], () => sums.denied.rows())
  counter(registry, 'runguard_loops_total', 'What was done about loops.', ['rule', 'action'], () => sums.loops.rows())
}

/** What is read at the moment it is asked for. */
function gaugeStanding(registry: Registry, { version, balances, budgets, running }: MetricsParts): void {
  const registers = [registry]
  new Gauge({ name: 'runguard_build_info', help: 'Which RunGuard this is.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )
  new Gauge({
    name: 'runguard_calls_running',
    help: 'Calls that have been sent and have not ended.',
    registers,
    collect() {
      this.set(running())
    },
  })
  const read = readTogether(async () => sharedAccounts(await balances(), budgets()))
  const gauge = (name: string, help: string, valueFrom: (account: Account) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['budget', 'scope'],
      registers,
      async collect() {
        const accounts = await read()
        this.reset()
        for (const account of accounts) this.set({ budget: account.budget, scope: account.shownAs }, valueFrom(account))
      },
    })
  }
  gauge('runguard_budget_limit_usd', 'The limit of a budget.', ({ limit }) => limit / NANO)
  gauge('runguard_budget_used_ratio', 'Spent of the limit, 0 to 1.', usedRatio)
  gauge(
    'runguard_budget_remaining_usd',
    'Neither spent nor held.',
    ({ spent, held, limit }) => (limit - spent - held) / NANO,
  )
}

/** Whoever asks while somebody else is asking gets the same answer. */
function readTogether<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let reading: Promise<Value> | null = null
  return () => {
    reading ??= read().finally(() => {
      reading = null
    })
    return reading
  }
}

/** How an account is told of. */
interface ShownAccount extends Account {
  /** Its scope, or that of the whole budget. */
  readonly shownAs: string
}

/** Whose names operators make; all others are chosen by callers. */
const MADE_HERE: ReadonlySet<string> = new Set(['everything', 'team', 'key'])

/**
 * Not those of single sessions and calls: there may be any number. Of a budget for each user, project or tag only the
 * account that is used most, under no name of its own.
 */
function sharedAccounts(accounts: readonly Account[], { byId }: CompiledBudgets): readonly ShownAccount[] {
  const shown = new Map<string, ShownAccount>()
  for (const account of accounts) {
    const budget = byId.get(account.budget)
    if (budget === undefined || budget.window === 'session' || budget.window === 'request') continue
    const { kind, name } = budget.scope
    const shownAs = MADE_HERE.has(kind) || name !== '*' ? account.scope : `${kind}:*`
    const key = JSON.stringify([account.budget, shownAs])
    const other = shown.get(key)
    if (other === undefined || usedRatio(account) > usedRatio(other)) shown.set(key, { ...account, shownAs })
  }
  return [...shown.values()].slice(0, MOST_ACCOUNTS)
}

function usedRatio({ spent, limit }: Account): number {
  return limit > 0 ? spent / limit : 1
}

/** The metrics that OpenTelemetry names for clients of models, under the names they get in Prometheus, and our own share. */
function openHistograms(registry: Registry, sums: CallSums): (record: CallRecord) => void {
  const registers = [registry]
  const histogram = (name: string, help: string, buckets: number[], labelNames: readonly string[] = GENAI_LABELS) =>
    new Histogram({ name, help, labelNames: [...labelNames], buckets, registers })
  const duration = histogram('gen_ai_client_operation_duration_seconds', 'How long calls took.', DURATION_SEC)
  const firstChunk = histogram(
    'gen_ai_client_operation_time_to_first_chunk_seconds',
    'How long streams took until their answer began.',
    DURATION_SEC,
  )
  const usageLabels = [...GENAI_LABELS, 'gen_ai_token_type']
  const usage = histogram('gen_ai_client_token_usage', 'Tokens of a call.', TOKEN_COUNTS, usageLabels)
  const ownShare = "RunGuard's own share before a request went out."
  const overhead = histogram('runguard_overhead_seconds', ownShare, OVERHEAD_SEC, [])
  return (record) => {
    overhead.observe(record.overheadMs / 1_000)
    if (record.endpoint !== 'messages' || record.status === null) return
    const model = sums.modelOf(record)
    const labels = { gen_ai_request_model: model, gen_ai_provider_name: 'anthropic', gen_ai_operation_name: 'chat' }
    duration.observe(labels, record.durationMs / 1_000)
    if (record.isStream && record.headMs !== null) firstChunk.observe(labels, record.headMs / 1_000)
    for (const [type, count] of tokenTypes(record)) usage.observe({ ...labels, gen_ai_token_type: type }, count)
  }
}

const GENAI_LABELS = ['gen_ai_request_model', 'gen_ai_provider_name', 'gen_ai_operation_name']

/** The tokens of a call by type, those of which there are any. */
export function tokenTypes({ usage }: Pick<CallRecord, 'usage'>): readonly (readonly [string, number])[] {
  const counts = { input: 0, read: 0, write5m: 0, write1h: 0, output: 0 }
  for (const part of usage?.parts ?? []) {
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += part[name]
  }
  const names = Object.keys(counts) as (keyof typeof counts)[]
  return names.filter((name) => counts[name] > 0).map((name) => [TOKEN_TYPES[name], counts[name]])
}
