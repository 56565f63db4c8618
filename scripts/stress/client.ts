/** The clients of a run: one request per call, no retries, and what came of it. */

import { Agent, type Dispatcher, request } from 'undici'
import { type PlannedCall, requestOf } from './load.js'

/** What a budget says of a call that it refuses. Nano-dollars. */
export interface RefusedFacts {
  readonly reason: string
  readonly budget: string
  /** The least that the call needs, as the gateway sees it. */
  readonly neededNano: number
}

/**
 * What came of a call.
 *
 * - `answered`: the whole answer arrived, perhaps one that a budget had cut.
 * - `refused`: by a budget.
 * - `failed`: any other error status, or the connection broke.
 * - `left`: the client left, as planned.
 */
export type Outcome =
  | { readonly kind: 'answered' }
  | { readonly kind: 'refused'; readonly facts: RefusedFacts }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'left' }

/** Connections for many calls at once, kept open between them. */
export function openConnections(): Agent {
  return new Agent({ headersTimeout: 120_000, bodyTimeout: 120_000 })
}

/** Makes a call. Never rejects. */
export async function makeCall(connections: Agent, gatewayUrl: string, call: PlannedCall): Promise<Outcome> {
  const { path, body, headers } = requestOf(call)
  const leaving = new AbortController()
  const timer = call.leavesAfterMs === null ? null : setTimeout(() => leaving.abort(), call.leavesAfterMs)
  try {
    const options = { method: 'POST', body, headers, dispatcher: connections, signal: leaving.signal } as const
    return await readOutcome(await request(`${gatewayUrl}${path}`, options))
  } catch (error) {
    if (leaving.signal.aborted) return { kind: 'left' }
    return { kind: 'failed', problem: (error as NodeJS.ErrnoException).code ?? String(error) }
  } finally {
    if (timer !== null) clearTimeout(timer)
  }
}

async function readOutcome({ statusCode, body }: Dispatcher.ResponseData): Promise<Outcome> {
  if (statusCode < 300) {
    for await (const _ of body);
    return { kind: 'answered' }
  }
  const { error } = (await body.json()) as { error?: { details?: Record<string, unknown> } }
  const details = error?.details ?? {}
  if (details.error_code !== 'runguard_budget_exceeded') {
    return { kind: 'failed', problem: `${statusCode} ${String(details.error_code ?? '')}`.trim() }
  }
  const neededNano = Math.round(Number(details.needed_usd) * 1e9)
  return { kind: 'refused', facts: { reason: String(details.reason), budget: String(details.budget), neededNano } }
}
