/** A benchmark that loses records is void: what the store holds is compared with what was served. */

import type { ReportRow } from '@runguard/sdk/store'
import { ANSWER_TOKENS } from './answers.js'

/** The ledger does not hold what was served. The numbers of the run mean nothing. */
class LedgerMismatchError extends Error {
  override readonly name = 'LedgerMismatchError'
}

const TOKEN_CLASSES = ['input', 'write5m', 'write1h', 'read', 'output'] as const

/**
 * Every request served is recorded once, exactly metered, and priced.
 *
 * @param row what the store sums up over the calls of the round; null if it has none
 * @throws LedgerMismatchError
 */
export function checkLedger(row: ReportRow | null, served: number): void {
  if (row === null) throw new LedgerMismatchError(`The ledger is empty; ${served} requests were served.`)
  const expected = new Map<string, number>(TOKEN_CLASSES.map((name) => [name, ANSWER_TOKENS[name] * served]))
  expected.set('calls', served).set('estimatedCalls', 0).set('unmeteredCalls', 0)
  const found = new Map<string, unknown>(Object.entries(row))
  const wrong = [...expected].filter(([name, value]) => found.get(name) !== value)
  if (row.costNano <= 0) wrong.push(['costNano', Number.NaN])
  if (wrong.length === 0) return
  const differences = wrong.map(([name, value]) => `${name} ${found.get(name)} instead of ${value}`)
  throw new LedgerMismatchError(`The ledger differs from what was served: ${differences.join(', ')}.`)
}
