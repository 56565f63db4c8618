import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { submitBatchJob } from '../src/client/index.js'
import { type PublicCall, publicCalls } from './bad-input-calls.js'
import { type ClientStage, openStage } from './client-stage.js'

/** All public names, each with a call that works, on a stage of their own. */
export interface CallsOnStage {
  readonly stage: ClientStage
  readonly calls: Readonly<Record<string, PublicCall>>
  close(): Promise<void>
}

/** Sets the stage; close it after the test. */
export async function openPublicCalls(): Promise<CallsOnStage> {
  const stage = await openStage({ batchMs: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'runguard-public-calls-'))
  const client = stage.client()
  const jobId = await submitBatchJob(client, [{ custom_id: 'a', user_message: 'b' }])
  const close = async (): Promise<void> => {
    await stage.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { stage, calls: publicCalls({ client, jobId, folder, guard: stage.guard({ client }) }), close }
}
