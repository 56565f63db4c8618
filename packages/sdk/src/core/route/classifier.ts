/**
 * What a call is, guessed from its words and form: no call to a model, a few microseconds.
 *
 * It says a task only where one is named by the instruction itself, and nothing where two are, or none. What it is worth,
 * and what not, stands in the guide on routing: on wording that it does not know it mostly abstains, and where it speaks
 * it is sometimes wrong. So it is off unless somebody switches it on.
 */

import type { BlockView, CallView } from '../body/call.js'
import type { KnownTask } from './task-models.js'

/** What is looked at of a request. */
export interface CallFeatures {
  /** Where the person says what to do: the first clause, and the last one of another paragraph. In lower case. */
  readonly said: string
  /** The beginning of what the system says, in lower case. */
  readonly system: string
  readonly hasTools: boolean
  readonly hasOutputFormat: boolean
  /** True if an answer of a model is in the prompt: then its last message is no instruction. */
  readonly isContinued: boolean
}

/** Longer instructions are not read to their end. */
const MAX_READ = 600

/** The features of a request. Reads its first system block and its last message alone. @param view of exactly this body */
export function readFeatures(view: CallView, body: Uint8Array): CallFeatures {
  const { blocks, hasOutputFormat } = view
  const isText = ({ kind }: BlockView): boolean => kind === 'text'
  const system = blocks.find((block) => block.part === 'system' && isText(block))
  const messages = blocks.filter(({ part }) => part === 'messages')
  const last = messages.at(-1)?.message
  const said = messages.filter((block) => block.message === last && block.role === 'user' && isText(block))
  return {
    said: instructionOf(said.map((block) => textOf(block, body))),
    system: system === undefined ? '' : textOf(system, body).slice(0, MAX_READ).toLowerCase(),
    hasTools: blocks.some(({ part }) => part === 'tools'),
    hasOutputFormat,
    isContinued: messages.some(({ role }) => role === 'assistant'),
  }
}

/** The text of a block, bare or in an object; empty for what is none. */
function textOf(block: BlockView, body: Uint8Array): string {
  try {
    const json = block.json(body)
    if (typeof json === 'string') return json
    const text = (json as { readonly text?: unknown } | null)?.text
    return typeof text === 'string' ? text : ''
  } catch {
    return ''
  }
}

/**
 * Contents name tasks too ("the customer asks us to summarize …"): only the clause in which an instruction stands is read,
 * before the contents or behind them in a paragraph of its own.
 */
function instructionOf(texts: readonly string[]): string {
  const text = texts.join('\n\n').trim()
  const paragraphs = text.slice(-MAX_READ).split(/\n\s*\n/)
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : ''
  return [text.slice(0, MAX_READ), last]
    .map((part) => part.trim().split(CLAUSE_END, 1)[0])
    .join('\n')
    .toLowerCase()
}

const CLAUSE_END = /[:\n]|[.?!](?:\s|$)/

/** Verbs and nouns by which an instruction names its task. Word boundaries keep `classified` out of `declassify`. */
const SIGNS: readonly (readonly [KnownTask, RegExp])[] = [
  [
    'classify',
    /\b(?:classif(?:y|ies|ication)|categori[sz]e|which (?:category|label|class)|label (?:this|the|each)|sentiment)\b/,
  ],
  [
    'extract',
    /\b(?:extract(?:s|ion)?|pull out|parse (?:the|this|out)|list (?:all|every|the) (?:names|dates|entities|amounts|emails))\b/,
  ],
  ['summarize', /\b(?:summari[sz]e|summary of|tl;?dr|condense|in (?:one|two|three|a few) sentences?)\b/],
  ['code_review', /\b(?:review (?:this|the|my) (?:code|diff|patch|pull request|change|pr)|code review|pull request)\b/],
  ['research', /\b(?:research|literature (?:review|survey)|survey (?:of )?the|in[- ]depth report)\b/],
  ['reason', /\b(?:prove|proof|derive|step by step|solve (?:this|the|for)|why does)\b/],
  ['analyze', /\b(?:analy[sz]e|analysis of|evaluate the|assess the|compare the)\b/],
]

/**
 * The task of a call; null where it names none, or more than one. Agents at work are never classified: what they do next
 * is not what their first words say.
 */
export function classifyCall(features: CallFeatures): KnownTask | null {
  const { said, system, hasTools, hasOutputFormat, isContinued } = features
  if (isContinued || hasTools) return null
  const named = tasksIn(said)
  if (named.length === 1) return named[0] ?? null
  // A system prompt says what all calls of a program are; what the person says goes before it.
  const usual = named.length === 0 ? tasksIn(system) : []
  if (usual.length === 1) return usual[0] ?? null
  return named.length === 0 && usual.length === 0 && hasOutputFormat ? 'extract' : null
}

function tasksIn(text: string): readonly KnownTask[] {
  return SIGNS.filter(([, sign]) => sign.test(text)).map(([task]) => task)
}
