/**
 * The ways to call that are compared: the official client alone, the same client with a middleware that does nothing or
 * the least that a guard has to, and with a guard.
 */

import Anthropic, { type Middleware } from '@anthropic-ai/sdk'
import { createGuard, type Guard, type GuardOptions } from '@runguard/sdk'
import type { AnswerKind } from '../gateway/bodies.js'
import { checkLedger } from '../gateway/ledger-check.js'

/** Shown as they are named here. */
export type WayName = 'SDK alone' | 'empty middleware' | 'wrapped answer' | GuardedWay

/** The ways with a guard: what they add has a target. */
export type GuardedWay = (typeof guardedWays)[number]

/** All of them. */
export const guardedWays = ['guarded', 'guarded, budgets', 'guarded fetch'] as const

/** One way to call. */
export interface Way {
  readonly name: WayName
  readonly clients: Readonly<Record<AnswerKind, Anthropic>>
  /** Throws if what is on record is not what was called. */
  verify(calls: number): Promise<void>
}

/** Enough for every call of a run, so that none is refused and all are checked. */
const budgets: NonNullable<GuardOptions['budgets']> = [
  { scope: 'everything', limit: '$1000000', window: 'month' },
  { scope: 'session:*', limit: '$1000000' },
  { scope: 'request', limit: '$10' },
]

/** All ways to a loopback upstream. Records and ledger are in memory. */
export function openWays(baseURL: string): readonly Way[] {
  const plain = openClients(baseURL)
  const guard = createGuard()
  const frugal = createGuard({ budgets })
  const session = frugal.session()
  const sending = createGuard()
  return [
    { name: 'SDK alone', clients: plain, verify: unrecorded },
    { name: 'empty middleware', clients: mapClients(plain, (client) => through(client, pass)), verify: unrecorded },
    { name: 'wrapped answer', clients: mapClients(plain, (client) => through(client, wrapAnswer)), verify: unrecorded },
    { name: 'guarded', clients: mapClients(plain, guard.wrap), verify: (calls) => verify(guard, calls) },
    { name: 'guarded, budgets', clients: mapClients(plain, session.wrap), verify: (calls) => verify(frugal, calls) },
    {
      name: 'guarded fetch',
      clients: openClients(baseURL, sending.fetch),
      verify: (calls) => verify(sending, calls),
    },
  ]
}

type Clients = Way['clients']

/** The upstream is told by a header which answer it shall give. */
function openClients(baseURL: string, fetch: typeof globalThis.fetch = globalThis.fetch): Clients {
  const open = (answer: AnswerKind): Anthropic =>
    new Anthropic({ apiKey: 'sk-ant-test-bench', baseURL, fetch, defaultHeaders: { 'x-bench-answer': answer } })
  return { json: open('json'), sse: open('sse') }
}

function mapClients({ json, sse }: Clients, wrap: (client: Anthropic) => Anthropic): Clients {
  return { json: wrap(json), sse: wrap(sse) }
}

function through(client: Anthropic, middleware: Middleware): Anthropic {
  return client.withOptions({ middleware: [middleware] })
}

const pass: Middleware = (request, next) => next(request)

/**
 * No guard can do with less: headers of its own to send, a whole answer read before its cost can stand in the head, each
 * piece of a stream seen, and a new answer, because the head of one that came cannot be changed.
 */
const wrapAnswer: Middleware = async (request, next) => {
  const answer = await next({ ...request, headers: new Headers(request.headers) })
  const { status, statusText, headers } = answer
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  const body = isStream && answer.body !== null ? passPieces(answer.body) : await answer.arrayBuffer()
  return new Response(body, { status, statusText, headers })
}

function passPieces(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const { done, value } = await reader.read()
    if (done) controller.close()
    else controller.enqueue(value)
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

function unrecorded(): Promise<void> {
  return Promise.resolve()
}

/** Every call has to be on record with the tokens of the one answer that the upstream knows. */
async function verify(guard: Guard, calls: number): Promise<void> {
  await guard.flush()
  const [total] = await guard.report({ groupBy: 'total' })
  checkLedger(total ?? null, calls)
}
