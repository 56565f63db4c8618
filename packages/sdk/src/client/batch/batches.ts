/**
 * Message batches at half price: submitted in as many batches as it takes, waited for, read as a stream, accounted for.
 *
 * Guarding, retries of single requests and credentials are the client's affair: give it a guarded one and every request
 * made here is guarded.
 */
import type { PollPace } from '../../core/batch/batch-backoff.js'
import { defaultPace } from '../../core/batch/batch-backoff.js'
import {
  addEstimates,
  type BatchEstimate,
  type BatchPricing,
  emptyEstimate,
  estimateBatchItem,
} from '../../core/batch/batch-cost.js'
import { batchUserId } from '../../core/batch/batch-id.js'
import { type BatchLimits, batchLimits, usualBatchLimits } from '../../core/batch/batch-plan.js'
import { checkKind, checkOptions, type Names, show } from '../../core/config/known-options.js'
import {
  callback,
  hasMethods,
  oneOf,
  partOf,
  someText,
  wholeCount,
  wholeOrNone,
} from '../../core/config/option-kinds.js'
import type { PriceBook, UnknownModelPolicy } from '../../core/cost/price.js'
import { type Runtime, systemRuntime } from '../../engine/runtime.js'
import { listedBook } from '../listed-book.js'
import { clockRuntime, priceBook } from '../part-kinds.js'
import { type ChunkOptions, checkPrompts, chunkOptions } from './batches-chunks.js'
import type { BatchClient } from './batches-client.js'
import { type BatchCreation, creationFields, listNewer } from './batches-create.js'
import { type BatchJob, openJob, type TestAnswer } from './batches-job.js'
import {
  limitPair,
  namedBatch,
  pollPace,
  promptIterable,
  promptList,
  promptStream,
  tokenNumber,
} from './batches-kinds.js'
import { type BatchPrompt, readCustomId, readPrompt } from './batches-prompt.js'
import { type ItemResult, inOrderOf, isWorthRetrying, succeededItem } from './batches-results.js'
import { type Submission, type SubmitOptions, submitOptions, submitPrompts } from './batches-submit.js'
import { type WaitOptions, waitOptions } from './batches-wait.js'

/** What batches are made of; only the client is needed. */
export interface BatchesOptions {
  /** An `Anthropic` client, guarded or not. */
  readonly client: BatchClient
  /** Clock, ids and timers; the machine's by default. */
  readonly runtime?: Runtime | undefined
  /** The product's own list by default. */
  readonly priceBook?: PriceBook | undefined
  /** `dearest` by default: the cost of a model without a price is taken from the dearest of its line. */
  readonly unknownModel?: UnknownModelPolicy | undefined
  /** How often to ask, over all batches of a job. */
  readonly pace?: PollPace | undefined
  /**
   * How large batches may be; 25,000 items or 32 MB by default, because each is in memory until it is sent, one at a
   * time. The API takes 100,000 items or 256 MB.
   */
  readonly limits?: BatchLimits | undefined
}

/** The names of all of them but the client, which is looked at by itself. */
export const batchesOptions = {
  runtime: clockRuntime,
  priceBook,
  unknownModel: oneOf('dearest', 'flag', 'refuse'),
  pace: pollPace,
  limits: limitPair,
} satisfies Names<Omit<BatchesOptions, 'client'>>

/** How an estimate is made. */
export interface EstimateOptions extends ChunkOptions {
  /** Likely tokens of an answer; without it all of `max_tokens` is counted. */
  readonly outputTokens?: number | undefined
}

const estimateOptions = { ...chunkOptions, outputTokens: tokenNumber } satisfies Names<EstimateOptions>

/** How a job runs from its prompts to its results. */
export interface RunOptions extends SubmitOptions, WaitOptions {
  /** How often items that expired or failed through no fault of theirs are sent again; 1 by default, 0 for never. */
  readonly resubmissions?: number | undefined
  /** `any`, the default, gives results as they are read; `input` keeps those in memory that come before their turn. */
  readonly order?: 'any' | 'input' | undefined
  /** A job that these prompts were submitted as before: goes on with it instead of submitting them again. */
  readonly jobId?: string | undefined
  /** Called with the id of each job that was created: what another process needs to go on. */
  readonly onJob?: ((jobId: string) => void) | undefined
}

const runOptions = {
  ...submitOptions,
  ...waitOptions,
  resubmissions: wholeOrNone,
  order: oneOf('any', 'input'),
  jobId: someText,
  onJob: callback,
} satisfies Names<RunOptions>

/** Batches on one client. */
export interface Batches {
  /**
   * Creates the batches of a job. A list is checked as a whole before anything is sent; prompts that come one by one
   * are checked as they come. Rejects with `BatchInputError`, `BatchSubmitError` (some batches exist, or one may), or
   * the client's error (nothing exists).
   */
  submit(prompts: Iterable<BatchPrompt> | AsyncIterable<BatchPrompt>, options?: SubmitOptions): Promise<BatchJob>
  /** The job of this id, submitted by whatever process. Sends nothing. Throws `RangeError` if it is no id of a job. */
  open(jobId: string): BatchJob
  /**
   * The batches that may have come of a creation whose answer nobody heard, such as one that a process had begun when it
   * ended. None: it was not created, or is not listed yet; several: nobody can tell which.
   */
  findCreated(creation: BatchCreation): Promise<readonly string[]>
  /** What the prompts will likely cost, in a batch and as single calls. Sends nothing. Throws `BatchInputError`. */
  estimate(prompts: Iterable<BatchPrompt>, options?: EstimateOptions): BatchEstimate
  /** Submits, waits, gives the results, and sends again what deserves it. Each prompt has one result. */
  run(prompts: readonly BatchPrompt[], options?: RunOptions): AsyncIterable<ItemResult>
}

