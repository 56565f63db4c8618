/** Adding calls up without a database: the reference for what databases answer, and for periods too short for kept sums. */

import type { CallRecord } from '../core/cost/record.js'
import { compareText } from './summary.js'
import {
  addNumbers,
  clip,
  countsOf,
  MOST_COUNTS,
  noNumbers,
  promptOf,
  savedOf,
  subtractNumbers,
  type TrafficFacts,
  type TrafficNumbers,
  trafficDimensions,
} from './traffic-facts.js'
import type {
  AgentSum,
  SessionSum,
  TrafficCount,
  TrafficFilter,
  TrafficGroup,
  TrafficGroupSum,
  TrafficPoint,
  TrafficSeriesQuery,
  TrafficSumQuery,
  TrafficSums,
} from './traffic-store.js'

/** Whether a call is one of those asked for. */
export function isAskedFor({ names, tags }: TrafficFacts, filter: TrafficFilter): boolean {
  const { tag } = filter
  if (tag !== undefined && !(tag === '' ? tags.length === 0 : tags.includes(clip(tag)))) return false
  return trafficDimensions.every((dimension) => {
    const wanted = filter[dimension]
    return wanted === undefined || names[dimension] === clip(wanted)
  })
}

/** The groups a call counts under. */
function groupsOf({ names, tags }: TrafficFacts, groupBy: TrafficGroup, { tag }: TrafficFilter): readonly string[] {
  if (groupBy === 'total') return ['total']
  if (groupBy !== 'tag') return [names[groupBy]]
  if (tag !== undefined) return [clip(tag)]
  return tags.length === 0 ? [''] : tags
}

/** Sums of calls that were asked for. */
export function sumFacts(
  facts: readonly TrafficFacts[],
  { groupBy, filter, top }: Pick<TrafficSumQuery, 'groupBy' | 'filter' | 'top'>,
): TrafficSums {
  const sums = new Map<string, TrafficNumbers>()
  let total = noNumbers
  let grouped = noNumbers
  for (const call of facts) {
    total = addNumbers(total, call.numbers)
    for (const group of groupsOf(call, groupBy, filter)) {
      grouped = addNumbers(grouped, call.numbers)
      sums.set(group, addNumbers(sums.get(group) ?? noNumbers, call.numbers))
    }
  }
  const groups = [...sums].map(([group, numbers]) => ({ group, ...numbers })).sort(compareSums)
  return { groups: groups.slice(0, top), rest: restOf(groups.slice(0, top), grouped, sums.size), total }
}

/** What is left of all groups without those that are told apart. */
export function restOf(top: readonly TrafficGroupSum[], all: TrafficNumbers, groupCount: number): TrafficSums['rest'] {
  const groups = groupCount - top.length
  if (groups <= 0) return null
  return { ...top.reduce<TrafficNumbers>(subtractNumbers, all), groups }
}

/** The dearest first; of equal ones the busiest. */
export function compareSums(a: TrafficGroupSum, b: TrafficGroupSum): number {
  return b.costNano - a.costNano || b.calls - a.calls || compareText(a.group, b.group)
}

/** Sums of calls that were asked for, over time. */
export function sumSeries(
  facts: readonly TrafficFacts[],
  { groupBy, filter, groups, stepMs, offsetMs }: Omit<TrafficSeriesQuery, 'since' | 'until'>,
): TrafficPoint[] {
  const told = groups === 'all' ? null : new Set(groups.map(clip))
  const points = new Map<string, TrafficPoint>()
  for (const call of facts) {
    const at = stepOf(call.startedAt, stepMs, offsetMs)
    for (const group of groupsOf(call, groupBy, filter)) {
      const shown = told === null || told.has(group) ? group : null
      const key = JSON.stringify([at, shown])
      points.set(key, addPoint(points.get(key) ?? emptyPoint(at, shown), call.numbers))
    }
  }
  return [...points.values()].sort(comparePoints)
}

/** In order of time; what is not told apart comes last. */
export function comparePoints(a: TrafficPoint, b: TrafficPoint): number {
  if (a.at !== b.at) return a.at - b.at
  if (a.group === null || b.group === null) return Number(a.group === null) - Number(b.group === null)
  return compareText(a.group, b.group)
}

