/** Recorded traffic as the contenders see it: prompts in prefix order, with times. */

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** A lifetime of a cached prefix. */
export type Ttl = '5m' | '1h'

/** One block of a recorded prompt. */
export interface StreamBlock {
  /** One number per prefix: equal if and only if all blocks up to here are equal. */
  readonly prefix: number
  readonly tokens: number
  readonly endTokens: number
  /** Of the lookback: parallel calls share one, and so do their results. */
  readonly position: number
  readonly part: 'tools' | 'system' | 'messages'
  readonly canMark: boolean
}

/** Tokens as they were billed. */
export interface Billed {
  readonly input: number
  readonly read: number
  readonly write5m: number
  readonly write1h: number
}

/** One request. */
export interface StreamRequest {
  readonly atMs: number
  /** When its answer began, as far as it was recorded. */
  readonly firstByteMs: number
  readonly model: string
  readonly blocks: readonly StreamBlock[]
  /** What decides in which half of the data it is. */
  readonly group: string
  readonly billed: Billed | null
  /**
   * The last block of a front that was warm although no recorded request had kept it so; -1 for none. It is taken to have
   * been warm for every contender alike.
   */
  readonly warmBlock: number
  /**
   * What its answer left the caller with: calls of tools, or something to read, for a person or for the agent that had
   * asked this one; null if that was not recorded.
   */
  readonly leaves: 'tool' | 'person' | 'agent' | null
  /** True if no later request goes on from its end, however late. */
  readonly isOver: boolean
}

interface RecordedChain {
  readonly session: string
  /** `main`, or another name for each agent that it had work for it. */
  readonly agent: string
  readonly at: number
  readonly requests: readonly {
    readonly t: number
    readonly first: number | null
    readonly model: string
    readonly keep: number
    readonly add: readonly (readonly [hash: string, tokens: number, kind: string])[]
    readonly observed: {
      readonly input_tokens: number
      readonly cache_read_input_tokens: number
      readonly cache_creation: {
        readonly ephemeral_5m_input_tokens: number
        readonly ephemeral_1h_input_tokens: number
      }
    }
  }[]
}

interface RecordedRequest {
  readonly timestamp: number
  readonly input_length: number
  readonly hash_ids: readonly number[]
}

/** Not recorded for the chat service: a usual time to the first byte. */
const USUAL_FIRST_BYTE_MS = 2_000
const CHAT_BLOCK_TOKENS = 512
/** Nor are the messages: one of them is taken to have about 4,000 tokens. */
const CHAT_BLOCKS_PER_POSITION = 8

/** Gives every prefix a number. */
class Prefixes {
  readonly #numbers = new Map<string, number>()

  numberOf(parent: number, block: string): number {
    const name = `${parent} ${block}`
    const number = this.#numbers.get(name) ?? this.#numbers.size + 1
    this.#numbers.set(name, number)
    return number
  }
}

/** Reads chains of growing prompts, one chain per line; requests in the order of their times. */
export function readChains(path: string): readonly StreamRequest[] {
  const prefixes = new Prefixes()
  const requests = linesOf(path)
    .flatMap((line) => readChain(JSON.parse(line) as RecordedChain, prefixes))
    .sort((left, right) => left.atMs - right.atMs)
  const begun = new Set<string>()
  return tellEnds(requests).map((request) => {
    if (begun.has(request.group)) return request
    begun.add(request.group)
    const read = request.billed?.read ?? 0
    const warmBlock = request.blocks.findLastIndex(({ part, endTokens }) => part !== 'messages' && endTokens <= read)
    return { ...request, warmBlock }
  })
}

/** Reads requests of a chat service, one per line, whose blocks have 512 tokens each. Priced as `model`. */
export function readChat(path: string, model: string): readonly StreamRequest[] {
  const prefixes = new Prefixes()
  const requests = linesOf(path).map((line) => {
    const { timestamp, input_length: length, hash_ids: ids } = JSON.parse(line) as RecordedRequest
    const root = prefixes.numberOf(0, model)
    const blocks: StreamBlock[] = []
    for (const [at, id] of ids.entries()) {
      const before = blocks.at(-1)
      const tokens = Math.min(CHAT_BLOCK_TOKENS, length - (before?.endTokens ?? 0))
      blocks.push({
        prefix: prefixes.numberOf(before?.prefix ?? root, String(id)),
        tokens,
        endTokens: (before?.endTokens ?? 0) + tokens,
        position: Math.floor(at / CHAT_BLOCKS_PER_POSITION),
        part: 'messages',
        // A block that is not full becomes another one as soon as the conversation goes on.
        canMark: tokens === CHAT_BLOCK_TOKENS,
      })
    }
    const firstByteMs = timestamp + USUAL_FIRST_BYTE_MS
    // Parts of a conversation belong together: the second block, because all conversations begin with the same one.
    return {
      atMs: timestamp,
      firstByteMs,
      model,
      blocks,
      group: String(ids[1] ?? ids[0]),
      billed: null,
      warmBlock: -1,
      leaves: null,
      isOver: false,
    }
  })
  return tellEnds(requests)
}

