import { nearestName } from '../core/config/config-names.js'
import type { ReportGroup, ReportQuery } from './store.js'

const GROUPS: readonly ReportGroup[] = ['day', 'session', 'model', 'project', 'total']

/** The query, if it can be answered. It may come from anywhere, and names a column. Throws `RangeError` if it cannot. */
export function checkReport(query: ReportQuery): ReportQuery {
  const groupBy: unknown = query?.groupBy
  if (!GROUPS.some((group) => group === groupBy)) throw new RangeError(noGroup(groupBy))
  for (const name of ['since', 'until', 'offsetMinutes'] as const) {
    const value: unknown = query[name] ?? 0
    if (typeof value !== 'number' || Number.isNaN(value)) throw new RangeError(`${name} is no number: ${String(value)}`)
  }
  const session: unknown = query.session ?? ''
  if (typeof session !== 'string') throw new RangeError(`session is no name: ${String(session)}`)
  return query
}

function noGroup(written: unknown): string {
  const nearest = typeof written === 'string' ? nearestName(written, GROUPS) : null
  const hint = nearest === null ? '' : `, did you mean ${nearest}?`
  return `a report is grouped by ${GROUPS.join(', ')}, not by ${JSON.stringify(written)?.slice(0, 60)}${hint}`
}
