import { ApiError, invalid } from './api-error.js'
import { checkConversation, readTurns, type Turn } from './conversation.js'
import { readBlocks, readChoice, readFlag, readInteger, readMarker, readStrings, readText } from './fields.js'
import { isList, isObject, type Json, type JsonObject } from './json.js'
import { findModel, type Model } from './models.js'
import type { Ttl } from './prompt-cache.js'
import { checkThinking, readThinking, type Thinking } from './thinking.js'

/** The two versions of the API that clients name in `anthropic-version`. */
export type ApiVersion = '2023-06-01' | '2026-10-21'

/** A request for a message, checked, with defaults filled in. */
export interface MessagesRequest {
  readonly model: Model
  /** 0 only warms the cache. */
  readonly maxTokens: number
  readonly isStream: boolean
  readonly system: readonly JsonObject[]
  readonly tools: readonly JsonObject[]
  readonly turns: readonly Turn[]
  readonly toolChoice: JsonObject
  readonly thinking: Thinking
  readonly effort: string
  readonly speed: 'standard' | 'fast'
  /** Null where the model has no choice of region. */
  readonly geo: 'us' | 'global' | null
  /** Top-level `cache_control`: the breakpoint that follows the end of the conversation. */
  readonly automaticTtl: Ttl | null
  readonly stopSequences: readonly string[]
  readonly wantsDiagnostics: boolean
  /** `batch` for an item of a message batch, which costs half. */
  readonly tier: 'standard' | 'batch'
}

/** Reads the body of `POST /v1/messages`. Throws the API's 400 or 404 for what the API would refuse. */
export function readMessagesRequest(body: Json, version: ApiVersion, nowMs: number): MessagesRequest {
  const fields = requireObject(body)
  const maxTokens = readInteger(fields, 'max_tokens', 0)
  const request: MessagesRequest = { ...readPrompt(fields, version, nowMs), maxTokens }
  if (maxTokens > request.model.maxOutputTokens) {
    throw invalid(
      'max_tokens',
      `${maxTokens} > ${request.model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${request.model.id}`,
    )
  }
  checkSampling(fields, version)
  checkMetadata(fields)
  checkThinking(request.thinking, request.model, maxTokens)
  if (maxTokens === 0) checkWarming(fields, request)
  return request
}

/** Reads the `params` of an item of a batch: as a message, less what makes no sense while nobody waits for it. */
export function readBatchParams(params: Json, version: ApiVersion, nowMs: number): MessagesRequest {
  const request = readMessagesRequest(params, version, nowMs)
  if (request.isStream) throw invalid('stream', 'not allowed in a batch')
  if (request.speed === 'fast') throw invalid('speed', "'fast' is not allowed in a batch")
  if (request.maxTokens === 0) throw invalid('max_tokens', '0 is not allowed in a batch')
  return { ...request, tier: 'batch' }
}

/** Reads the body of `POST /v1/messages/count_tokens`: the same, without what only matters for an answer. */
export function readCountRequest(body: Json, version: ApiVersion, nowMs: number): MessagesRequest {
  return { ...readPrompt(requireObject(body), version, nowMs), maxTokens: 1 }
}

function requireObject(body: Json): JsonObject {
  if (!isObject(body)) throw new ApiError(400, 'The request body is not a JSON object.')
  return body
}

function readPrompt(fields: JsonObject, version: ApiVersion, nowMs: number): Omit<MessagesRequest, 'maxTokens'> {
  refuseThread(fields)
  const name = readText(fields, 'model')
  const turns = readTurns(fields.messages, version)
  const model = findModel(name, nowMs)
  if (model === undefined) throw new ApiError(404, `model: ${name}`)
  checkConversation(turns)
  const tools = readTools(fields.tools)
  return {
    model,
    isStream: readFlag(fields, 'stream'),
    system: readBlocks(fields.system, 'system', ['text']),
    tools,
    turns,
    toolChoice: readToolChoice(fields, tools),
    thinking: readThinking(fields, model),
    effort: readEffort(fields, model),
    speed: readSpeed(fields, model),
    geo: readGeo(fields, model),
    automaticTtl: readMarker(fields, ''),
    stopSequences: readStrings(fields, 'stop_sequences'),
    wantsDiagnostics: isObject(fields.diagnostics),
    tier: 'standard',
  }
}

/** Only a message can belong to a thread: what begins or continues one has no such field any more. */
function refuseThread({ thread }: JsonObject): void {
  if (thread !== undefined && thread !== null) throw invalid('thread', 'Extra inputs are not permitted')
}

