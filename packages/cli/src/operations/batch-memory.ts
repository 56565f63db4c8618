/** What was submitted of a file: so that a submission that was interrupted goes on, and one that was not is not made twice. */

import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { BatchCreation } from '@runguard/sdk'
import type { Environment } from '../settings/environment.js'

/** How far the submission of a file is. */
export interface Submitted {
  readonly batchIds: readonly string[]
  /** How many prompts, from the first, are in those batches. */
  readonly items: number
  readonly isComplete: boolean
  /** A batch of the next prompts that was being created; nobody knows whether it exists. */
  readonly creating: BatchCreation | null
}

/** The submission of one file. */
export interface SubmissionMemory {
  /** Null if nothing of it was submitted. */
  read(): Promise<Submitted | null>
  write(submitted: Submitted): Promise<void>
}

/**
 * Remembers a file by its name, length and time: one that was changed since is another.
 *
 * @param account names where it is submitted, and by whom: elsewhere it was not
 */
export async function openSubmissionMemory(
  environment: Environment,
  file: string,
  account: string,
): Promise<SubmissionMemory> {
  const path = resolve(environment.workingDirectory, file)
  const { size, mtimeMs } = await stat(path)
  const name = createHash('sha256')
    .update(JSON.stringify([path, size, mtimeMs, account]))
    .digest('hex')
    .slice(0, 32)
  const folder = join(environment.dataDirectory ?? environment.defaultDirectory, 'batches')
  const place = join(folder, `${name}.json`)
  return {
    read: async () => {
      try {
        return JSON.parse(await readFile(place, 'utf8')) as Submitted
      } catch {
        return null
      }
    },
    write: async (submitted) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // In one step: half a file would be read as none, and everything submitted again.
      await writeFile(`${place}.new`, JSON.stringify({ file: path, ...submitted }), { mode: 0o600 })
      await rename(`${place}.new`, place)
    },
  }
}