/** Looks into the future: which requests nobody goes on from. Those that come are in the order of their times. */
function tellEnds(requests: readonly StreamRequest[]): readonly StreamRequest[] {
  const later = new Set<number>()
  return requests
    .toReversed()
    .map((request) => {
      const end = request.blocks.findLast(({ canMark }) => canMark)
      const isOver = end !== undefined && !later.has(end.prefix)
      for (const { prefix } of request.blocks) later.add(prefix)
      return { ...request, isOver }
    })
    .reverse()
}

function readChain(chain: RecordedChain, prefixes: Prefixes): readonly StreamRequest[] {
  let blocks: readonly StreamBlock[] = []
  let kinds: readonly string[] = []
  let hashes: readonly string[] = []
  let model = ''
  return chain.requests.map((request, at) => {
    const isSame = request.model === model
    model = request.model
    hashes = [...hashes.slice(0, request.keep), ...request.add.map(([hash]) => hash)]
    const tokens = [
      ...blocks.slice(0, request.keep).map((block) => block.tokens),
      ...request.add.map(([, count]) => count),
    ]
    kinds = [...kinds.slice(0, request.keep), ...request.add.map(([, , kind]) => kind)]
    blocks = appendBlocks(prefixes, isSame ? blocks.slice(0, request.keep) : [], { model, hashes, tokens, kinds })
    const atMs = Math.round((chain.at + request.t) * 1_000)
    const { input_tokens: input, cache_read_input_tokens: read, cache_creation: written } = request.observed
    return {
      atMs,
      firstByteMs: atMs + Math.round((request.first ?? 0) * 1_000),
      model,
      blocks,
      group: chain.session,
      warmBlock: -1,
      leaves: leavesOf(chain, at),
      isOver: false,
      billed: {
        input,
        read,
        write5m: written.ephemeral_5m_input_tokens,
        write1h: written.ephemeral_1h_input_tokens,
      },
    }
  })
}

/** An answer that is followed by results of tools has called them. The last of a chain is taken for one to read. */
function leavesOf({ agent, requests }: RecordedChain, at: number): StreamRequest['leaves'] {
  const next = requests[at + 1]?.add ?? []
  if (next.some(([, , kind]) => kind === 'user.tool_result')) return 'tool'
  return agent === 'main' ? 'person' : 'agent'
}

interface Appended {
  readonly model: string
  readonly hashes: readonly string[]
  readonly tokens: readonly number[]
  readonly kinds: readonly string[]
}

function appendBlocks(prefixes: Prefixes, kept: readonly StreamBlock[], all: Appended): readonly StreamBlock[] {
  const blocks = [...kept]
  const root = prefixes.numberOf(0, all.model)
  for (let at = blocks.length; at < all.hashes.length; at++) {
    const before = blocks[at - 1]
    const kind = all.kinds[at] ?? ''
    const isRun = kind === all.kinds[at - 1] && (kind === 'assistant.tool_use' || kind === 'user.tool_result')
    const tokens = all.tokens[at] ?? 0
    blocks.push({
      prefix: prefixes.numberOf(before?.prefix ?? root, all.hashes[at] ?? ''),
      tokens,
      endTokens: (before?.endTokens ?? 0) + tokens,
      position: before === undefined ? 0 : before.position + (isRun ? 0 : 1),
      part: partOf(kind, at),
      canMark: kind !== 'assistant.thinking',
    })
  }
  return blocks
}

/** Tools and system text are one lump in the record, sometimes two. */
function partOf(kind: string, at: number): StreamBlock['part'] {
  if (kind !== 'head') return 'messages'
  return at === 0 ? 'tools' : 'system'
}

function linesOf(path: string): readonly string[] {
  const bytes = readFileSync(path)
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  return (isGzip ? gunzipSync(bytes) : bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
}
