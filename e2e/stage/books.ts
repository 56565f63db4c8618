/** The books: what the gateway wrote down against what the simulator served, call by call. */

import { addTokens, type CallRecord, noTokens, sumTokens, type TokenCounts } from '@runguard/sdk/core'
import { auditBills, type LogEntry, type TokenCounts as ServedTokens } from '@runguard/simulator'
import { expect } from 'vitest'
import type { Stage } from './stage.js'

/** One call as its two witnesses know it. */
export interface Served {
  readonly entry: LogEntry
  readonly record: CallRecord
}

/**
 * Expects that the gateway recorded exactly the calls that the simulator served, each with the tokens that were served
 * and the dollars that the simulator's auditor computes from its own prices. A call that broke off may only be charged
 * more, and has to say that it is an estimate.
 *
 * @returns the calls in the order in which they reached the simulator
 */
export async function expectBooksToAgree(stage: Stage): Promise<readonly Served[]> {
  await stage.simulator.idle()
  const records = await stage.records()
  const log = stage.simulator.log.toSorted((a, b) => a.atMs - b.atMs)
  expect(records.map(({ upstreamId }) => upstreamId).toSorted()).toEqual(log.map(({ id }) => id).toSorted())
  const bills = auditBills(log).byRequest
  const calls = log.map((entry) => ({ entry, record: recordOf(entry, records) }))
  for (const { entry, record } of calls) {
    expect(record.status).toBe(entry.status)
    if (entry.isBilled) expect(record).toMatchObject({ isStream: entry.isStream, requestedModel: entry.requestedModel })
    expectBill(entry, record, bills.get(entry.id) ?? 0n)
  }
  return calls
}

function recordOf({ id }: LogEntry, records: readonly CallRecord[]): CallRecord {
  const record = records.find(({ upstreamId }) => upstreamId === id)
  if (record === undefined) throw new Error(`There is no record of ${id}.`)
  return record
}

function expectBill(entry: LogEntry, record: CallRecord, bill: bigint): void {
  const tokens = record.usage === null ? noTokens : sumTokens(record.usage)
  if (entry.ending === 'complete' || !entry.isBilled) {
    expect({ ...tokens, nano: BigInt(record.cost.nano) }).toEqual({ ...tokensOf(entry), nano: bill })
    expect(record.ending.kind).toBe(entry.isBilled ? 'exact' : 'not-billed')
    expect(record.cost.isEstimated).toBe(false)
    return
  }
  const served = tokensOf(entry)
  // What searches added to the input is only said with the last words of an answer.
  if (entry.usage?.server_tool_use == null) expect(tokens).toEqual({ ...served, output: tokens.output })
  expect(tokens.output).toBeGreaterThanOrEqual(served.output)
  expect(BigInt(record.cost.nano)).toBeGreaterThanOrEqual(bill)
  expect(record.ending.kind).toBe('at-least')
  expect(record.cost.isEstimated).toBe(true)
}

/** The tokens of a served call by billing class, in the words of the gateway. Where runs are listed, they are the bill. */
export function tokensOf({ usage }: LogEntry): TokenCounts {
  const runs: readonly ServedTokens[] = usage === null ? [] : (usage.iterations ?? [usage])
  return runs.map(countsOf).reduce(addTokens, noTokens)
}

function countsOf(run: ServedTokens): TokenCounts {
  return {
    input: run.input_tokens,
    write5m: run.cache_creation.ephemeral_5m_input_tokens,
    write1h: run.cache_creation.ephemeral_1h_input_tokens,
    read: run.cache_read_input_tokens,
    output: run.output_tokens,
  }
}
