/** A job: the batches that one call of `submit` created. */

import { checkOptions, type Names } from '../../core/config/known-options.js'
import { abortSignal, texts } from '../../core/config/option-kinds.js'
import { addUsd, type NanoUsd, zeroUsd } from '../../core/cost/money.js'
import { type BatchClient, type BatchView, callOptions, hasEnded } from './batches-client.js'
import { type ItemResult, inOrderOf, type ResultsContext, readResults, type SucceededItem } from './batches-results.js'
import {
  type BatchProgress,
  progressOf,
  type WaitContext,
  type WaitOptions,
  waitForBatches,
  waitOptions,
} from './batches-wait.js'

/** How results are read. */
export interface ResultsOptions extends WaitOptions {
  /**
   * Ids in the order in which results are wanted. Results that come before their turn are kept in memory; without it
   * they are given as they are read, and none is kept.
   */
  readonly customIds?: readonly string[] | undefined
}

/** The names of all of them. */
export const resultsOptions = { ...waitOptions, customIds: texts } satisfies Names<ResultsOptions>

const signalOption = { signal: abortSignal } satisfies Names<Pick<WaitOptions, 'signal'>>

/** What a job cost, added up over its items, each rounded up to a nano-dollar once. */
export interface BatchBill {
  /** In billionths of a dollar. */
  readonly nano: NanoUsd
  /** What the same answers would have cost as single calls. */
  readonly directNano: NanoUsd
  /** At least one item had a price or a usage that was not fully known. */
  readonly isEstimated: boolean
  /** Answered items. */
  readonly succeeded: number
  /** Errored, canceled and expired items: not billed. */
  readonly failed: number
}

/** The answer to a prompt that was tried as a single call: its cost is that of one. */
export type TestAnswer = SucceededItem

/** Batches that belong together. */
export interface BatchJob {
  /** The ids of the batches, joined by commas: all that another process needs. */
  readonly id: string
  readonly batchIds: readonly string[]
  /** With `testFirst`: the answer to the first prompt, which is paid besides the job. */
  readonly test: TestAnswer | null
  /** How far the job is now: one request per batch. */
  progress(options?: Pick<WaitOptions, 'signal'>): Promise<BatchProgress>
  /** Resolves when all batches have ended. Rejects with the signal's reason when it fires; the batches go on. */
  wait(options?: WaitOptions): Promise<BatchProgress>
  /** Waits, then gives every item. Rejects with `BatchResultsError` if the file cannot be the job's, or is cut short. */
  results(options?: ResultsOptions): AsyncIterable<ItemResult>
  /** Waits, reads all results and adds up what they cost. */
  bill(options?: WaitOptions): Promise<BatchBill>
  /** Asks for the end of all batches that run. What is done by then is billed and has results; wait for the rest. */
  cancel(options?: Pick<WaitOptions, 'signal'>): Promise<void>
}

/** What a job needs. */
export type JobContext = WaitContext & Pick<ResultsContext, 'pricingAt'>

/** A job over batches that exist. Sends nothing. */
export function openJob(
  batchIds: readonly string[],
  context: JobContext,
  expectedIds: ResultsContext['expectedIds'],
  test: TestAnswer | null,
): BatchJob {
  const { client, runtime, pricingAt } = context
  async function* readAll(options: WaitOptions): AsyncGenerator<ItemResult> {
    const resultsContext = { client, pricingAt, expectedIds, signal: options.signal }
    for (const view of await waitForBatches(batchIds, context, options)) yield* readResults(view, resultsContext)
  }

  return {
    id: batchIds.join(','),
    batchIds,
    test,
    progress: async (options = {}) => {
      checkOptions('progress', options, signalOption)
      return progressOf(await viewsOf(client, batchIds, options.signal), runtime.now())
    },
    wait: async (options = {}) => {
      checkOptions('wait', options, waitOptions)
      return progressOf(await waitForBatches(batchIds, context, options), runtime.now())
    },
    results: (options = {}) => {
      checkOptions('results', options, resultsOptions)
      const { customIds, ...waiting } = options
      return customIds === undefined ? readAll(waiting) : inOrderOf(readAll(waiting), customIds)
    },
    bill: async (options = {}) => {
      checkOptions('bill', options, waitOptions)
      return addUp(readAll(options))
    },
    cancel: async (options = {}) => {
      checkOptions('cancel', options, signalOption)
      for (const id of batchIds) await cancelBatch(client, id, options.signal)
    },
  }
}

async function retrieve(client: BatchClient, id: string, signal: AbortSignal | undefined): Promise<BatchView> {
  return client.messages.batches.retrieve(id, {}, callOptions(signal))
}

async function viewsOf(
  client: BatchClient,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly BatchView[]> {
  const views: BatchView[] = []
  for (const id of ids) views.push(await retrieve(client, id, signal))
  return views
}

async function cancelBatch(client: BatchClient, id: string, signal: AbortSignal | undefined): Promise<void> {
  if (hasEnded(await retrieve(client, id, signal))) return
  await client.messages.batches.cancel(id, {}, callOptions(signal))
}

async function addUp(results: AsyncIterable<ItemResult>): Promise<BatchBill> {
  let bill: BatchBill = { nano: zeroUsd, directNano: zeroUsd, isEstimated: false, succeeded: 0, failed: 0 }
  for await (const result of results) {
    if (result.kind === 'failed') {
      bill = { ...bill, failed: bill.failed + 1 }
      continue
    }
    bill = {
      nano: addUsd(bill.nano, result.costNano),
      directNano: addUsd(bill.directNano, result.directNano),
      isEstimated: bill.isEstimated || result.isCostEstimated,
      succeeded: bill.succeeded + 1,
      failed: bill.failed,
    }
  }
  return bill
}
