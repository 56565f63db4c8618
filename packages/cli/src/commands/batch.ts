/** `runguard batch`: many prompts at half price, without a program of one's own. */

import {
  type BatchBill,
  BatchInputError,
  type BatchJob,
  BatchSubmitError,
  errorFromApiError,
  openBatches,
} from '@runguard/sdk'
import { addUsd, zeroUsd } from '@runguard/sdk/core'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { ApiCallError, findApi, type ListedBatch, openBatchClient } from '../operations/api-batches.js'
import { openSubmissionMemory, type Submitted } from '../operations/batch-memory.js'
import { promptsOf } from '../operations/prompt-lines.js'
import type { Environment } from '../settings/environment.js'
import { batchTable, billLine, progressLine, resultLine } from '../views/batch-views.js'

/** The flags of all commands about batches. */
export interface BatchOptions {
  readonly baseUrl?: string
  readonly json?: boolean
}

/** The flags of `batch submit`. */
export interface BatchSubmitOptions extends BatchOptions {
  readonly model?: string
  readonly maxTokens?: number
  readonly system?: string
  readonly testFirst?: boolean
  /** Submits the file although it was submitted before. */
  readonly again?: boolean
}

/** Submits a file, or the rest of it. Prints the id of the job. */
export async function runBatchSubmit(
  environment: Environment,
  file: string,
  options: BatchSubmitOptions,
): Promise<ExitCode> {
  const { terminal } = environment
  const batches = openBatches({ client: clientOf(environment, options) })
  const memory = await openSubmissionMemory(environment, file).catch(() => {
    throw new CommandError(`${file} cannot be read.`, exitCodes.config)
  })
  const before = options.again ? null : await memory.read()
  if (before?.isComplete) {
    terminal.say(`${file} was submitted before; submit it --again if that is what you want.`)
    return printJob(environment, before, options)
  }
  if (before !== null) terminal.say(`Going on behind the first ${before.items} prompts.`)
  const { done, failure } = await submitRest(environment, { file, before, batches, options })
  if (done.items > 0) await memory.write(done)
  if (failure !== null) throw tellFailure(failure, done, file)
  return printJob(environment, done, options)
}

interface Submission {
  readonly file: string
  readonly before: Submitted | null
  readonly batches: ReturnType<typeof openBatches>
  readonly options: BatchSubmitOptions
}

/** Whatever was created is kept, however it ends. */
async function submitRest(environment: Environment, { file, before, batches, options }: Submission) {
  const { batchIds = [], items = 0 } = before ?? {}
  const { model, maxTokens, system, testFirst } = options
  const { signal, release } = interruptible()
  try {
    const prompts = counted(promptsOf(environment, file, items))
    const job = await batches.submit(prompts.each, { model, maxTokens, system, testFirst, signal })
    const done = { batchIds: [...batchIds, ...job.batchIds], items: items + prompts.count(), isComplete: true }
    return { done, failure: null }
  } catch (failure) {
    const made = failure instanceof BatchSubmitError ? failure : { batchIds: [], submittedItems: 0 }
    const done = { batchIds: [...batchIds, ...made.batchIds], items: items + made.submittedItems, isComplete: false }
    return { done, failure }
  } finally {
    release()
  }
}

/** How far a job is, in one line. */
export async function runBatchStatus(environment: Environment, id: string, options: BatchOptions): Promise<ExitCode> {
  const { terminal } = environment
  const progress = await openJob(environment, id, options).progress().catch(explain)
  if (options.json) terminal.print(JSON.stringify({ id, ...progress }))
  else terminal.print(progressLine(progress))
  return exitCodes.ok
}

/** Waits for a job and prints its results as JSON lines. Interrupted, it is simply called again. */
export async function runBatchResults(environment: Environment, id: string, options: BatchOptions): Promise<ExitCode> {
  const { terminal } = environment
  const job = openJob(environment, id, options)
  const { signal, release } = interruptible()
  let bill: BatchBill = { nano: zeroUsd, directNano: zeroUsd, isEstimated: false, succeeded: 0, failed: 0 }
  try {
    const onProgress = (progress: Parameters<typeof progressLine>[0]) => terminal.showProgress(progressLine(progress))
    for await (const result of job.results({ signal, onProgress })) {
      terminal.showProgress('')
      terminal.print(resultLine(result))
      bill = addResult(bill, result)
    }
  } catch (error) {
    terminal.showProgress('')
    if (!signal.aborted) explain(error)
    throw new CommandError(`Interrupted; the job runs on. Go on with:  runguard batch results ${id}`)
  } finally {
    release()
  }
  terminal.say(billLine(bill))
  return bill.failed === 0 ? exitCodes.ok : exitCodes.failure
}

