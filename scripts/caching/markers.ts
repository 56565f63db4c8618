/** Breakpoints and parameters as clients set them, good and bad. */

import type { Chance } from './chance.js'
import type { Front, WireBlock, WireMessage } from './conversations.js'

/** A request before it becomes JSON. */
export type WireRequest = Record<string, unknown>

type Ttl = '5m' | '1h'

/** The request for these messages, with markers by chance: none, automatic caching, or up to four anywhere. */
export function makeRequest(front: Front, messages: readonly WireMessage[], chance: Chance): WireRequest {
  const { model, tools, system } = front
  const bare = { model, max_tokens: 1_024, ...(tools.length > 0 && { tools }), system, messages }
  const request = { ...bare, ...parameters(chance, tools.length > 0) }
  if (chance.isIn(30)) return request
  if (chance.isIn(20)) return { ...request, cache_control: marker(chance.pick(['5m', '1h'])) }
  return markSome(request, 1 + chance.below(4), chance)
}

/** Parameters on which cached prefixes depend, and some on which they do not. Mostly the same ones. */
function parameters(chance: Chance, hasTools: boolean): WireRequest {
  return {
    ...(chance.isIn(4) && { output_config: { effort: chance.pick(['low', 'high']) } }),
    ...(chance.isIn(4) && hasTools && { tool_choice: { type: 'none' } }),
    ...(chance.isIn(4) && hasTools && { tool_choice: { type: 'auto' } }),
    ...(chance.isIn(4) && hasTools && { tool_choice: { type: 'any' } }),
    ...(chance.isIn(10) && { metadata: { user_id: `user-${chance.below(9)}` } }),
    ...(chance.isIn(10) && { stop_sequences: ['END'] }),
  }
}

/** Places of markers in prefix order; an hour before five minutes, as the API wants them. */
function markSome(request: WireRequest & PromptParts, count: number, chance: Chance): WireRequest {
  const places = placesOf(request)
  const chosen = new Set(Array.from({ length: count }, () => choosePlace(places, chance)))
  const ordered = places.filter((place) => chosen.has(place))
  const hours = chance.isIn(40) ? chance.below(ordered.length + 1) : 0
  const ttls = new Map(ordered.map((place, at) => [place, at < hours ? ('1h' as const) : ('5m' as const)]))
  const mark = (block: WireBlock): WireBlock => {
    const ttl = ttls.get(block)
    return ttl === undefined ? block : { ...block, cache_control: marker(ttl) }
  }
  const system = typeof request.system === 'string' ? request.system : request.system.map(mark)
  const messages = request.messages.map(({ role, content }) => {
    return { role, content: typeof content === 'string' ? content : content.map(mark) }
  })
  return { ...request, ...(request.tools && { tools: request.tools.map(mark) }), system, messages }
}

interface PromptParts {
  readonly tools?: readonly WireBlock[]
  readonly system: string | readonly WireBlock[]
  readonly messages: readonly WireMessage[]
}

function placesOf({ tools = [], system, messages }: PromptParts): readonly WireBlock[] {
  const said = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  const canMark = ({ type }: WireBlock): boolean => type !== 'thinking' && type !== 'web_search_20250305'
  // Every place an object of its own, so that one of two equal blocks can be meant.
  return [...tools, ...(typeof system === 'string' ? [] : system), ...said].filter(canMark)
}

/** The end of the prompt more often than anything else. */
function choosePlace(places: readonly WireBlock[], chance: Chance): WireBlock {
  const last = places.at(-1)
  return last !== undefined && chance.isIn(50) ? last : (places[chance.below(places.length)] ?? {})
}

function marker(ttl: Ttl): object {
  return ttl === '1h' ? { type: 'ephemeral', ttl } : { type: 'ephemeral' }
}