function readTools(value: Json | undefined): JsonObject[] {
  if (value === undefined || value === null) return []
  if (!isList(value)) throw invalid('tools', 'Input should be a valid list')
  const names = new Set<string>()
  return value.map((tool, index) => {
    if (!isObject(tool)) throw invalid(`tools.${index}`, 'Input should be an object')
    readMarker(tool, `tools.${index}.`)
    if (tool.type === 'mcp_toolset') return tool
    const name = readText(tool, 'name', `tools.${index}.`)
    if (names.has(name)) throw invalid('tools', 'Tool names must be unique.')
    names.add(name)
    const isCustom = tool.type === undefined || tool.type === null || tool.type === 'custom'
    if (isCustom && !isObject(tool.input_schema)) throw invalid(`tools.${index}.custom.input_schema`, 'Field required')
    return tool
  })
}

function readToolChoice(fields: JsonObject, tools: readonly JsonObject[]): JsonObject {
  const value = fields.tool_choice
  if (value === undefined || value === null) return { type: 'auto' }
  if (!isObject(value)) throw invalid('tool_choice', 'Input should be an object')
  const type = readChoice(value, 'type', ['auto', 'any', 'tool', 'none'], 'tool_choice.')
  if (type !== 'none' && tools.length === 0) throw invalid('tool_choice', 'may only be specified while providing tools')
  if (type !== 'tool') return value
  const name = readText(value, 'name', 'tool_choice.')
  if (!tools.some((tool) => tool.name === name))
    throw invalid('tool_choice', `Tool '${name}' not found in provided tools`)
  return value
}

function readEffort(fields: JsonObject, model: Model): string {
  if (!isObject(fields.output_config)) return model.defaultEffort
  const efforts = ['low', 'medium', 'high', 'xhigh', 'max']
  return readChoice(fields.output_config, 'effort', efforts, 'output_config.', model.defaultEffort)
}

function readSpeed(fields: JsonObject, model: Model): 'standard' | 'fast' {
  if (readChoice(fields, 'speed', ['standard', 'fast'], '', 'standard') === 'standard') return 'standard'
  if (model.fastMode === 'refused') throw invalid('speed', `'fast' is not supported for ${model.id}`)
  return model.fastMode === 'served' ? 'fast' : 'standard'
}

function readGeo(fields: JsonObject, model: Model): 'us' | 'global' | null {
  const geo = readChoice(fields, 'inference_geo', ['us', 'global'], '', 'global')
  if (model.hasGeo) return geo === 'us' ? 'us' : 'global'
  if (geo === 'us') throw invalid('inference_geo', `not supported for ${model.id}`)
  return null
}

function checkSampling(fields: JsonObject, version: ApiVersion): void {
  const limits = { temperature: 1, top_p: 1, top_k: Number.MAX_SAFE_INTEGER }
  for (const [name, most] of Object.entries(limits)) {
    const value = fields[name]
    if (value === undefined || value === null) continue
    if (version === '2026-10-21') throw invalid(name, 'Extra inputs are not permitted')
    if (typeof value !== 'number') throw invalid(name, 'Input should be a valid number')
    if (value < 0 || value > most) throw invalid(name, `range: 0..${most}`)
  }
}

function checkMetadata({ metadata }: JsonObject): void {
  if (metadata === undefined || metadata === null) return
  if (!isObject(metadata)) throw invalid('metadata', 'Input should be an object')
  const user = metadata.user_id
  if (user !== undefined && user !== null && typeof user !== 'string') {
    throw invalid('metadata.user_id', 'Input should be a valid string')
  }
}

/** `max_tokens: 0` writes the cache and nothing else, so it refuses whatever asks for an answer. */
function checkWarming(fields: JsonObject, request: MessagesRequest): void {
  const isForced = request.toolChoice.type === 'any' || request.toolChoice.type === 'tool'
  const isThinkingAsked = isObject(fields.thinking) && fields.thinking.type === 'enabled'
  const isStructured = isObject(fields.output_config) && isObject(fields.output_config.format)
  if (request.isStream) throw invalid('max_tokens', '0 is not allowed with stream')
  if (isThinkingAsked) throw invalid('max_tokens', '0 is not allowed with enabled thinking')
  if (isStructured) throw invalid('max_tokens', '0 is not allowed with structured output')
  if (isForced) throw invalid('max_tokens', '0 is not allowed with a forced tool_choice')
}
