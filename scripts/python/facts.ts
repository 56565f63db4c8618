/** What the Python tests say about their sessions, compared with the records of the gateway. */

import type { CallRecord } from '@runguard/sdk/core'

/** One line of a test: a session, with what it spent, or how many requests it made, all refused by one code. */
export interface Fact {
  readonly session: string
  readonly spentNano?: number
  readonly refusals?: number
  readonly code?: string
}

/** Reads the lines of a test run. Throws `SyntaxError` for one that is no JSON. */
export function readFacts(text: string): readonly Fact[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Fact)
}

/** Every fact that the records do not bear out, in words. */
export function contradictions(facts: readonly Fact[], records: readonly CallRecord[]): readonly string[] {
  return facts.flatMap((fact) => {
    const own = records.filter(({ scope }) => scope.session === fact.session)
    return [...spendingProblems(fact, own), ...refusalProblems(fact, own)]
  })
}

function spendingProblems({ session, spentNano }: Fact, own: readonly CallRecord[]): readonly string[] {
  if (spentNano === undefined) return []
  const ledger = own.reduce((sum, { cost }) => sum + cost.nano, 0)
  if (own.length > 0 && ledger === spentNano && ledger > 0) return []
  return [`${session}: the session counted ${spentNano} nano-dollars, the ledger ${ledger} in ${own.length} calls`]
}

function refusalProblems({ session, refusals, code }: Fact, own: readonly CallRecord[]): readonly string[] {
  if (refusals === undefined) return []
  const refused = own.filter(({ errorCode, ending }) => ending.reason === 'refused' && errorCode === code)
  if (refused.length === refusals) return []
  return [`${session}: ${refused.length} requests were refused as ${code}, expected ${refusals}`]
}
