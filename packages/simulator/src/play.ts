import { ApiError, invalid } from './api-error.js'
import type { Directive } from './directives.js'
import { type Fault, readFault } from './faults.js'
import { type JsonObject, textOf } from './json.js'
import { type ExtraRun, type Pacing, type Reply, type ReplyPart, textOfTokens } from './reply.js'
import type { MessagesRequest } from './request.js'
import { sampleInput } from './sample-input.js'

/** A reply while its directives are read. */
interface Draft {
  readonly parts: ReplyPart[]
  pacing: Pacing
  stopReason?: string
  extraRun?: ExtraRun
  fault?: Fault
  batchMs?: number
}

type Verb = (draft: Draft, directive: Directive, request: MessagesRequest) => void

const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['text', (draft, directive, { model }) => say(draft, textOfTokens(wholeNumber(directive, 0), model))],
  ['say', (draft, { words }) => say(draft, words.join(' '))],
  ['think', think],
  ['tool', (draft, directive, request) => call(draft, request, directive.words[0], directive.json)],
  ['loop', (draft, directive, request) => call(draft, request, directive.words[0], directive.json)],
  ['looping', (draft, directive, request) => call(draft, request, directive.words[0], directive.json)],
  ['tool-loop', (draft, directive, request) => call(draft, request, directive.words[1], directive.json)],
  ['parallel', callInParallel],
  ['search', search],
  [
    'compact',
    (draft, directive) => (draft.extraRun = { kind: 'compaction', summaryTokens: wholeNumber(directive, 0, 200) }),
  ],
  ['fallback', fallBack],
  ['refuse', (draft) => (draft.stopReason = 'refusal')],
  ['stop', (draft, { words }) => (draft.stopReason = words[0] ?? 'end_turn')],
  ['first-byte', (draft, directive) => pace(draft, { firstByteMs: wholeNumber(directive, 0) })],
  ['every', (draft, directive) => pace(draft, { betweenEventsMs: wholeNumber(directive, 0) })],
  ['chunk', (draft, directive) => pace(draft, { chunkCharacters: wholeNumber(directive, 0) })],
  ['ping', (draft, directive) => pace(draft, { pingEvery: wholeNumber(directive, 0) })],
  ['fault', (draft, directive) => (draft.fault = faultOf(directive))],
  ['batch-after', (draft, directive) => (draft.batchMs = wholeNumber(directive, 0, undefined, longestBatchMs))],
  ['echo', () => undefined],
])

const pacingVerbs: ReadonlySet<string> = new Set(['first-byte', 'every', 'chunk', 'ping'])
const longestText = 1_000_000
const longestBatchMs = 48 * 60 * 60_000

/**
 * Builds the reply of one round. `next` splits the directives into steps: the first answers the person, each later
 * one follows a round of tool results. Pacing holds for all steps. After the last step the model says that it is done.
 * A step with nothing to say leaves the words to `fallback`.
 */
export function composeReply(
  directives: readonly Directive[],
  request: MessagesRequest,
  round: number,
  fallback: () => Reply,
): Reply {
  const draft: Draft = { parts: [], pacing: {} }
  const step = stepOf(directives, round)
  const pacing = directives.filter(({ verb }) => pacingVerbs.has(verb))
  const others = (step ?? []).filter(({ verb }) => !pacingVerbs.has(verb))
  for (const directive of [...pacing, ...others]) {
    const act = verbs.get(directive.verb)
    if (act === undefined) throw invalid('sim', `unknown directive '${directive.verb}'`)
    if (directive.isBroken) throw invalid('sim', `the object of '${directive.verb}' is not valid JSON`)
    act(draft, directive, request)
  }
  if (step === undefined) say(draft, 'Done.')
  if (draft.parts.length === 0) draft.parts.push(...fallback().parts)
  return draft
}

/** The directives for a round, or undefined after the last step. */
function stepOf(directives: readonly Directive[], round: number): readonly Directive[] | undefined {
  let left = round
  for (const step of splitSteps(directives)) {
    const rounds = roundsOf(step)
    if (left < rounds) return step
    left -= rounds
  }
  return undefined
}

