/**
 * Asks the upstream how many tokens a prompt has. That is free, and no call of the caller's: it is neither recorded nor
 * counted against a budget.
 */

import { createHash } from 'node:crypto'
import { countBody, countTimeoutMs, forgetOldest, readCount, unaskedHeaders } from '@runguard/sdk/core'
import type { Runtime } from '@runguard/sdk/engine'
import type { Dispatcher } from 'undici'
import type { FlatHeaders } from './headers.js'

/** Where to ask. */
export interface CounterParts {
  readonly runtime: Runtime
  readonly upstream: Dispatcher
  /** Path in front of every target, without a trailing slash. */
  readonly upstreamPrefix: string
}

/** A Messages request whose prompt is to be counted. */
export interface UncountedPrompt {
  /** As it goes to the upstream, with its query. */
  readonly target: string
  /** As the upstream would get them with the decoded body. */
  readonly headers: FlatHeaders
  /** Decoded. */
  readonly body: Uint8Array
}

/** Never rejects. Null if the upstream gives no count in time. */
export type InputCounter = (prompt: UncountedPrompt) => Promise<number | null>

/** Clients send a refused call again: the same prompt is not counted twice. */
const MAX_REMEMBERED = 256
const MAX_ANSWER_BYTES = 64 * 1024

/** A counter with a small memory. */
export function createInputCounter(parts: CounterParts): InputCounter {
  const counts = new Map<string, Promise<number | null>>()
  return (prompt) => {
    const body = countBody(prompt.body)
    const headers = countHeaders(prompt.headers)
    const query = queryOf(prompt.target)
    const key = keyOf(body, headers, query)
    const known = counts.get(key)
    if (known !== undefined) return known
    const counted = requestCount(parts, { query, headers, body })
    counts.set(key, counted)
    forgetOldest(counts, MAX_REMEMBERED)
    void counted.then((tokens) => tokens === null && counts.delete(key))
    return counted
  }
}

function countHeaders(headers: FlatHeaders): FlatHeaders {
  const kept = headers.filter((_, at) => !unaskedHeaders.includes((headers[at & ~1] as string).toLowerCase()))
  return [...kept, 'content-type', 'application/json']
}

/** The body, and what else may change how it is counted. */
function keyOf(body: Uint8Array, headers: FlatHeaders, query: string): string {
  const hash = createHash('sha256').update(body).update(`\n${query}`)
  for (let at = 0; at < headers.length; at += 2) {
    if (/^anthropic-(beta|version)$/i.test(headers[at] as string)) hash.update(`\n${headers[at + 1]}`)
  }
  return hash.digest('base64')
}

/** With its question mark; empty if there is none. */
function queryOf(target: string): string {
  return target.includes('?') ? target.slice(target.indexOf('?')) : ''
}

interface Question {
  readonly query: string
  readonly headers: FlatHeaders
  readonly body: Uint8Array
}

async function requestCount({ runtime, upstream, upstreamPrefix }: CounterParts, question: Question) {
  const { query, headers, body } = question
  const path = `${upstreamPrefix}/v1/messages/count_tokens${query}`
  const timeout = new AbortController()
  runtime.schedule(countTimeoutMs, () => timeout.abort())
  try {
    const answer = await upstream.request({ path, method: 'POST', headers, body, signal: timeout.signal })
    return answer.statusCode === 200 ? readCount(JSON.parse(await readText(answer.body))) : await ignore(answer.body)
  } catch {
    return null
  }
}

async function ignore(body: Dispatcher.ResponseData['body']): Promise<null> {
  await body.dump()
  return null
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new RangeError('more than a count')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
