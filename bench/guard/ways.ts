/** The ways to call that are compared: the official client alone, and the same client with a guard around it. */

import Anthropic from '@anthropic-ai/sdk'
import { createGuard, type Guard, type GuardOptions } from '@runguard/sdk'
import type { AnswerKind } from '../gateway/bodies.js'
import { checkLedger } from '../gateway/ledger-check.js'

/** Shown as they are named here. */
export type WayName = 'SDK alone' | 'guarded' | 'guarded, budgets' | 'guarded fetch'

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
    { name: 'SDK alone', clients: plain, verify: () => Promise.resolve() },
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

/** Every call has to be on record with the tokens of the one answer that the upstream knows. */
async function verify(guard: Guard, calls: number): Promise<void> {
  await guard.flush()
  const [total] = await guard.report({ groupBy: 'total' })
  checkLedger(total ?? null, calls)
}
