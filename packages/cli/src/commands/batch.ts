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
import { credentialAccount } from '@runguard/sdk/engine'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { ApiCallError, type ApiPlace, findApi, type ListedBatch, openBatchClient } from '../operations/api-batches.js'
import { openSubmissionMemory, type Submitted } from '../operations/batch-memory.js'
import { submitRest } from '../operations/batch-submission.js'
import type { Environment } from '../settings/environment.js'
import { batchTable, billLine, progressLine, resultLine } from '../views/batch-views.js'
import { wholeCount } from '../views/format.js'

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
  const place = placeOf(environment, options)
  const batches = openBatches({ client: openBatchClient(place) })
  const account = credentialAccount(place.baseUrl, JSON.stringify(place.credential))
  const memory = await openSubmissionMemory(environment, file, account).catch(() => {
    throw new CommandError(`${file} cannot be read.`, exitCodes.config)
  })
  const before = options.again ? null : await memory.read()
  if (before?.isComplete) {
    terminal.say(`${file} was submitted before; submit it --again if that is what you want.`)
    return printJob(environment, before, options)
  }
  if (before !== null && before.items > 0) terminal.say(`Going on behind the first ${promptCount(before.items)}.`)
  const { model, maxTokens, system, testFirst } = options
  const { signal, release } = interruptible()
  const submission = { environment, file, batches, memory, options: { model, maxTokens, system, testFirst, signal } }
  const { done, failure } = await submitRest(submission, before).catch(explain).finally(release)
  if (failure !== null) throw tellFailure(failure, done, file)
  return printJob(environment, done, options)
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

function placeOf(environment: Environment, { baseUrl }: BatchOptions): ApiPlace {
  const place = findApi(environment, baseUrl)
  if (place !== null) return place
  throw new CommandError('There is no key: set ANTHROPIC_API_KEY, or ANTHROPIC_AUTH_TOKEN.', exitCodes.config)
}

function clientOf(environment: Environment, options: BatchOptions) {
  return openBatchClient(placeOf(environment, options))
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
    `${promptCount(items)} in ${batchIds.length === 1 ? 'a batch' : `${batchIds.length} batches`}. Read them with:  runguard batch results ${id}`,
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

function tellFailure(failure: unknown, { items, batchIds, creating }: Submitted, file: string): Error {
  const goOn = `go on with:  runguard batch submit ${file}`
  const unsure = creating === null ? '' : ` Whether a batch of ${promptCount(creating.items)} exists is not known yet.`
  const made = items === 0 ? '' : ` ${promptCount(items)} submitted, as ${batchIds.join(',')}.`
  const again = made === '' && unsure === '' ? '' : `${made}${unsure} You can ${goOn}`
  if (failure instanceof BatchInputError)
    return new CommandError(`${file}: ${inputProblem(failure, items)}.${again}`, exitCodes.config)
  const cause = failure instanceof BatchSubmitError ? failure.cause : failure
  if (cause instanceof CommandError) return new CommandError(`${cause.message}${again}`, cause.exitCode)
  const refusal = errorFromApiError(cause)
  if (refusal !== null) return new CommandError(`${refusal.message}${again}`, exitCodes.budget)
  return new CommandError(`${sentence(cause)}${again}`, exitCodeOf(cause))
}

/** People count from one, and through the whole file. */
function inputProblem({ index, message }: BatchInputError, before: number): string {
  if (message === 'prompt 0: there is none') return 'there is no prompt in it'
  return message.replace(/^prompt \d+/, `prompt ${before + index + 1}`)
}

function sentence(error: unknown): string {
  return `${error instanceof Error ? error.message : error}`.replace(/\.?$/, '.')
}

function explain(error: unknown): never {
  if (error instanceof CommandError) throw error
  throw error instanceof Error ? new CommandError(sentence(error), exitCodeOf(error)) : error
}

/** Who has no status has heard from nobody. */
function exitCodeOf(error: unknown): ExitCode {
  return error instanceof ApiCallError && error.status === undefined ? exitCodes.unreachable : exitCodes.failure
}

/** A first Ctrl-C ends in order, a second at once. */
function interruptible() {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  return { signal: controller.signal, release: () => void process.off('SIGINT', interrupt) }
}

function promptCount(items: number): string {
  return items === 1 ? '1 prompt' : `${wholeCount(items)} prompts`
}
