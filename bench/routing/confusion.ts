/** What the classifier says of calls whose task is known. */

import { classifyCall, readFeatures, scanCall } from '@runguard/sdk/core'
import { type WordedCall, type WordedSet, wordCalls } from './worded-calls.js'

/** Counts of one part of the set. */
export interface Confusion {
  readonly set: string
  readonly calls: number
  /** Told right, told wrong, and not told at all. Of calls that are no task, silence is right. */
  readonly right: number
  readonly wrong: number
  readonly silent: number
  /** By task, what was said: `rows.extract.summarize`; the key `none` is silence, or no task. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** The whole set. */
export function measureClassifier(): readonly Confusion[] {
  return wordCalls().map(measureSet)
}

function measureSet({ name, calls }: WordedSet): Confusion {
  const rows: Record<string, Record<string, number>> = {}
  let right = 0
  let silent = 0
  for (const call of calls) {
    const said = tellTask(call)
    const row = rows[call.task ?? 'none'] ?? {}
    rows[call.task ?? 'none'] = row
    row[said ?? 'none'] = (row[said ?? 'none'] ?? 0) + 1
    if (said === call.task) right += 1
    else if (said === null) silent += 1
  }
  return { set: name, calls: calls.length, right, wrong: calls.length - right - silent, silent, rows }
}

function tellTask({ content, system }: WordedCall): string | null {
  const body = { model: 'claude-opus-5-5', max_tokens: 500, ...(system !== '' && { system }) }
  const bytes = new TextEncoder().encode(JSON.stringify({ ...body, messages: [{ role: 'user', content }] }))
  return classifyCall(readFeatures(scanCall(bytes), bytes))
}
