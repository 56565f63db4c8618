/** What can go wrong with batches on this side of the API. Errors of the client itself are passed on as they are. */

/** A prompt that cannot become an item of a batch. Nothing was sent for it. */
export class BatchInputError extends Error {
  override readonly name = 'BatchInputError'
  /** Its position among the prompts, from 0. */
  readonly index: number

  constructor(index: number, problem: string) {
    super(`prompt ${index}: ${problem}`)
    this.index = index
  }
}

/**
 * Whether the batch that failed exists: `not-created` for certain, or `unknown` because no answer came and the list of
 * batches did not tell.
 */
export type SubmitOutcome = 'not-created' | 'unknown'

/** What a {@link BatchSubmitError} carries. */
export interface SubmitFacts {
  readonly outcome: SubmitOutcome
  readonly batchIds: readonly string[]
  readonly submittedItems: number
  readonly candidateIds: readonly string[]
}

/**
 * Not all batches of a job could be created. Those that were run on, and are paid: `jobId` opens them. To go on, submit
 * the prompts from `submittedItems` on.
 */
export class BatchSubmitError extends Error {
  override readonly name = 'BatchSubmitError'
  readonly outcome: SubmitOutcome
  /** The batches that were created. */
  readonly batchIds: readonly string[]
  /** The job of the batches that were created; null if there is none. */
  readonly jobId: string | null
  /** How many prompts, from the first, are in those batches. */
  readonly submittedItems: number
  /** With `unknown`: batches of the right size that appeared meanwhile. */
  readonly candidateIds: readonly string[]

  constructor(facts: SubmitFacts, cause: unknown) {
    super(describe(facts, cause), { cause })
    this.outcome = facts.outcome
    this.batchIds = facts.batchIds
    this.jobId = facts.batchIds.length === 0 ? null : facts.batchIds.join(',')
    this.submittedItems = facts.submittedItems
    this.candidateIds = facts.candidateIds
  }
}

/** Results that cannot be those of the job: `incomplete`, or `foreign` with ids that nobody submitted. */
export class BatchResultsError extends Error {
  override readonly name = 'BatchResultsError'
  readonly batchId: string
  readonly problem: 'incomplete' | 'foreign'

  constructor(batchId: string, problem: 'incomplete' | 'foreign', detail: string) {
    super(`the results of ${batchId} are ${problem}: ${detail}`)
    this.batchId = batchId
    this.problem = problem
  }
}

function describe({ outcome, batchIds, submittedItems, candidateIds }: SubmitFacts, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const created = `${batchIds.length} batches with ${submittedItems} items exist`
  if (outcome === 'not-created') return `the next batch was not created (${reason}); ${created}`
  const seen = candidateIds.length === 0 ? 'none like it is listed' : `it may be one of ${candidateIds.join(', ')}`
  return `no answer came to the creation of a batch (${reason}), and ${seen}; ${created}`
}
