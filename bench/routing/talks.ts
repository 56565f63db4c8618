/** Recorded conversations, as far as switching models depends on them. */

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** One request of a conversation. */
export interface TalkRequest {
  readonly atMs: number
  /** Tokens of the prompt. */
  readonly promptTokens: number
  /** Tokens of the beginning that it shares with the request before. */
  readonly keptTokens: number
  readonly outputTokens: number
}

interface RecordedChain {
  readonly at: number
  readonly requests: readonly {
    readonly t: number
    readonly keep: number
    readonly add: readonly (readonly [hash: string, tokens: number, kind: string])[]
    readonly observed: { readonly output_tokens: number }
  }[]
}

/** The conversations of a file of chains, one JSON per line, gzip'ed. */
export function readTalks(path: string): readonly (readonly TalkRequest[])[] {
  const lines = gunzipSync(readFileSync(path)).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => readTalk(JSON.parse(line) as RecordedChain))
}

function readTalk({ at, requests }: RecordedChain): readonly TalkRequest[] {
  let blocks: number[] = []
  return requests.map(({ t, keep, add, observed }) => {
    const kept = blocks.slice(0, keep)
    blocks = [...kept, ...add.map(([, tokens]) => tokens)]
    return {
      atMs: (at + t) * 1_000,
      promptTokens: sum(blocks),
      keptTokens: sum(kept),
      outputTokens: observed.output_tokens,
    }
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
