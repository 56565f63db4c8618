/** Creating the batches of a job, one after the other, without losing sight of those that exist. */
import type { Names } from '../../core/config/known-options.js'
import { abortSignal, callback, flag } from '../../core/config/option-kinds.js'
import type { Runtime } from '../../engine/runtime.js'
import { throwIfAborted } from '../door/abort.js'
import { type ChunkLimits, type ChunkOptions, chunkOptions, chunkPrompts, type Prompts } from './batches-chunks.js'
import { type BatchClient, type BatchView, callOptions, type WireRequest } from './batches-client.js'
import { type BatchCreation, createOnce, findNewest } from './batches-create.js'
import { BatchInputError, BatchSubmitError, type SubmitOutcome } from './batches-errors.js'

/** How a job is submitted. */
export interface SubmitOptions extends ChunkOptions {
  /** Sends the first prompt as a single call first, at the full price, and stops with its error if it fails. */
  readonly testFirst?: boolean | undefined
  /** Stops between two batches; what exists by then stays. */
  readonly signal?: AbortSignal | undefined
  /**
   * Told before each batch is created, and when it is. Whoever notes that down can go on if this process ends anywhere in
   * between; if it throws, submitting stops.
   */
  readonly onStep?: ((step: SubmitStep) => void | Promise<void>) | undefined
}

/** The names of all of them. */
export const submitOptions = {
  ...chunkOptions,
  testFirst: flag,
  signal: abortSignal,
  onStep: callback,
} satisfies Names<SubmitOptions>

/** How far submitting is. */
export interface SubmitStep {
  /** The batches that exist, */
  readonly batchIds: readonly string[]
  /** and how many prompts, from the first, are in them. */
  readonly submittedItems: number
  /** The batch that is created now: until the next step nobody knows whether it exists. */
  readonly creating: BatchCreation | null
}

/** What submitting needs. */
export interface SubmitContext {
  readonly client: BatchClient
  readonly runtime: Runtime
  readonly limits: ChunkLimits
}

/** The batches of a job that was submitted. */
export interface Submission {
  readonly batchIds: readonly string[]
  readonly items: number
  /** For batches that were found in the list after their answer was lost: the ids they must have. */
  readonly expectedIds: ReadonlyMap<string, ReadonlySet<string>>
  /** The answer to the first prompt, if it was sent as a single call. */
  readonly test: { readonly customId: string; readonly message: unknown } | null
}

interface Draft {
  readonly batchIds: string[]
  readonly expectedIds: Map<string, ReadonlySet<string>>
  items: number
  newest: BatchView | null
  test: Submission['test']
}

/** Creates as many batches as it takes. Throws {@link BatchInputError} and {@link BatchSubmitError}. */
export async function submitPrompts(
  prompts: Prompts,
  options: SubmitOptions,
  context: SubmitContext,
): Promise<Submission> {
  const draft: Draft = { batchIds: [], expectedIds: new Map(), items: 0, newest: null, test: null }
  try {
    for await (const requests of chunkPrompts(prompts, options, context.limits)) {
      throwIfAborted(options.signal)
      if (draft.batchIds.length === 0) await begin(draft, requests, options, context)
      await createNext(draft, requests, options, context)
    }
  } catch (error) {
    throw draft.batchIds.length === 0 || error instanceof BatchSubmitError
      ? error
      : stopped(draft, 'not-created', error)
  }
  if (draft.batchIds.length === 0) throw new BatchInputError(0, 'there is none')
  return draft
}

async function begin(
  draft: Draft,
  requests: readonly WireRequest[],
  { testFirst = false, signal }: SubmitOptions,
  { client }: SubmitContext,
): Promise<void> {
  const [first] = requests
  if (testFirst && first !== undefined) {
    const message = await client.messages.create(first.params, callOptions(signal))
    draft.test = { customId: first.custom_id, message }
  }
  draft.newest = await findNewest(client, signal)
}

async function createNext(
  draft: Draft,
  requests: WireRequest[],
  { signal, onStep }: SubmitOptions,
  { client, runtime }: SubmitContext,
): Promise<void> {
  const { newest: newestBefore } = draft
  await onStep?.(stepOf(draft, { items: requests.length, newestBefore }))
  const creation = await createOnce(requests, { client, runtime, signal, newestBefore })
  if (creation.kind === 'not-created') {
    throw draft.batchIds.length === 0 ? creation.cause : stopped(draft, 'not-created', creation.cause)
  }
  if (creation.kind === 'unknown') throw stopped(draft, 'unknown', creation.cause, creation.candidateIds)
  const { id } = creation.view
  if (creation.kind === 'found') draft.expectedIds.set(id, new Set(requests.map(({ custom_id }) => custom_id)))
  draft.batchIds.push(id)
  draft.items += requests.length
  draft.newest = creation.view
  await onStep?.(stepOf(draft, null))
}

function stepOf({ batchIds, items }: Draft, creating: BatchCreation | null): SubmitStep {
  const named = creating?.newestBefore ?? null
  const newestBefore = named === null ? null : { id: named.id, created_at: named.created_at }
  return {
    batchIds: [...batchIds],
    submittedItems: items,
    creating: creating === null ? null : { items: creating.items, newestBefore },
  }
}

function stopped(
  { batchIds, items }: Draft,
  outcome: SubmitOutcome,
  cause: unknown,
  candidateIds: readonly string[] = [],
): BatchSubmitError {
  return new BatchSubmitError({ outcome, batchIds, submittedItems: items, candidateIds }, cause)
}
