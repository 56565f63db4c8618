/** Processor time of other processes. */

import { readFileSync } from 'node:fs'

/** Linux counts in these, whatever the clock of the kernel is. */
const TICKS_PER_SECOND = 100

/**
 * What a process has used so far in all its threads, as itself and in the kernel, in microseconds.
 * Null where the system does not tell (it needs `/proc`).
 */
export function cpuMicros(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may hold anything; the numbers begin behind it with field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000_000
  } catch {
    return null
  }
}
