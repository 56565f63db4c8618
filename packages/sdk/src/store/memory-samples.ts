/** What breakers count, without a disk. */

import { addUsd } from '../core/cost/money.js'
import type { KeptSample, SessionStore } from './session-store.js'
import { compareText } from './summary.js'

type Samples = Pick<SessionStore, 'putSamples' | 'readSamples' | 'forgetSamples'>

/** No samples yet. */
export function memorySamples(): Samples {
  /** By breaker, then by span and owner: whoever asks for one breaker does not look through all. */
  const kept = new Map<string, Map<string, OwnSample>>()
  return {
    async putSamples(owner, samples) {
      for (const { key, sample } of samples) {
        const spans = kept.get(key) ?? new Map<string, OwnSample>()
        kept.set(key, spans.set(`${sample.at} ${owner}`, { owner, key, sample: { ...sample } }))
      }
    },
    async readSamples({ keys, since, exceptOwner }) {
      const found = [...new Set(keys)].flatMap((key) => [...(kept.get(key)?.values() ?? [])])
      return sumBySpan(found.filter(({ owner, sample }) => owner !== exceptOwner && sample.at > since))
    },
    async forgetSamples(before) {
      for (const [key, spans] of kept) {
        for (const [span, { sample }] of spans) if (sample.at < before) spans.delete(span)
        if (spans.size === 0) kept.delete(key)
      }
    },
  }
}

type OwnSample = KeptSample & { readonly owner: string }

function sumBySpan(samples: readonly KeptSample[]): KeptSample[] {
  const sums = new Map<string, KeptSample>()
  for (const { key, sample } of samples) {
    const name = JSON.stringify([key, sample.at])
    const sum = sums.get(name)?.sample
    sums.set(name, { key, sample: sum === undefined ? sample : add(sum, sample) })
  }
  return [...sums.values()].sort((a, b) => compareText(a.key, b.key) || a.sample.at - b.sample.at)
}

function add(
  sum: KeptSample['sample'],
  { cost, calls, errors, loopStops }: KeptSample['sample'],
): KeptSample['sample'] {
  return {
    at: sum.at,
    cost: addUsd(sum.cost, cost),
    calls: sum.calls + calls,
    errors: sum.errors + errors,
    loopStops: sum.loopStops + loopStops,
  }
}
