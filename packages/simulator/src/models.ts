import type { JsonObject } from './json.js'

/** What the simulator knows of a model. Prices are not part of it: they belong to the auditor alone. */
export interface Model {
  readonly id: string
  readonly aliases: readonly string[]
  readonly displayName: string
  /** Shortest prefix, in tokens, that the prompt cache keeps. */
  readonly minimumCacheableTokens: number
  readonly maxOutputTokens: number
  readonly contextTokens: number
  /** UTF-8 bytes per token under the simulator's counting rule: 3 from Opus 4.7 on, 4 before. */
  readonly bytesPerToken: number
  /** `fast` is served, silently served as standard, or refused. */
  readonly fastMode: 'served' | 'ignored' | 'refused'
  readonly hasGeo: boolean
  readonly hasThinkingBudget: boolean
  readonly alwaysThinks: boolean
  /** Older models drop the thinking of earlier turns once a person speaks again. */
  readonly keepsEarlierThinking: boolean
  readonly defaultEffort: 'medium' | 'high'
  readonly releasedAt: string
  readonly deprecatedAt: string | null
  readonly retiresAt: string | null
}

type Traits = Partial<Omit<Model, 'id'>>

const current: Traits = {}
const upTo46: Traits = { bytesPerToken: 4, hasThinkingBudget: true }
const upTo45: Traits = { ...upTo46, contextTokens: 200_000, maxOutputTokens: 64_000, hasGeo: false }
const old: Traits = { ...upTo45, keepsEarlierThinking: false }

function model(id: string, displayName: string, releasedAt: string, minimum: number, traits: Traits): Model {
  return {
    id,
    aliases: [],
    displayName,
    minimumCacheableTokens: minimum,
    maxOutputTokens: 128_000,
    contextTokens: 1_000_000,
    bytesPerToken: 3,
    fastMode: 'refused',
    hasGeo: true,
    hasThinkingBudget: false,
    alwaysThinks: false,
    keepsEarlierThinking: true,
    defaultEffort: 'high',
    releasedAt,
    deprecatedAt: null,
    retiresAt: null,
    ...traits,
  }
}

