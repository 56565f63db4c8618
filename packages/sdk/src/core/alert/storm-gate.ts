/** No storms: of many alerts of one kind within an hour only the first are told, and that there are more. */

import type { AlertDraft } from './alert.js'

const HOUR_MS = 3_600_000
/** Of one kind, about one kind of thing: twenty sessions in loops do not drown the budget of a team. */
const MOST_PER_HOUR = 20

/** Counts alerts by kind, and by the kind of what they are about. */
export class StormGate {
  #hour = 0
  #counts = new Map<string, number>()

  /** The draft itself; the word that there are more, once an hour; null for the rest. */
  admit(draft: AlertDraft): AlertDraft | null {
    const hour = draft.openedAt - (draft.openedAt % HOUR_MS)
    if (hour !== this.#hour) {
      this.#hour = hour
      this.#counts = new Map()
    }
    const [scope = ''] = draft.about.split(':', 1)
    const group = `${draft.kind}|${scope}`
    const count = (this.#counts.get(group) ?? 0) + 1
    this.#counts.set(group, count)
    if (count <= MOST_PER_HOUR) return draft
    return count === MOST_PER_HOUR + 1 ? draftStorm(draft, group, hour) : null
  }
}

function draftStorm({ kind, severity, openedAt }: AlertDraft, group: string, hour: number): AlertDraft {
  return {
    key: `storm|${group}|${hour}`,
    kind: 'storm',
    severity,
    about: 'everything',
    title: `More than ${MOST_PER_HOUR} alerts of the kind ${kind} within an hour`,
    detail: 'The rest of this hour is not told.',
    facts: [{ name: 'told', value: MOST_PER_HOUR, unit: 'count' }],
    openedAt,
    resolvesAt: hour + HOUR_MS,
  }
}
