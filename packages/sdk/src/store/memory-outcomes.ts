/** Outcomes without a disk: the reference for the other stores. */

import { DAY_MS, dayOf, type OutcomeDay } from '../core/route/outcomes.js'
import type { OutcomeStore } from './outcome-store.js'
import { cleanText, compareText } from './summary.js'

/** Nobody has said anything yet. */
export function memoryOutcomes(): OutcomeStore {
  const judgedAt = new Map<string, number>()
  const days = new Map<string, OutcomeDay>()
  return {
    async addOutcome({ call, task: saidTask, tier: saidTier, isGood, costNano, at }) {
      if (judgedAt.has(cleanText(call))) return false
      judgedAt.set(cleanText(call), at)
      const [task, tier, day] = [cleanText(saidTask), cleanText(saidTier), dayOf(at)]
      const key = JSON.stringify([task, tier, day])
      const { good, bad, costNano: spent } = days.get(key) ?? { good: 0, bad: 0, costNano: 0 }
      const counted = { good: good + Number(isGood), bad: bad + Number(!isGood), costNano: spent + costNano }
      days.set(key, { task, tier, day, ...counted })
      return true
    },
    async listOutcomes({ sinceDay, limit }) {
      const found = [...days.values()].filter(({ day }) => day >= sinceDay)
      return found.sort(compareOutcomes).slice(0, limit)
    },
    async forgetOutcomes(before) {
      for (const [call, at] of judgedAt) if (at < before) judgedAt.delete(call)
      for (const [key, { day }] of days) if ((day + 1) * DAY_MS <= before) days.delete(key)
    },
  }
}

/** The newest days first, then by task and tier. */
export function compareOutcomes(a: OutcomeDay, b: OutcomeDay): number {
  return b.day - a.day || compareText(a.task, b.task) || compareText(a.tier, b.tier)
}