/** Every model the simulator serves, newest line first. Retired ones answer 404 from their date on. */
export const models: readonly Model[] = [
  model('claude-fable-5-2', 'Claude Fable 5.2', '2026-11-09', 512, { fastMode: 'served', alwaysThinks: true }),
  model('claude-mythos-5-2', 'Claude Mythos 5.2', '2026-11-09', 512, { alwaysThinks: true }),
  model('claude-fable-5-1', 'Claude Fable 5.1', '2026-09-01', 512, { alwaysThinks: true }),
  model('claude-mythos-5-1', 'Claude Mythos 5.1', '2026-09-01', 512, { alwaysThinks: true }),
  model('claude-fable-5', 'Claude Fable 5', '2026-06-09', 512, { alwaysThinks: true }),
  model('claude-mythos-5', 'Claude Mythos 5', '2026-06-09', 512, { alwaysThinks: true }),
  model('claude-opus-5-5', 'Claude Opus 5.5', '2026-09-22', 512, {
    fastMode: 'served',
    alwaysThinks: true,
    defaultEffort: 'medium',
  }),
  model('claude-opus-5', 'Claude Opus 5', '2026-07-24', 512, { fastMode: 'served' }),
  model('claude-opus-4-8', 'Claude Opus 4.8', '2026-05-28', 1024, { fastMode: 'served' }),
  model('claude-opus-4-7', 'Claude Opus 4.7', '2026-04-16', 2048, current),
  model('claude-opus-4-6', 'Claude Opus 4.6', '2026-02-05', 4096, { ...upTo46, fastMode: 'ignored' }),
  model('claude-opus-4-5-20251101', 'Claude Opus 4.5', '2025-11-24', 4096, { ...upTo45, aliases: ['claude-opus-4-5'] }),
  model('claude-opus-4-1-20250805', 'Claude Opus 4.1', '2025-08-05', 1024, {
    ...old,
    aliases: ['claude-opus-4-1'],
    maxOutputTokens: 32_000,
    retiresAt: '2026-08-05',
  }),
  model('claude-opus-4-20250514', 'Claude Opus 4', '2025-05-22', 1024, {
    ...old,
    aliases: ['claude-opus-4-0'],
    maxOutputTokens: 32_000,
    retiresAt: '2026-06-15',
  }),
  model('claude-sonnet-5-5', 'Claude Sonnet 5.5', '2026-09-28', 512, current),
  model('claude-sonnet-5', 'Claude Sonnet 5', '2026-06-30', 1024, current),
  model('claude-sonnet-4-6', 'Claude Sonnet 4.6', '2026-02-17', 1024, upTo46),
  model('claude-sonnet-4-5-20250929', 'Claude Sonnet 4.5', '2025-09-29', 1024, {
    ...old,
    aliases: ['claude-sonnet-4-5'],
    deprecatedAt: '2026-09-30',
    retiresAt: '2026-11-30',
  }),
  model('claude-sonnet-4-20250514', 'Claude Sonnet 4', '2025-05-22', 1024, {
    ...old,
    aliases: ['claude-sonnet-4-0'],
    retiresAt: '2026-06-15',
  }),
  model('claude-3-7-sonnet-20250219', 'Claude Sonnet 3.7', '2025-02-24', 1024, {
    ...old,
    aliases: ['claude-3-7-sonnet-latest'],
    retiresAt: '2026-02-19',
  }),
  model('claude-haiku-5-5', 'Claude Haiku 5.5', '2026-10-07', 512, { defaultEffort: 'medium' }),
  model('claude-haiku-4-5-20251001', 'Claude Haiku 4.5', '2025-10-15', 4096, { ...old, aliases: ['claude-haiku-4-5'] }),
  model('claude-3-5-haiku-20241022', 'Claude Haiku 3.5', '2024-10-22', 2048, {
    ...old,
    aliases: ['claude-3-5-haiku-latest'],
    maxOutputTokens: 8192,
    retiresAt: '2026-02-19',
  }),
  model('claude-3-haiku-20240307', 'Claude Haiku 3', '2024-03-07', 2048, {
    ...old,
    maxOutputTokens: 4096,
    retiresAt: '2026-04-20',
  }),
]

const byName = new Map(models.flatMap((entry) => [entry.id, ...entry.aliases].map((name) => [name, entry] as const)))

/** The model of an exact id or declared alias, retired or not. */
export function modelNamed(name: string): Model | undefined {
  return byName.get(name)
}

/** The model of an exact id or declared alias, unless it is unknown or retired at that time. */
export function findModel(name: string, nowMs: number): Model | undefined {
  const found = modelNamed(name)
  return found === undefined || lifecycleOf(found, nowMs) === 'retired' ? undefined : found
}

/** Where a model stands at a time. */
function lifecycleOf(entry: Model, nowMs: number): 'active' | 'deprecated' | 'retired' {
  if (entry.retiresAt !== null && nowMs >= Date.parse(entry.retiresAt)) return 'retired'
  return entry.deprecatedAt !== null && nowMs >= Date.parse(entry.deprecatedAt) ? 'deprecated' : 'active'
}

/** The model as `GET /v1/models` shows it. */
export function modelInfo(entry: Model, nowMs: number): JsonObject {
  return {
    type: 'model',
    id: entry.id,
    display_name: entry.displayName,
    created_at: `${entry.releasedAt}T00:00:00Z`,
    lifecycle: lifecycleOf(entry, nowMs),
    deprecated_at: entry.deprecatedAt === null ? null : `${entry.deprecatedAt}T00:00:00Z`,
    retires_at: entry.retiresAt === null ? null : `${entry.retiresAt}T00:00:00Z`,
    line: /haiku|sonnet|opus|fable|mythos/.exec(entry.id)?.[0] ?? null,
    max_input_tokens: entry.contextTokens,
    max_tokens: entry.maxOutputTokens,
    capabilities: null,
  }
}
