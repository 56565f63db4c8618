/** Creating the batches of a job, one after the other, without losing sight of those that exist. */
import type { BatchLimits } from '../../core/batch/batch-plan.js'
import type { Runtime } from '../../engine/runtime.js'
import { type ChunkOptions, chunkPrompts, type Prompts } from './batches-chunks.js'
import { type BatchClient, type BatchView, callOptions, type WireRequest } from './batches-client.js'
import { createOnce, findNewest } from './batches-create.js'
import { BatchInputError, BatchSubmitError, type SubmitOutcome } from './batches-errors.js'

/** How a job is submitted. */
export interface SubmitOptions extends ChunkOptions {
  /** Sends the first prompt as a single call first, at the full price, and stops with its error if it fails. */
  readonly testFirst?: boolean | undefined
  /** Stops between two batches; what exists by then stays. */
  readonly signal?: AbortSignal | undefined
}

/** What submitting needs. */
export interface SubmitContext {
  readonly client: BatchClient
  readonly runtime: Runtime
  readonly limits: BatchLimits
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
      options.signal?.throwIfAborted()
      if (draft.batchIds.length === 0) await begin(draft, requests, options, context)
      await createNext(draft, requests, options.signal, context)
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
  signal: AbortSignal | undefined,
  { client, runtime }: SubmitContext,
): Promise<void> {
  const creation = await createOnce(requests, { client, runtime, signal, newestBefore: draft.newest })
  if (creation.kind === 'not-created') {
    throw draft.batchIds.length === 0 ? creation.cause : stopped(draft, 'not-created', creation.cause)
  }
  if (creation.kind === 'unknown') throw stopped(draft, 'unknown', creation.cause, creation.candidateIds)
  const { id } = creation.view
  if (creation.kind === 'found') draft.expectedIds.set(id, new Set(requests.map(({ custom_id }) => custom_id)))
  draft.batchIds.push(id)
  draft.items += requests.length
  draft.newest = creation.view
}

function stopped(
  { batchIds, items }: Draft,
  outcome: SubmitOutcome,
  cause: unknown,
  candidateIds: readonly string[] = [],
): BatchSubmitError {
  return new BatchSubmitError({ outcome, batchIds, submittedItems: items, candidateIds }, cause)
}
