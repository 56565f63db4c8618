/**
 * Two models of the prompt cache that share no code: the simulator's, and the one RunGuard plans with. Every call of a
 * conversation is shown to both; they have to agree on every token. Where they do not, one of them is wrong.
 */

import {
  bodyMarks,
  type CallPrefix,
  cacheRates,
  findPrice,
  freshRatio,
  keepsThinking,
  loadPriceBook,
  markBody,
  measurePrefix,
  minimumTokens,
  noteReturns,
  type PlanFacts,
  type PlannedPrompt,
  type PrefixCall,
  PrefixIndex,
  PrintMemory,
  planCache,
  priceList,
  ReturnBook,
  readPrefix,
  scanCall,
  tokenFacts,
  withMarks,
} from '@runguard/sdk/core'
import { type CacheReading, PromptCache, readMessagesRequest, renderPrompt } from '@runguard/simulator'

/** A call as both saw it. */
export interface Comparison {
  /** `refused`: the API takes no such request, and nothing was compared. */
  readonly kind: 'same' | 'different' | 'refused'
  /** What was different, for people. */
  readonly text: string
}

interface Open {
  readonly visibleAtMs: number
  readonly simulated: CacheReading
  readonly call: PrefixCall
}

const book = loadPriceBook(priceList)
const WORKSPACE = 'workspace'
const API_VERSION = '2023-06-01'

/** One workspace before both models of its cache. Times must not go back. */
export class Agreement {
  readonly #cache = new PromptCache()
  readonly #index = new PrefixIndex()
  readonly #returns = new ReturnBook()
  readonly #memory = new PrintMemory()
  #open: readonly Open[] = []

  /** Sends a request to both, as it is or with the markers of a plan; its answer begins after `firstByteMs`. */
  send(request: object, { nowMs, firstByteMs, isPlanned }: Sending): Comparison {
    this.#publishUntil(nowMs)
    const original = new TextEncoder().encode(JSON.stringify(request))
    try {
      const sent = isPlanned ? this.#plan(original, nowMs) : { body: original, facts: this.#look(original, nowMs) }
      const call = this.#index.begin(sent.facts.prompt, nowMs)
      const simulated = this.#cache.look(rendered(sent.body, nowMs), nowMs)
      this.#open = [...this.#open, { visibleAtMs: nowMs + firstByteMs, simulated, call }]
      return compare(call, simulated)
    } catch (error) {
      if (isRefusal(error)) return { kind: 'refused', text: error.message }
      throw error
    }
  }

  /** The body with the markers of the plan, read again from its bytes, as the API will. */
  #plan(original: Uint8Array, nowMs: number): { readonly body: Uint8Array; readonly facts: PlanFacts } {
    const view = scanCall(original)
    const prefix = this.#read(original)
    const facts = this.#facts(prefix, original, nowMs)
    const plan = planCache(facts)
    noteReturns(facts, plan.story)
    const body = markBody(original, view, bodyMarks(plan, prefix))
    const marked = this.#look(body, nowMs)
    const [wanted, found] = [withMarks(facts.prompt, plan.marks), marked.prompt].map(markersOf)
    if (wanted !== found) throw new Error(`planned ${wanted}, found ${found} in the edited body`)
    return { body, facts: marked }
  }

  #look(body: Uint8Array, nowMs: number): PlanFacts {
    return this.#facts(this.#read(body), body, nowMs)
  }

  #read(body: Uint8Array): CallPrefix {
    const view = scanCall(body)
    const model = view.model ?? ''
    const facts = tokenFacts(book.models.find(({ id }) => id === model) ?? null)
    return readPrefix(view, body, { facts, keepsThinking: keepsThinking(model), memory: this.#memory })
  }

  #facts(prefix: CallPrefix, body: Uint8Array, nowMs: number): PlanFacts {
    const price = findPrice(book, prefix.model, nowMs)
    if (price === null) throw new Error(`no price for ${prefix.model}`)
    return {
      prompt: measured(prefix, body, nowMs),
      markerCount: prefix.markerCount,
      rates: cacheRates(price, 0),
      index: this.#index,
      returns: this.#returns,
      presence: null,
      nowMs,
    }
  }

  #publishUntil(nowMs: number): void {
    const due = this.#open.filter(({ visibleAtMs }) => visibleAtMs <= nowMs)
    for (const { simulated, call } of due.toSorted((left, right) => left.visibleAtMs - right.visibleAtMs)) {
      this.#cache.publish(simulated)
      this.#index.publish(call)
    }
    this.#open = this.#open.filter(({ visibleAtMs }) => visibleAtMs > nowMs)
  }
}

/** When a request is sent, and by whom its markers are set. */
export interface Sending {
  readonly nowMs: number
  readonly firstByteMs: number
  readonly isPlanned: boolean
}

function rendered(body: Uint8Array, nowMs: number) {
  const json = JSON.parse(new TextDecoder().decode(body))
  return renderPrompt(readMessagesRequest(json, API_VERSION, nowMs), WORKSPACE)
}

/** The prompt as RunGuard reads it, with token counts that are exact: how good its estimates are is another question. */
function measured(prefix: CallPrefix, body: Uint8Array, nowMs: number): PlannedPrompt {
  const place = { space: prefix.model, minimumTokens: minimumTokens(book, prefix.model), ratio: freshRatio }
  const prompt = measurePrefix(prefix, place)
  const { blocks } = rendered(body, nowMs)
  if (blocks.length !== prompt.blocks.length) {
    throw new Error(`${prompt.blocks.length} blocks where the simulator has ${blocks.length}`)
  }
  let sum = 0
  const endTokens = blocks.map(({ tokens }) => (sum += tokens))
  return { ...prompt, endTokens }
}

function compare({ reading }: PrefixCall, simulated: CacheReading): Comparison {
  const ours = [reading.read, reading.write5m, reading.write1h, reading.input]
  const theirs = [simulated.readTokens, simulated.write5mTokens, simulated.write1hTokens, simulated.inputTokens]
  if (ours.every((tokens, at) => tokens === theirs[at])) return { kind: 'same', text: '' }
  return { kind: 'different', text: `read, 5m, 1h, input: ${ours.join(' ')}; the simulator: ${theirs.join(' ')}` }
}

function markersOf({ breakpoints }: PlannedPrompt): string {
  return breakpoints.map(({ block, ttl }) => `${block} ${ttl}`).join(', ')
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ApiError'
}