function stepOf(atMs: number, stepMs: number, offsetMs: number): number {
  return Math.floor((atMs + offsetMs) / stepMs) * stepMs - offsetMs
}

function emptyPoint(at: number, group: string | null): TrafficPoint {
  return { at, group, calls: 0, costNano: 0, promptTokens: 0, readTokens: 0, cacheSavedNano: 0 }
}

function addPoint(point: TrafficPoint, numbers: TrafficNumbers): TrafficPoint {
  return {
    at: point.at,
    group: point.group,
    calls: point.calls + numbers.calls,
    costNano: point.costNano + numbers.costNano,
    promptTokens: point.promptTokens + promptOf(numbers),
    readTokens: point.readTokens + numbers.read,
    cacheSavedNano: point.cacheSavedNano + numbers.cacheSavedNano,
  }
}

/** The sessions of some calls, in no order; calls that name none are in none. */
export function sumSessions(facts: readonly TrafficFacts[]): SessionSum[] {
  const sessions = new Map<string, SessionSum>()
  const agents = new Map<string, Set<string>>()
  for (const { names, agent, startedAt, numbers } of facts) {
    if (names.session === '') continue
    const before = sessions.get(names.session)
    const known = agents.get(names.session) ?? new Set()
    agents.set(names.session, known.add(agent))
    const isFirst = before === undefined || startedAt < before.firstAt
    sessions.set(names.session, {
      session: names.session,
      firstAt: Math.min(startedAt, before?.firstAt ?? startedAt),
      lastAt: Math.max(startedAt, before?.lastAt ?? startedAt),
      calls: (before?.calls ?? 0) + 1,
      estimatedCalls: (before?.estimatedCalls ?? 0) + numbers.estimatedCalls,
      agents: known.size,
      costNano: (before?.costNano ?? 0) + numbers.costNano,
      savedNano: (before?.savedNano ?? 0) + savedOf(numbers),
      promptTokens: (before?.promptTokens ?? 0) + promptOf(numbers),
      readTokens: (before?.readTokens ?? 0) + numbers.read,
      user: isFirst ? names.user : before.user,
      project: isFirst ? names.project : before.project,
      team: isFirst ? names.team : before.team,
    })
  }
  return [...sessions.values()]
}

/** The agents of one session, the main one first, then by their first calls. */
export function sumAgents(facts: readonly TrafficFacts[]): AgentSum[] {
  const agents = new Map<string, AgentSum>()
  for (const { agent, parentAgent, startedAt, numbers } of facts) {
    const before = agents.get(agent)
    agents.set(agent, {
      agent: agent === '' ? null : agent,
      parent: [before?.parent ?? '', parentAgent].sort(compareText).at(-1) || null,
      calls: (before?.calls ?? 0) + 1,
      estimatedCalls: (before?.estimatedCalls ?? 0) + numbers.estimatedCalls,
      costNano: (before?.costNano ?? 0) + numbers.costNano,
      firstAt: Math.min(startedAt, before?.firstAt ?? startedAt),
      lastAt: Math.max(startedAt, before?.lastAt ?? startedAt),
    })
  }
  return [...agents.values()].sort(compareAgents)
}

/** The main one first, then by their first calls. */
export function compareAgents(a: AgentSum, b: AgentSum): number {
  return (
    Number(a.agent !== null) - Number(b.agent !== null) ||
    a.firstAt - b.firstAt ||
    compareText(a.agent ?? '', b.agent ?? '')
  )
}

/** What was noted of calls, the most frequent first. */
export function sumCounts(records: readonly CallRecord[], wanted: TrafficCount['kind']): TrafficCount[] {
  const counts = new Map<string, TrafficCount>()
  for (const { kind, names, nano, tokens } of records.flatMap(countsOf)) {
    if (kind !== wanted) continue
    const key = JSON.stringify(names)
    const { calls, ...before } = counts.get(key) ?? { calls: 0, nano: 0, tokens: 0 }
    counts.set(key, { kind, names, calls: calls + 1, nano: before.nano + nano, tokens: before.tokens + tokens })
  }
  return [...counts.values()].sort(compareCounts).slice(0, MOST_COUNTS)
}

/** The most frequent first. */
export function compareCounts(a: TrafficCount, b: TrafficCount): number {
  return b.calls - a.calls || compareText(JSON.stringify(a.names), JSON.stringify(b.names))
}
