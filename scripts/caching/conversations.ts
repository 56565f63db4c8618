/**
 * Made-up conversations that try every rule of the prompt cache: tools, thinking, pictures, siblings with one front, both
 * lifetimes, pauses around them, edits in the middle, prompts below the minimum, turns with more than 20 positions.
 */

import type { Chance } from './chance.js'

/** A block as a client sends it. */
export type WireBlock = Record<string, unknown>

/** One message. */
export interface WireMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string | readonly WireBlock[]
}

/** What conversations of one program have in common. */
export interface Front {
  readonly model: string
  readonly tools: readonly WireBlock[]
  readonly system: string | readonly WireBlock[]
}

const models = [
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-sonnet-4-6',
  'claude-sonnet-4-5-20250929',
  'claude-haiku-4-5-20251001',
]
const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGVsbG8=' } }

/** A front: sometimes long, sometimes below the minimum of its model, sometimes nothing at all. */
export function makeFront(chance: Chance): Front {
  const tools = Array.from({ length: chance.below(6) }, (_, at) => ({
    name: `tool_${at}`,
    description: words(chance, 400),
    input_schema: { type: 'object' },
  }))
  const search = { type: 'web_search_20250305', name: 'web_search' }
  const blocks = Array.from({ length: 1 + chance.below(3) }, () => text(words(chance, 1_500)))
  const attribution = text(`x-anthropic-billing-header: cc_version=${chance.below(100)};`)
  return {
    model: chance.pick(models),
    tools: chance.isIn(15) ? [search, ...tools] : tools,
    system: chance.isIn(30) ? words(chance, 2_000) : [...(chance.isIn(20) ? [attribution] : []), ...blocks],
  }
}

/** The front of a program that has changed meanwhile: another tool, web search or none, other rules, or the same as blocks. */
export function changeFront(front: Front, chance: Chance): Front {
  const { tools, system } = front
  const search = { type: 'web_search_20250305', name: 'web_search' }
  const isSearching = tools.some(({ name }) => name === search.name)
  const changes: readonly Partial<Front>[] = [
    { tools: [...tools, { name: `late_${chance.below(9)}`, input_schema: { type: 'object' } }] },
    { tools: isSearching ? tools.filter(({ name }) => name !== search.name) : [search, ...tools] },
    { system: words(chance, 2_000) },
    typeof system === 'string' ? { system: [text(system)] } : { tools: [] },
  ]
  return { ...front, ...chance.pick(changes) }
}

/** The messages one turn further: most often with something new, sometimes changed, cut or just repeated. */
export function goOn(messages: readonly WireMessage[], chance: Chance): readonly WireMessage[] {
  if (messages.length === 0 || chance.isIn(2)) return [askPerson(chance)]
  if (chance.isIn(5)) return messages
  if (chance.isIn(5)) return editOne(messages, chance)
  if (chance.isIn(4)) return compact(messages, chance)
  const asked = chance.isIn(60) ? runTools(chance) : [answer(chance), askPerson(chance)]
  return [...messages, ...asked]
}

function askPerson(chance: Chance): WireMessage {
  if (chance.isIn(40)) return { role: 'user', content: words(chance, 900) }
  const count = chance.isIn(8) ? 18 + chance.below(8) : 1 + chance.below(3)
  const blocks: WireBlock[] = Array.from({ length: count }, () => text(words(chance, 300)))
  return { role: 'user', content: chance.isIn(5) ? [picture, ...blocks] : blocks }
}

function answer(chance: Chance): WireMessage {
  if (chance.isIn(30)) return { role: 'assistant', content: words(chance, 300) }
  return { role: 'assistant', content: [...thoughts(chance), text(words(chance, 300))] }
}

/** Parallel calls, then their results; sometimes with a word of the model before, or of the client behind. */
function runTools(chance: Chance): readonly WireMessage[] {
  const ids = Array.from({ length: chance.isIn(8) ? 22 : 1 + chance.below(3) }, () => `toolu_${chance.below(1e9)}`)
  const calls = ids.map((id) => ({ type: 'tool_use', id, name: 'tool_0', input: { path: words(chance, 10) } }))
  const results = ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: resultOf(chance) }))
  const before = chance.isIn(50) ? [text(words(chance, 60))] : []
  const reminder = chance.isIn(20) ? [text(words(chance, 40))] : []
  return [
    { role: 'assistant', content: [...thoughts(chance), ...before, ...calls] },
    { role: 'user', content: [...results, ...reminder] },
  ]
}

function resultOf(chance: Chance): string | readonly WireBlock[] {
  if (chance.isIn(60)) return words(chance, 900)
  return chance.isIn(10) ? [picture] : [text(words(chance, 500))]
}

function thoughts(chance: Chance): readonly WireBlock[] {
  if (!chance.isIn(30)) return []
  return [{ type: 'thinking', thinking: words(chance, 200), signature: `s${chance.below(1e9)}` }]
}

/** What a client does that shortens an old text. */
function editOne(messages: readonly WireMessage[], chance: Chance): readonly WireMessage[] {
  const at = chance.below(messages.length)
  const old = messages[at]
  if (old === undefined) return messages
  const content = typeof old.content === 'string' ? words(chance, 50) : editBlock(old.content, chance)
  return messages.with(at, { ...old, content })
}

function editBlock(blocks: readonly WireBlock[], chance: Chance): readonly WireBlock[] {
  const at = blocks.findIndex(({ type }) => type === 'text')
  const old = blocks[at]
  return old === undefined ? blocks : blocks.with(at, { ...old, text: words(chance, 50) })
}

/** A summary takes the place of everything before the last word of the person. */
function compact(messages: readonly WireMessage[], chance: Chance): readonly WireMessage[] {
  const isPerson = ({ role, content }: WireMessage): boolean =>
    role === 'user' && (typeof content === 'string' || content.every(({ type }) => type !== 'tool_result'))
  return [
    { role: 'user', content: words(chance, 800) },
    answer(chance),
    ...messages.slice(messages.findLastIndex(isPerson)),
  ]
}

function text(value: string): WireBlock {
  return { type: 'text', text: value }
}

/** Up to so many words, never none. */
function words(chance: Chance, most: number): string {
  return `${chance.below(1e9)} ${'word '.repeat(chance.below(most))}.`
}