/** Asks for the end of what still runs. */
export async function runBatchCancel(environment: Environment, id: string, options: BatchOptions): Promise<ExitCode> {
  await openJob(environment, id, options).cancel().catch(explain)
  if (options.json) environment.terminal.print(JSON.stringify({ id, isCanceling: true }))
  else environment.terminal.say('Cancelling. What is done by then is billed, and has results.')
  return exitCodes.ok
}

/** The flags of `batch ls`. */
export interface BatchListOptions extends BatchOptions {
  readonly limit: number
}

/** The newest batches of the workspace. */
export async function runBatchList(environment: Environment, options: BatchListOptions): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const found: ListedBatch[] = []
  try {
    const limit = Math.min(options.limit, 1_000)
    for await (const batch of clientOf(environment, options).messages.batches.list({ limit })) {
      if (found.push(batch) === options.limit) break
    }
  } catch (error) {
    explain(error)
  }
  if (options.json) terminal.print(JSON.stringify({ batches: found }))
  else if (found.length === 0) terminal.say('No batches. Make one with:  runguard batch submit prompts.jsonl')
  else {
    terminal.print(batchTable(found, offsetAt, terminal.colors))
  }
  return exitCodes.ok
}

function clientOf(environment: Environment, { baseUrl }: BatchOptions) {
  const place = findApi(environment, baseUrl)
  if (place !== null) return openBatchClient(place)
  throw new CommandError('There is no key: set ANTHROPIC_API_KEY, or ANTHROPIC_AUTH_TOKEN.', exitCodes.config)
}

function openJob(environment: Environment, id: string, options: BatchOptions): BatchJob {
  const batches = openBatches({ client: clientOf(environment, options) })
  try {
    return batches.open(id)
  } catch {
    throw new CommandError(`${JSON.stringify(id.slice(0, 80))} is not the id of a job: msgbatch_…`, exitCodes.config)
  }
}

function printJob({ terminal }: Environment, { batchIds, items }: Submitted, { json }: BatchOptions): ExitCode {
  const id = batchIds.join(',')
  terminal.print(json ? JSON.stringify({ id, batches: batchIds, items }) : id)
  terminal.say(
    `${items} prompts in ${batchIds.length === 1 ? 'a batch' : `${batchIds.length} batches`}. Read them with:  runguard batch results ${id}`,
  )
  return exitCodes.ok
}

function addResult(bill: BatchBill, result: Parameters<typeof resultLine>[0]): BatchBill {
  if (result.kind === 'failed') return { ...bill, failed: bill.failed + 1 }
  return {
    nano: addUsd(bill.nano, result.costNano),
    directNano: addUsd(bill.directNano, result.directNano),
    isEstimated: bill.isEstimated || result.isCostEstimated,
    succeeded: bill.succeeded + 1,
    failed: bill.failed,
  }
}

function tellFailure(failure: unknown, { items }: Submitted, file: string): Error {
  const again = items === 0 ? '' : ` ${items} prompts are submitted; go on with:  runguard batch submit ${file}`
  if (failure instanceof BatchInputError)
    return new CommandError(`${file}: ${failure.message}.${again}`, exitCodes.config)
  if (failure instanceof CommandError) return failure
  const cause = failure instanceof BatchSubmitError ? failure.cause : failure
  const refusal = errorFromApiError(cause)
  if (refusal !== null) return new CommandError(`${refusal.message}${again}`, exitCodes.budget)
  return new CommandError(`${failure instanceof Error ? failure.message : failure}.${again}`)
}

function explain(error: unknown): never {
  if (error instanceof CommandError) throw error
  if (error instanceof ApiCallError) throw new CommandError(`${error.message}.`)
  throw error instanceof Error ? new CommandError(error.message) : error
}

/** A first Ctrl-C ends in order, a second at once. */
function interruptible() {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  return { signal: controller.signal, release: () => void process.off('SIGINT', interrupt) }
}

function counted<Prompt>(prompts: AsyncIterable<Prompt>) {
  let count = 0
  const each = async function* () {
    for await (const prompt of prompts) {
      count += 1
      yield prompt
    }
  }
  return { each: each(), count: () => count }
}
