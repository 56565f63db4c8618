/** Submitting a file of prompts: noted down before each step, so that it goes on wherever it was ended. */

import { setTimeout as sleep } from 'node:timers/promises'
import { BatchInputError, BatchSubmitError, type openBatches, type SubmitOptions } from '@runguard/sdk'
import { CommandError, exitCodes } from '../exit.js'
import type { Environment } from '../settings/environment.js'
import type { SubmissionMemory, Submitted } from './batch-memory.js'
import { promptsOf } from './prompt-lines.js'

/** What is submitted. */
export interface Submission {
  readonly environment: Environment
  readonly file: string
  readonly batches: ReturnType<typeof openBatches>
  readonly memory: SubmissionMemory
  /** How prompts are completed, and what stops the submission. */
  readonly options: SubmitOptions
}

/** How far it came, and why not further. */
export interface SubmissionEnd {
  readonly done: Submitted
  readonly failure: unknown
}

const NOTHING: Submitted = { batchIds: [], items: 0, isComplete: false, creating: null }

/** Submits what is not submitted yet. Rejects only where nothing was sent, or nobody knows whether something was. */
export async function submitRest(submission: Submission, before: Submitted | null): Promise<SubmissionEnd> {
  const known = await findUnanswered(submission, before ?? NOTHING)
  const { environment, file, batches, memory, options } = submission
  const { onStep: _, testFirst = false, ...others } = options
  let done = known
  const onStep: SubmitOptions['onStep'] = async ({ batchIds, submittedItems, creating }) => {
    const [ids, items] = [[...known.batchIds, ...batchIds], known.items + submittedItems]
    done = { batchIds: ids, items, isComplete: false, creating }
    await memory.write(done).catch((error: unknown) => {
      throw new CommandError(`What is submitted cannot be noted down, so nothing more is: ${String(error)}.`)
    })
  }
  const prompts = counted(promptsOf(environment, file, known.items))
  try {
    await batches.submit(prompts.each, { ...others, testFirst: testFirst && known.items === 0, onStep })
    done = { ...done, isComplete: true }
  } catch (failure) {
    const isAtEnd = failure instanceof BatchInputError && prompts.count() === 0 && known.items > 0
    const isUnknown = failure instanceof BatchSubmitError && failure.outcome === 'unknown'
    done = { ...done, isComplete: isAtEnd, creating: isUnknown ? done.creating : null }
    if (!isAtEnd) return { done: await noted(submission, done), failure }
  }
  return { done: await noted(submission, done), failure: null }
}

/** That it cannot be noted down is no reason to keep the ids of batches from whoever pays them. */
async function noted({ environment, memory }: Submission, done: Submitted): Promise<Submitted> {
  await memory.write(done).catch((error: unknown) => {
    if (done.batchIds.length === 0 && done.creating === null) return
    environment.terminal.say(`What is submitted cannot be noted down (${String(error)}): do not submit it again.`)
  })
  return done
}

/** A creation that was begun shows in the list a little later, if at all. */
const LOOK_PAUSES_MS = [0, 1_000, 3_000]

async function findUnanswered({ environment, batches, file }: Submission, before: Submitted): Promise<Submitted> {
  const { creating, batchIds, items } = before
  if (creating === null) return before
  environment.terminal.say(`A batch of ${creating.items} prompts was being created; looking whether it exists.`)
  for (const pauseMs of LOOK_PAUSES_MS) {
    await sleep(pauseMs)
    const found = await batches.findCreated(creating)
    const [only] = found
    if (found.length > 1) {
      const advice = `cancel what you do not want, and submit ${file} --again`
      throw new CommandError(`Nobody can tell which of ${found.join(', ')} it is: ${advice}.`, exitCodes.failure)
    }
    if (only !== undefined) {
      return { batchIds: [...batchIds, only], items: items + creating.items, isComplete: false, creating: null }
    }
  }
  return { ...before, creating: null }
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
