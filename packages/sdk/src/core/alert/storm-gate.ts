/** No storms: of many alerts of one kind within an hour only the first are told, and that there are more. */

import type { AlertDraft } from './alert.js'

const HOUR_MS = 3_600_000
/** Of one kind, about one kind of thing: twenty sessions in loops do not drown the budget of a team. */
const MOST_PER_HOUR = 20

/** Counts alerts by kind, and by the kind of what they are about. */
export class StormGate {
  #hour = 0
  /** The keys that were let through within the hour. */
  #told = new Map<string, Set<string>>()

  /** The draft itself; the word that there are more, once an hour; null for the rest, and for what was let through. */
  admit(draft: AlertDraft): AlertDraft | null {
    const hour = draft.openedAt - (draft.openedAt % HOUR_MS)
    if (hour !== this.#hour) {
      this.#hour = hour
      this.#told = new Map()
    }
    const [scope = ''] = draft.about.split(':', 1)
    const group = `${draft.kind}|${scope}`
    const told = this.#told.get(group) ?? new Set<string>()
    this.#told.set(group, told)
    if (told.has(draft.key) || told.size > MOST_PER_HOUR) return null
    told.add(draft.key)
    return told.size <= MOST_PER_HOUR ? draft : draftStorm(draft, group, hour)
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