/**
 * Batches on a client. Sends nothing yet. Throws `TypeError` for what is no client with batches; it and all that it gives
 * do so for options that they do not know or cannot use.
 */
export function openBatches(options: BatchesOptions): Batches {
  const context = contextOf(options)
  const batches: Batches = {
    submit: async (prompts, options = {}) => {
      checkOptions('submit', options, submitOptions)
      checkKind('prompts', prompts, promptStream)
      if (Array.isArray(prompts)) checkPrompts(prompts, options, context.limits)
      const submission = await submitPrompts(prompts, options, context)
      return openJob(submission.batchIds, context, submission.expectedIds, testAnswerOf(submission, context))
    },
    findCreated: async (creation) => {
      checkOptions('findCreated', creation, creationFields)
      const { items, newestBefore } = creation
      checkKind('items', items, wholeCount)
      checkKind('newestBefore', newestBefore, namedBatch)
      const signal = undefined
      return (await listNewer(items, { client: context.client, signal, newestBefore })).map(({ id }) => id)
    },
    open: (jobId) => openJob(splitJobId(jobId), context, new Map(), null),
    estimate: (prompts, options = {}) => {
      checkOptions('estimate', options, estimateOptions)
      checkKind('prompts', prompts, promptIterable)
      return estimatePrompts(prompts, options, context)
    },
    run: (prompts, options = {}) => {
      checkOptions('run', options, runOptions)
      checkKind('prompts', prompts, promptList)
      const results = runPrompts(batches, prompts, options)
      return options.order === 'input' ? inOrderOf(results, prompts.flatMap(idOf)) : results
    },
  }
  return batches
}

type Context = ReturnType<typeof contextOf>

const NO_CLIENT =
  'Batches need a client of @anthropic-ai/sdk, such as new Anthropic(): it comes before everything else.'

function contextOf(options: BatchesOptions) {
  checkOptions('openBatches', options, { ...batchesOptions, client: true })
  const { client, runtime = systemRuntime(), pace = defaultPace } = options
  const { bytes: largestBytes } = options.limits ?? batchLimits
  const limits = { ...(options.limits ?? usualBatchLimits), largestBytes }
  const itsBatches = partOf(partOf(client, 'messages'), 'batches')
  if (!hasMethods(itsBatches, ['create', 'results'])) throw new TypeError(NO_CLIENT)
  const { priceBook: book = listedBook(), unknownModel = 'dearest' } = options
  const pricingAt = (atMs: number): BatchPricing => ({ book, atMs, unknownModel })
  return { client, runtime, pace, limits, pricingAt }
}

function testAnswerOf({ test }: Submission, { pricingAt, runtime }: Context): TestAnswer | null {
  if (test === null) return null
  const { directNano, ...answer } = succeededItem(batchUserId(test.customId), test.message, pricingAt(runtime.now()))
  return { ...answer, directNano, costNano: directNano }
}

function splitJobId(jobId: string): readonly string[] {
  const ids = typeof jobId === 'string' ? jobId.split(',').map((id) => id.trim()) : []
  const isJob = ids.length > 0 && new Set(ids).size === ids.length && ids.every((id) => /^[\w-]{1,200}$/.test(id))
  if (isJob) return ids
  throw new RangeError(`not the id of a batch job: ${show(jobId)}`)
}

function estimatePrompts(
  prompts: Iterable<BatchPrompt>,
  { outputTokens, ...defaults }: EstimateOptions,
  { pricingAt, runtime }: Context,
): BatchEstimate {
  const pricing = pricingAt(runtime.now())
  let sum = emptyEstimate
  let index = 0
  for (const prompt of prompts) {
    const { params } = readPrompt(prompt, index++, defaults)
    sum = addEstimates(sum, estimateBatchItem(params, pricing, outputTokens))
  }
  return sum
}

async function* runPrompts(
  batches: Batches,
  prompts: readonly BatchPrompt[],
  options: RunOptions,
): AsyncGenerator<ItemResult> {
  const { resubmissions = 1, order: _, jobId, onJob, onProgress, ...submitting } = options
  const submitRound = async (round: readonly BatchPrompt[], more: SubmitOptions): Promise<BatchJob> => {
    const created = await batches.submit(round, { ...submitting, ...more })
    onJob?.(created.id)
    return created
  }
  const known = new Set(prompts.flatMap(idOf))
  let pending = prompts
  let job = jobId === undefined ? await submitRound(pending, {}) : batches.open(jobId)
  for (let left = resubmissions; ; left--) {
    const again = new Set<string>()
    for await (const result of job.results({ signal: submitting.signal, onProgress })) {
      if (left > 0 && known.has(result.customId) && isWorthRetrying(result)) again.add(result.customId)
      else yield result
    }
    if (again.size === 0) return
    pending = pending.filter((prompt) => idOf(prompt).some((id) => again.has(id)))
    job = await submitRound(pending, { testFirst: false })
  }
}

function idOf(prompt: BatchPrompt): string[] {
  const id = readCustomId(prompt)
  return id === null ? [] : [id]
}