function splitSteps(directives: readonly Directive[]): Directive[][] {
  const steps: Directive[][] = [[]]
  for (const directive of directives) {
    if (directive.verb === 'next') steps.push([])
    else steps.at(-1)?.push(directive)
  }
  return steps
}

function roundsOf(step: readonly Directive[]): number {
  if (step.some(({ verb }) => verb === 'loop' || verb === 'looping')) return Number.POSITIVE_INFINITY
  const counted = step.find(({ verb }) => verb === 'tool-loop')
  return counted === undefined ? 1 : wholeNumber(counted, 0)
}

function say(draft: Draft, text: string): void {
  if (text !== '') draft.parts.push({ kind: 'text', text })
}

function think(draft: Draft, directive: Directive, request: MessagesRequest): void {
  const tokens = wholeNumber(directive, 0)
  const text = request.thinking.isOmitted ? '' : textOfTokens(Math.min(tokens, 400), request.model)
  draft.parts.push({ kind: 'thinking', text, tokens })
}

function call(draft: Draft, request: MessagesRequest, wanted: string | undefined, input: JsonObject | null): void {
  const tool = wanted === undefined ? firstTool(request) : request.tools.find(({ name }) => name === wanted)
  const name = wanted ?? (tool === undefined ? undefined : textOf(tool, 'name'))
  if (name === undefined) say(draft, 'There is no tool to call.')
  else draft.parts.push({ kind: 'tool', name, input: input ?? sampleInput(tool?.input_schema) })
}

/** The first tool that the client itself runs. */
function firstTool(request: MessagesRequest): JsonObject | undefined {
  const serverRun = /^(web_search|web_fetch|code_execution|mcp_toolset)/
  return request.tools.find((tool) => !serverRun.test(textOf(tool, 'type')))
}

function callInParallel(draft: Draft, directive: Directive, request: MessagesRequest): void {
  const count = wholeNumber(directive, 0)
  for (let index = 0; index < Math.min(count, 100); index += 1) call(draft, request, directive.words[1], directive.json)
}

function search(draft: Draft, directive: Directive): void {
  const count = wholeNumber(directive, 0, 1)
  const resultTokens = wholeNumber(directive, 1, 500)
  for (let index = 1; index <= Math.min(count, 20); index += 1) {
    draft.parts.push({ kind: 'search', query: `query ${index}`, resultTokens })
  }
  say(draft, 'This is what the search found.')
}

function fallBack(draft: Draft, directive: Directive): void {
  const model = directive.words[0] ?? ''
  draft.extraRun = { kind: 'fallback', model, refusedAfterTokens: wholeNumber(directive, 1, 5) }
}

function pace(draft: Draft, pacing: Pacing): void {
  draft.pacing = { ...draft.pacing, ...pacing }
}

function faultOf({ words, json }: Directive): Fault {
  if (json !== null) return readFault(json)
  const [name = '', detail] = words
  if (/^\d+$/.test(name)) {
    return readFault({ kind: 'status', status: Number(name), ...(detail === undefined ? {} : { errorCode: detail }) })
  }
  const field = numberFields.get(name)
  if (field === undefined) return readFault({ kind: name })
  return readFault({ kind: name, [field]: Number(detail ?? (name === 'cut' ? 200 : 3)) })
}

/** The number that a fault takes as its word in a directive. */
const numberFields: ReadonlyMap<string, string> = new Map([
  ['slow', 'firstByteMs'],
  ['cut', 'afterBytes'],
  ['error-event', 'afterEvents'],
  ['malformed-event', 'afterEvents'],
  ['wrong-length', 'differenceBytes'],
])

function wholeNumber({ verb, words }: Directive, index: number, fallback?: number, most = longestText): number {
  const word = words[index]
  if (word === undefined && fallback !== undefined) return fallback
  const value = Number(word)
  if (word === undefined || !Number.isInteger(value) || value < 0 || value > most) {
    throw new ApiError(400, `sim: '${verb}' needs a whole number up to ${most}`)
  }
  return value
}
