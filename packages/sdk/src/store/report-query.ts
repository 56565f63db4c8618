import { nearestName } from '../core/config/config-names.js'
import { show } from '../core/config/known-options.js'
import type { ReportGroup, ReportQuery } from './store.js'

const GROUPS: readonly ReportGroup[] = ['day', 'session', 'model', 'project', 'total']

/** What a query may say. Anything else is a slip: passed over it would give the sums of other calls. */
const NAMES: { readonly [Name in keyof Required<ReportQuery>]: true } = {
  groupBy: true,
  since: true,
  until: true,
  offsetMinutes: true,
  session: true,
}

/** The query, if it can be answered. It may come from anywhere, and names a column. Throws `RangeError` if it cannot. */
export function checkReport(query: ReportQuery): ReportQuery {
  const groupBy: unknown = query?.groupBy
  if (!GROUPS.some((group) => group === groupBy)) {
    throw new RangeError(
      `a report is grouped by ${GROUPS.join(', ')}, not by ${show(groupBy)}${hintOf(groupBy, GROUPS)}`,
    )
  }
  for (const [name, value] of Object.entries(query)) {
    if (Object.hasOwn(NAMES, name) || value === undefined) continue
    throw new RangeError(`a report knows no ${show(name)}${hintOf(name, Object.keys(NAMES))}`)
  }
  for (const name of ['since', 'until', 'offsetMinutes'] as const) {
    const value: unknown = query[name] ?? 0
    if (typeof value !== 'number' || Number.isNaN(value)) throw new RangeError(`${name} is no number: ${show(value)}`)
  }
  const session: unknown = query.session ?? ''
  if (typeof session !== 'string') throw new RangeError(`session is no name: ${show(session)}`)
  return query
}

function hintOf(written: unknown, known: readonly string[]): string {
  const nearest = typeof written === 'string' ? nearestName(written, known) : null
  return nearest === null ? '' : `, did you mean ${nearest}?`
}
