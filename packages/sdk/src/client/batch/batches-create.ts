/**
 * Creating one batch at most once.
 *
 * The API takes no mark of the caller on a batch and no idempotency key, so a creation whose answer was lost must not
 * simply be sent again: both batches would run, and be paid. Therefore the client's own retries are off for this call.
 * A refusal that names itself (429, 529) is tried again here; after silence the list of batches is asked whether a
 * batch of exactly this size has appeared since the creation began.
 */

import { chanceFrom } from '../../core/batch/batch-backoff.js'
import { asObject } from '../../core/body/json-object.js'
import type { Names } from '../../core/config/known-options.js'
import { wholeCount } from '../../core/config/option-kinds.js'
import { isRunGuardError } from '../../core/refusal/refusal-error.js'
import type { Runtime } from '../../engine/runtime.js'
import { type BatchClient, type BatchView, callOptions, countItems, type WireRequest } from './batches-client.js'
import { namedBatch } from './batches-kinds.js'
import { pause } from './batches-pause.js'

/** How a creation went. `found` was seen in the list after its answer was lost. */
export type Creation =
  | { readonly kind: 'created' | 'found'; readonly view: BatchView }
  | { readonly kind: 'not-created'; readonly cause: unknown }
  | { readonly kind: 'unknown'; readonly cause: unknown; readonly candidateIds: readonly string[] }

/** A creation, as far as it can be told from others in the list of batches. */
export interface BatchCreation {
  readonly items: number
  /** The newest batch of the workspace before it; null if there was none. */
  readonly newestBefore: Pick<BatchView, 'id' | 'created_at'> | null
}

/** The names of all of it. */
export const creationFields = { items: wholeCount, newestBefore: namedBatch } satisfies Names<BatchCreation>

/** What creating needs. */
export interface CreateContext {
  readonly client: BatchClient
  readonly runtime: Runtime
  readonly signal: AbortSignal | undefined
  readonly newestBefore: BatchCreation['newestBefore']
}

const MOST_TRIES = 3
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000
/** A creation that was on its way when the connection broke may still be listed a little later. */
const LOOKS = 3

/**
 * Creates a batch. Never throws for what the API or the network does. The signal ends the waiting between tries alone: a
 * creation that is stopped on its way may have happened.
 */
export async function createOnce(requests: WireRequest[], context: CreateContext): Promise<Creation> {
  const { client, runtime, signal } = context
  for (let tries = 1; ; tries++) {
    try {
      const view = await client.messages.batches.create({ requests }, { maxRetries: 0 })
      return { kind: 'created', view }
    } catch (cause) {
      if (!isRefusal(cause)) return await findLost(requests.length, context, cause)
      const mayHelp = isTransient(cause) && tries < MOST_TRIES
      if (!mayHelp || !(await pause(runtime, waitMs(cause, tries, runtime), signal))) {
        return { kind: 'not-created', cause }
      }
    }
  }
}

/** The newest batch of the workspace, null if it has none. */
export async function findNewest(client: BatchClient, signal: AbortSignal | undefined): Promise<BatchView | null> {
  for await (const view of client.messages.batches.list({ limit: 1 }, callOptions(signal))) return view
  return null
}

async function findLost(size: number, context: CreateContext, cause: unknown): Promise<Creation> {
  const unknown = (candidateIds: readonly string[]): Creation => ({ kind: 'unknown', cause, candidateIds })
  for (let look = 0; look < LOOKS; look++) {
    if (!(await pause(context.runtime, FIRST_WAIT_MS * 2 ** look, context.signal))) return unknown([])
    try {
      const candidates = await listNewer(size, context)
      const [only] = candidates
      if (only !== undefined && candidates.length === 1) return { kind: 'found', view: only }
      if (candidates.length > 1) return unknown(candidates.map(({ id }) => id))
    } catch {
      // Not being able to look either is no answer: the next look may be one.
    }
  }
  return unknown([])
}

/** Batches of that size that are newer than the newest one before. */
export async function listNewer(
  size: number,
  { client, signal, newestBefore }: Omit<CreateContext, 'runtime'>,
): Promise<BatchView[]> {
  const found: BatchView[] = []
  for await (const view of client.messages.batches.list({ limit: 100 }, callOptions(signal))) {
    if (newestBefore !== null && (view.id === newestBefore.id || isOlder(view, newestBefore))) break
    if (countItems(view) === size) found.push(view)
  }
  return found
}

function isOlder(left: Pick<BatchView, 'created_at'>, right: Pick<BatchView, 'created_at'>): boolean {
  return Date.parse(left.created_at) < Date.parse(right.created_at)
}

function statusOf(error: unknown): number | null {
  const { status } = asObject(error)
  return typeof status === 'number' ? status : null
}

/** Is it certain that the batch was not created? A 5xx may come after it was, except for `overloaded`. */
function isRefusal(error: unknown): boolean {
  if (isRunGuardError(error)) return true
  const status = statusOf(error)
  return status !== null && ((status >= 400 && status < 500 && status !== 408) || status === 529)
}

function isTransient(error: unknown): boolean {
  const status = statusOf(error)
  return status === 429 || status === 529
}

/** As long as the API asks for, else a little longer with each try; milliseconds. */
function waitMs(error: unknown, tries: number, runtime: Runtime): number {
  const { headers } = asObject(error)
  const asked = headers instanceof Headers ? Number(headers.get('retry-after') ?? Number.NaN) * 1_000 : Number.NaN
  if (asked >= 0) return Math.min(asked, LONGEST_WAIT_MS)
  return FIRST_WAIT_MS * 2 ** tries * (1 + chanceFrom(runtime.id()))
}
