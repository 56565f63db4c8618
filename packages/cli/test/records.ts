/** Records to show and to add up. */

import {
  type CallRecord,
  costOf,
  lineToWire,
  loadPriceBook,
  nanoUsd,
  nobody,
  priceList,
  type Usage,
} from '@runguard/sdk/core'

const book = loadPriceBook(priceList)

/** 26 November 2026, 21:51:07 UTC. */
const startedAt = Date.UTC(2026, 10, 26, 21, 51, 7)

/** A complete call without anything to pay, where the changes do not say otherwise. */
export function record(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    id: 'rg_1',
    upstreamId: 'req_1',
    startedAt,
    durationMs: 1_234,
    headMs: 456,
    overheadMs: 0.42,
    endpoint: 'messages',
    target: 'POST /v1/messages',
    scope: nobody,
    client: 'curl/8',
    requestedModel: 'claude-opus-5-5',
    servedModel: 'claude-opus-5-5',
    isStream: false,
    status: 200,
    ending: { kind: 'exact', reason: 'complete' },
    errorCode: null,
    usage: null,
    cost: { nano: nanoUsd(0), lines: [], basis: null, isEstimated: false, priceVersion: book.version },
    estimate: null,
    hold: null,
    requestBytes: 2_000,
    responseBytes: 3_000,
    ...changes,
  }
}

/** A call of these tokens, priced as the engine prices it. */
export function billedRecord(tokens: Partial<Usage['parts'][number]>, changes: Partial<CallRecord> = {}): CallRecord {
  const model = tokens.model ?? 'claude-opus-5-5'
  const part = { kind: 'message', model, input: 0, write5m: 0, write1h: 0, read: 0, output: 0, ...tokens }
  const usage: Usage = {
    parts: [part],
    webSearches: 0,
    speed: 'standard',
    geo: null,
    tier: 'standard',
    ...changes.usage,
  }
  const cost = costOf(usage, book, changes.startedAt ?? startedAt, 'dearest')
  const isEstimated = cost.isEstimated || changes.ending?.kind === 'at-least'
  return record({
    servedModel: model,
    requestedModel: model,
    ...changes,
    usage,
    cost: {
      nano: cost.nano,
      lines: cost.lines.map(lineToWire),
      basis: cost.basis,
      isEstimated,
      priceVersion: cost.priceVersion,
    },
  })
}
