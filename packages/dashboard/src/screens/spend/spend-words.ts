/** The words of the spend explorer. Pure. */

import type { SpendGroupBy } from '@runguard/gateway/api'
import type { UrlValues } from '../../parts/url-state.js'

/** What spending can be told apart by, in words. */
export const groupWords = [
  ['model', 'Model'],
  ['team', 'Team'],
  ['project', 'Project'],
  ['user', 'User'],
  ['key', 'Key'],
  ['session', 'Session'],
  ['task', 'Task'],
  ['tag', 'Tag'],
] as const satisfies readonly (readonly [SpendGroupBy, string])[]

/** What calls can be narrowed to; each is a value of the address. */
export const filterNames = ['model', 'team', 'project', 'user', 'key', 'session', 'task', 'tag'] as const

/** The filters of the address. One of calls that name none is written as a dash there. */
export function filtersOf(values: UrlValues): Readonly<Record<string, string>> {
  return Object.fromEntries(
    filterNames.flatMap((name) => {
      const value = values[name]
      return value === undefined ? [] : [[name, value === NONE ? '' : value]]
    }),
  )
}

const NONE = '-'

/** A group as it stands in the address. */
export function groupInAddress(group: string): string {
  return group === '' ? NONE : group
}

/** The name of a group for people. */
export function groupName(groupBy: SpendGroupBy, group: string): string {
  return group === '' ? `no ${groupBy}` : group
}

/** What is looked at after a group was chosen. */
export function nextGroup(groupBy: SpendGroupBy): SpendGroupBy {
  const next: Partial<Record<SpendGroupBy, SpendGroupBy>> = {
    model: 'session',
    team: 'user',
    user: 'session',
    key: 'session',
  }
  return next[groupBy] ?? 'model'
}
