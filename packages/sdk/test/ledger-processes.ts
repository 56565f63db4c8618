/** Processes that write to one ledger at once, and what they were told. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const WRITER = fileURLToPath(new URL('ledger-writer.mjs', import.meta.url))

/** Where a writer writes to, and how much. */
export interface WriterTask {
  readonly name: string
  readonly path?: string
  readonly url?: string | undefined
  readonly limit: number
  readonly rounds: number
}

/** What a writer was told before it ended: amounts by hold. */
export interface WriterReport {
  readonly held: ReadonlyMap<string, number>
  readonly settled: ReadonlyMap<string, number>
  readonly refusals: number
  /** Null if it was killed. */
  readonly exitCode: number | null
  readonly errors: string
}

/** Runs a writer to its end, or until it is killed so many milliseconds after its first answer. */
export async function runWriter(task: WriterTask, killAfterMs?: number): Promise<WriterReport> {
  const writer = spawn(process.execPath, [WRITER, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  writer.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (output === '' && killAfterMs !== undefined) setTimeout(() => writer.kill('SIGKILL'), killAfterMs)
    output += text
  })
  writer.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  await once(writer, 'close')
  return reportOf(writer, output, errors)
}

function reportOf({ exitCode }: ChildProcess, output: string, errors: string): WriterReport {
  // What follows the last line break is half a line of a killed process.
  const lines = output.split('\n').slice(0, -1)
  const amounts = (word: string): Map<string, number> => {
    const found = lines.map((line) => line.split(' ')).filter(([first]) => first === word)
    return new Map(found.map(([, hold = '', amount]) => [hold, Number(amount)]))
  }
  const refusals = lines.filter((line) => line === 'refused').length
  return { held: amounts('held'), settled: amounts('settled'), refusals, exitCode, errors }
}
