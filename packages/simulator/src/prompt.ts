import { ApiError } from './api-error.js'
import { readMarker } from './fields.js'
import { digest } from './ids.js'
import { isList, isObject, type Json, type JsonObject, textOf, without } from './json.js'
import type { CacheablePrompt, CacheBlock, Ttl } from './prompt-cache.js'
import type { MessagesRequest } from './request.js'
import { countBlock, countTool, overheads } from './tokens.js'

/** A block with the one fact that the cache itself need not know. */
interface RenderedBlock extends CacheBlock {
  /** Thinking cannot carry a breakpoint. */
  readonly isMarkable: boolean
}

const attributionStart = 'x-anthropic-billing-header:'
const maximumBreakpoints = 4

/** Renders a request in the order in which the cache reads it: tools, system, messages. Throws 400 on bad breakpoints. */
export function renderPrompt(request: MessagesRequest, workspace: string): CacheablePrompt {
  const blocks = [...renderTools(request), ...renderSystem(request), ...renderMessages(request)]
  const marked: readonly CacheBlock[] = request.automaticTtl === null ? blocks : markLast(blocks, request.automaticTtl)
  checkCount(request, marked !== blocks)
  checkOrder(marked)
  return {
    namespace: digest(workspace, request.model.id),
    seeds: { tools: '', system: systemSeed(request), messages: messagesSeed(request) },
    blocks: marked,
    minimumTokens: request.model.minimumCacheableTokens,
  }
}

/** All input tokens of a prompt, cached or not: what `count_tokens` answers. */
export function countPrompt(prompt: CacheablePrompt): number {
  return prompt.blocks.reduce((sum, block) => sum + block.tokens, 0)
}

/** Throws the API's 400 when a prompt is longer than its model can read. */
export function checkContext({ model }: MessagesRequest, prompt: CacheablePrompt): void {
  const tokens = countPrompt(prompt)
  if (tokens <= model.contextTokens) return
  throw new ApiError(400, `prompt is too long: ${tokens} tokens > ${model.contextTokens} maximum`)
}

/** Switching web search changes what follows the tools, not the tools themselves, so its definition joins the system level. */
function isWebSearch(tool: JsonObject): boolean {
  return textOf(tool, 'type').startsWith('web_search_')
}

function renderTools(request: MessagesRequest): RenderedBlock[] {
  const ordered = [...request.tools.filter((tool) => !isWebSearch(tool)), ...request.tools.filter(isWebSearch)]
  return ordered.map((tool, index) => ({
    level: isWebSearch(tool) ? 'system' : 'tools',
    digest: digest('tool', JSON.stringify(without(tool, 'cache_control'))),
    tokens: countTool(tool, request.model) + (index === 0 ? overheads.toolPrompt : 0),
    run: null,
    ttl: readMarker(tool, ''),
    isMarkable: true,
  }))
}

/** The attribution line that clients put first is not part of the prompt the model reads. */
function renderSystem(request: MessagesRequest): RenderedBlock[] {
  const [first, ...rest] = request.system
  const isAttributed = first !== undefined && textOf(first, 'text').startsWith(attributionStart)
  return (isAttributed ? rest : request.system).map((block) => ({
    level: 'system',
    digest: digest('system', JSON.stringify(without(block, 'cache_control'))),
    tokens: countBlock(block, request.model),
    run: null,
    ttl: readMarker(block, ''),
    isMarkable: true,
  }))
}

function renderMessages(request: MessagesRequest): RenderedBlock[] {
  const lastHuman = request.turns.findLastIndex(({ role, blocks }) => role === 'user' && !blocks.every(isResult))
  let lastRole = ''
  return request.turns.flatMap(({ role, blocks, settings }, turnIndex) => {
    const isForgetful = !request.model.keepsEarlierThinking && turnIndex < lastHuman
    const kept = isForgetful ? blocks.filter((block) => !isThinking(block)) : blocks
    const extra = Object.keys(settings).length === 0 ? '' : JSON.stringify(settings)
    return kept.map((block, index): RenderedBlock => {
      const opensTurn = role !== lastRole
      lastRole = role
      return {
        level: 'messages',
        digest: digest(role, index === 0 ? extra : '', JSON.stringify(normalize(block))),
        tokens: countBlock(block, request.model) + (opensTurn ? overheads.turn : 0),
        run: runOf(block),
        ttl: markerOf(block),
        isMarkable: !isThinking(block),
      }
    })
  })
}

