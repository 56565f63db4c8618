/** What a model takes of a request: what another one would answer with an error, or read as something else. */

import type { CallView } from '../body/call.js'
import type { PriceBook } from '../cost/price.js'
import { findModel, findPrice } from '../cost/price.js'
import type { PricedModel } from '../cost/price-schema.js'

/** Everything of a request on which models differ. */
export interface RequestNeeds {
  readonly view: CallView
  /** `output_config.effort`; null if the request does not state it. */
  readonly effort: string | null
  /** Likely tokens of the prompt, as this model counts them. */
  readonly tokens: number
  /** The names in the header `anthropic-beta`. */
  readonly betas: readonly string[]
}

/** What a model cannot do, in words for people; null if it can do all that is needed. */
export function findLack(book: PriceBook, model: string, needs: RequestNeeds, atMs: number): string | null {
  const known = findModel(book, model)
  const traits = traitsOf(model)
  const { view, effort, tokens } = needs
  if (known !== null && isRetired(known, atMs)) return 'is retired'
  if (known?.contextWindow != null && tokens > known.contextWindow) return 'has too small a context window'
  if (known?.maxOutput != null && (view.maxTokens ?? 0) > known.maxOutput) return 'cannot answer at such length'
  if (!canThink(traits, view.thinking?.type ?? null)) return `does not take thinking: ${view.thinking?.type}`
  const isForced = view.toolChoice === 'any' || view.toolChoice === 'tool'
  if (isForced && traits.alwaysThinks) return 'cannot be forced to use a tool'
  if (effort !== null && !traits.efforts.includes(effort)) return `does not take the effort ${effort}`
  if (view.speed === 'fast' && findPrice(book, model, atMs)?.fast == null) return 'has no fast mode'
  if (view.inferenceGeo === 'us' && known !== null && known.geoPercent === 100) return 'has no choice of region'
  if (hasLateSystem(view) && !traits.takesLateSystem) return 'takes no system messages in a conversation'
  if (view.hasOutputFormat && !traits.takesOutputFormat) return 'takes no output_config.format'
  return findUnknown(model, needs)
}

/**
 * What the list of models does not tell: which tools of the API and which betas they know. What a model was asked for with
 * is known to those that are at least as new.
 */
function findUnknown(model: string, { view, betas }: RequestNeeds): string | null {
  if (readName(model).version >= readName(view.model ?? '').version) return null
  const tool = view.blocks.find(({ part, kind }) => part === 'tools' && kind !== 'custom')
  if (tool !== undefined) return `may not know the tool ${tool.kind}`
  const beta = betas.find((name) => !SHARED_BETAS.some((prefix) => name.startsWith(prefix)))
  return beta === undefined ? null : `may not know the beta ${beta}`
}

/** Betas that every model takes, or whose fields are looked at by themselves. */
const SHARED_BETAS = [
  'claude-code-',
  'context-1m-',
  'context-management-',
  'extended-cache-ttl-',
  'files-api-',
  'fine-grained-tool-streaming-',
  'interleaved-thinking-',
  'oauth-',
  'prompt-caching-',
  'token-efficient-tools-',
]

const MAX_BETAS = 50

/** The names in a header `anthropic-beta`. */
export function readBetas(header: string | undefined): readonly string[] {
  const names = header?.split(',', MAX_BETAS).map((name) => name.trim().slice(0, 100)) ?? []
  return names.filter((name) => name !== '')
}

/** True from the day on which the API no longer serves the model. */
export function isRetired({ retiresMs }: Pick<PricedModel, 'retiresMs'>, atMs: number): boolean {
  return retiresMs !== null && retiresMs <= atMs
}

/** What sets models apart beside what the price list says of them. */
export interface ModelTraits {
  /** There is no way to switch its thinking off. */
  readonly alwaysThinks: boolean
  /** The forms of `thinking` that it takes. */
  readonly thinking: readonly string[]
  /** The levels of `output_config.effort` that it takes; none for models without it. */
  readonly efforts: readonly string[]
  /** What it does where the request says nothing. */
  readonly defaultEffort: 'medium' | 'high'
  /** `output_config.format`. */
  readonly takesOutputFormat: boolean
  /** Messages of the role `system` within a conversation. */
  readonly takesLateSystem: boolean
}

/** Read from the name: generation and line decide it. A name that tells nothing is taken for one of today's. */
export function traitsOf(model: string): ModelTraits {
  const { line, version } = readName(model)
  const isFable = line === 'fable' || line === 'mythos'
  const alwaysThinks = isFable || (line === 'opus' && version >= 505)
  return {
    alwaysThinks,
    thinking: [
      ...(alwaysThinks ? [] : ['disabled']),
      ...(version >= 307 && version <= 406 ? ['enabled'] : []),
      ...(version >= 406 ? ['adaptive'] : []),
      ...(line === 'sonnet' && version >= 505 ? ['between_tools'] : []),
    ],
    efforts: effortsOf(version),
    defaultEffort: version >= 505 && (line === 'opus' || line === 'haiku') ? 'medium' : 'high',
    takesOutputFormat: isFable || version >= 405,
    takesLateSystem: isFable || (line === 'opus' && version >= 408),
  }
}

const CURRENT_VERSION = 505

/** `claude-opus-4-8` is version 408; before the fourth generation the number stands in front of the line. */
function readName(model: string): { line: string; version: number } {
  const old = /^claude-3(?:-([57]))?-(opus|sonnet|haiku)/.exec(model)
  if (old !== null) return { line: old[2] ?? '', version: 300 + Number(old[1] ?? 0) }
  const named = /^claude-(opus|sonnet|haiku|fable|mythos)-(\d)(?:-(\d{1,2}))?(?!\d)/.exec(model)
  if (named === null) return { line: '', version: CURRENT_VERSION }
  return { line: named[1] ?? '', version: Number(named[2]) * 100 + Number(named[3] ?? 0) }
}

function effortsOf(version: number): readonly string[] {
  if (version < 406) return []
  return version === 406 ? ['low', 'medium', 'high', 'max'] : ['low', 'medium', 'high', 'xhigh', 'max']
}

function canThink({ thinking }: ModelTraits, type: string | null): boolean {
  return type === null || thinking.includes(type)
}

function hasLateSystem({ blocks }: CallView): boolean {
  return blocks.some(({ part, role }) => part === 'messages' && role === 'system')
}

/** Text of the newer tokenizer has so many tokens more. */
const NEW_TOKENIZER_FACTOR = 1.3

/** Tokens of the same text on another model, as a multiple. */
export function tokenFactor(book: PriceBook, from: string, to: string): number {
  const [left, right] = [findModel(book, from)?.tokenizer ?? 'new', findModel(book, to)?.tokenizer ?? 'new']
  if (left === right) return 1
  return right === 'new' ? NEW_TOKENIZER_FACTOR : 1 / NEW_TOKENIZER_FACTOR
}
