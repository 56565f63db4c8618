/** Batches in two calls: submit, and retrieve. Thin lines over {@link openBatches}. */
import type { JsonObject } from '../../core/body/json-object.js'
import { checkOptions } from '../../core/config/known-options.js'
import { type BatchesOptions, batchesOptions, openBatches } from './batches.js'
import type { BatchClient } from './batches-client.js'
import { resultsOptions } from './batches-job.js'
import type { BatchPrompt } from './batches-prompt.js'
import type { ItemError } from './batches-results.js'
import { type SubmitOptions, submitOptions } from './batches-submit.js'
import type { WaitOptions } from './batches-wait.js'

/** What became of a prompt: an answer, or the reason why there is none. */
export type BatchJobResult =
  | { readonly customId: string; readonly text: string; readonly usage: JsonObject }
  | { readonly customId: string; readonly error: ItemError }

/** How {@link submitBatchJob} submits. */
export type BatchJobOptions = SubmitOptions & Omit<BatchesOptions, 'client'>

/** How {@link retrieveBatchResults} waits. */
export type BatchWaitOptions = WaitOptions &
  Omit<BatchesOptions, 'client'> & {
    /** Ids in the order in which results are wanted; without it they come in no particular order. */
    readonly customIds?: readonly string[] | undefined
  }

/**
 * Submits prompts as a batch, at half the price of single calls, and resolves with its id. More than 25,000 prompts or
 * 32 MB become several batches, and the id names them all, joined by commas.
 *
 * Prompts are `{ custom_id, user_message }`, answered by the small tier's model with up to 1,024 tokens unless the
 * options say otherwise, or `{ custom_id, params }`. Rejects as `Batches.submit` does.
 */
export async function submitBatchJob(
  client: BatchClient,
  prompts: Iterable<BatchPrompt> | AsyncIterable<BatchPrompt>,
  options: BatchJobOptions = {},
): Promise<string> {
  checkOptions('submitBatchJob', options, { ...batchesOptions, ...submitOptions })
  const { runtime, priceBook, unknownModel, pace, limits, ...submitting } = options
  const batches = openBatches({ client, runtime, priceBook, unknownModel, pace, limits })
  const job = await batches.submit(prompts, submitting)
  return job.id
}

/**
 * Waits for a batch with growing pauses, in whatever process, and resolves with one entry per prompt. All of them are in
 * memory then; `openBatches(…).open(id).results()` gives them one by one. Rejects as `BatchJob.results` does.
 */
export async function retrieveBatchResults(
  client: BatchClient,
  batchId: string,
  options: BatchWaitOptions = {},
): Promise<BatchJobResult[]> {
  checkOptions('retrieveBatchResults', options, { ...batchesOptions, ...resultsOptions })
  const { runtime, priceBook, unknownModel, pace, limits, ...reading } = options
  const job = openBatches({ client, runtime, priceBook, unknownModel, pace, limits }).open(batchId)
  const results: BatchJobResult[] = []
  for await (const result of job.results(reading)) {
    const { customId } = result
    results.push(
      result.kind === 'succeeded'
        ? { customId, text: result.text, usage: result.usage }
        : { customId, error: result.error },
    )
  }
  return results
}
