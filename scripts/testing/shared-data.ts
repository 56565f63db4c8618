/** Tests on recorded traffic that is too large to live in the repository. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'

const besideRepository = fileURLToPath(new URL('../../../shared', import.meta.url))

/**
 * A test that needs a file of recorded traffic, for instance `data/usage/dev.jsonl.gz`; it is given the path.
 * The files are looked for in the folder `RUNGUARD_DATA`, else in `shared/` beside the repository. Where the data
 * is absent the test is skipped, and the end of the run says so; where `RUNGUARD_DATA` promises it, its absence fails.
 */
export function testOnData(file: string, title: string, body: (path: string) => void | Promise<void>): void {
  const promised = process.env.RUNGUARD_DATA
  const path = join(promised ?? besideRepository, file)
  test(title, async (context) => {
    if (promised === undefined && !existsSync(path)) {
      context.skip(`it needs ${file}: set RUNGUARD_DATA to the folder that holds the recorded traffic`)
    }
    await body(path)
  })
}