function isResult(block: JsonObject): boolean {
  return block.type === 'tool_result'
}

function isThinking(block: JsonObject): boolean {
  return block.type === 'thinking' || block.type === 'redacted_thinking'
}

function runOf(block: JsonObject): CacheBlock['run'] {
  if (block.type === 'tool_use') return 'call'
  return block.type === 'tool_result' ? 'result' : null
}

/** The block without its markers; a result given as a string is the same as one text block. */
function normalize(block: JsonObject): JsonObject {
  const bare = without(block, 'cache_control')
  if (block.type !== 'tool_result') return bare
  return {
    ...bare,
    content: partsOf(block.content).map((part) => (isObject(part) ? without(part, 'cache_control') : part)),
  }
}

function partsOf(content: Json | undefined): readonly Json[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  return isList(content) ? content : []
}

/** The breakpoint of a block; one on a part of a tool result stands for the whole result. */
function markerOf(block: JsonObject): Ttl | null {
  const own = readMarker(block, '')
  if (own !== null || block.type !== 'tool_result') return own
  return nestedMarkers(block).at(-1) ?? null
}

function nestedMarkers(block: JsonObject): Ttl[] {
  return partsOf(block.content).flatMap((part) => (isObject(part) ? (readMarker(part, '') ?? []) : []))
}

/** Counts every marker as sent, before those inside a tool result are taken for the result's own. */
function checkCount(request: MessagesRequest, automatic: boolean): void {
  const blocks = [...request.tools, ...request.system, ...request.turns.flatMap((turn) => turn.blocks)]
  const own = blocks.filter((block) => readMarker(block, '') !== null).length
  const nested = blocks.filter(isResult).reduce((sum, block) => sum + nestedMarkers(block).length, 0)
  const found = own + nested + (automatic ? 1 : 0)
  if (found > maximumBreakpoints) {
    throw new ApiError(
      400,
      `A maximum of ${maximumBreakpoints} blocks with cache_control may be provided. Found ${found}.`,
    )
  }
}

/** Automatic caching: a breakpoint on the last block that can carry one. The same list when it is there already. */
function markLast(blocks: readonly RenderedBlock[], ttl: Ttl): readonly CacheBlock[] {
  const index = blocks.findLastIndex(({ isMarkable }) => isMarkable)
  const last = blocks[index]
  if (last === undefined || last.ttl === ttl) return blocks
  if (last.ttl !== null) {
    throw new ApiError(400, `cache_control: the last block already has a breakpoint with ttl '${last.ttl}'`)
  }
  return blocks.with(index, { ...last, ttl })
}

function checkOrder(blocks: readonly CacheBlock[]): void {
  const first5m = blocks.findIndex(({ ttl }) => ttl === '5m')
  const last1h = blocks.findLastIndex(({ ttl }) => ttl === '1h')
  if (first5m !== -1 && last1h > first5m) {
    throw new ApiError(400, "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")
  }
}

function systemSeed({ speed, turns }: MessagesRequest): string {
  const isCiting = turns.some(({ blocks }) =>
    blocks.some((block) => isObject(block.citations) && block.citations.enabled === true),
  )
  return JSON.stringify([speed, isCiting])
}

function messagesSeed({ toolChoice, thinking, effort, turns }: MessagesRequest): string {
  const choice = [toolChoice.type, toolChoice.name ?? null, toolChoice.disable_parallel_tool_use === true]
  const hasImages = turns.some(({ blocks }) => blocks.some(holdsImage))
  return JSON.stringify([choice, thinking.mode, thinking.budgetTokens, effort, hasImages])
}

function holdsImage(block: JsonObject): boolean {
  if (block.type === 'image') return true
  return isResult(block) && partsOf(block.content).some((part) => isObject(part) && part.type === 'image')
}
