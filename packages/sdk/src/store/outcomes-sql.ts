/** The SQL of outcomes. One statement does one change, so that it needs no lock. */

import { DAY_MS, dayOf, type OutcomeDay } from '../core/route/outcomes.js'
import { compareOutcomes } from './memory-outcomes.js'
import type { JudgedCall, OutcomeStore } from './outcome-store.js'
import type { RunStatement } from './sessions-sql.js'
import type { SqlRow, Statement } from './sql.js'
import { cleanText } from './summary.js'

/**
 * Outcomes over a database.
 *
 * @param change the same for a statement that changes something; a database may ask to try it again
 */
export function sqlOutcomes(fetchRows: RunStatement, change: RunStatement): OutcomeStore {
  return {
    async addOutcome(judged) {
      // Who dies in between, or does not hear the answer, loses one outcome; that is worth no transaction.
      if ((await change(noteCall(judged))).length === 0) return false
      await change(countOutcome(judged))
      return true
    },
    async listOutcomes({ sinceDay, limit }) {
      const text = `SELECT task, tier, day, good, bad, cost_nano FROM outcome_days WHERE day >= ?
        ORDER BY day DESC, task, tier LIMIT ?`
      return (await fetchRows({ text, values: [sinceDay, limit] })).map(readDay).sort(compareOutcomes)
    },
    async forgetOutcomes(before) {
      await change({ text: 'DELETE FROM outcome_calls WHERE judged_at < ?', values: [before] })
      await change({ text: 'DELETE FROM outcome_days WHERE day < ?', values: [Math.floor(before / DAY_MS)] })
    },
  }
}

function noteCall({ call, at }: JudgedCall): Statement {
  const text = 'INSERT INTO outcome_calls (id, judged_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING RETURNING id'
  return { text, values: [cleanText(call), at] }
}

const COUNT_OUTCOME = `INSERT INTO outcome_days (task, tier, day, good, bad, cost_nano) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (task, tier, day) DO UPDATE SET good = outcome_days.good + excluded.good,
    bad = outcome_days.bad + excluded.bad, cost_nano = outcome_days.cost_nano + excluded.cost_nano
  RETURNING day`

function countOutcome({ task, tier, isGood, costNano, at }: JudgedCall): Statement {
  const counts = [dayOf(at), Number(isGood), Number(!isGood), costNano]
  return { text: COUNT_OUTCOME, values: [cleanText(task), cleanText(tier), ...counts] }
}

function readDay({ task, tier, day, good, bad, cost_nano }: SqlRow): OutcomeDay {
  const counts = { good: Number(good), bad: Number(bad), costNano: Number(cost_nano) }
  return { task: String(task), tier: String(tier), day: Number(day), ...counts }
}
