/** What the screens of the dashboard ask, as they ask it. */

import type { MadeSpan } from './made-calls.js'

const DAY = 86_400_000

/** A question, by the path of its request. */
export interface Question {
  readonly name: string
  readonly path: string
  readonly body?: object
}

/** All of them, over the whole span where a screen offers that. */
export function questionsOver({ since, until }: MadeSpan): readonly Question[] {
  const month = `since=${since}&until=${until}`
  const week = `since=${until - 7 * DAY}&until=${until}`
  const groups = ['model', 'team', 'key', 'user', 'session', 'project', 'task', 'tag', 'total']
  const sums = [
    { name: 'anchor: an empty page', path: '/runguard/health' },
    { name: 'overview', path: '/runguard/api/overview?timeZone=Europe/Berlin' },
    ...groups.map((group) => ({
      name: `spend of a month by ${group}`,
      path: `/runguard/api/spend?groupBy=${group}&step=day&${month}`,
    })),
    {
      name: 'spend of a month, India',
      path: `/runguard/api/spend?groupBy=model&step=day&timeZone=Asia/Kolkata&${month}`,
    },
    { name: 'spend of a week by hour', path: `/runguard/api/spend?groupBy=user&step=hour&${week}` },
    {
      name: 'spend of six hours by minute',
      path: `/runguard/api/spend?groupBy=model&step=minute&since=${until - DAY / 4}&until=${until}`,
    },
    { name: 'users of one team', path: `/runguard/api/spend?groupBy=user&step=day&team=team-3&${month}` },
    { name: 'models of one tag', path: `/runguard/api/spend?groupBy=model&step=day&tag=tag-3&${month}` },
    {
      name: 'users of one team, one model',
      path: `/runguard/api/spend?groupBy=user&step=day&team=team-3&model=claude-opus-5&${month}`,
    },
    { name: 'one user', path: `/runguard/api/spend?groupBy=total&step=day&user=user-7&${month}` },
  ]
  return [...sums, ...LISTS, ...overMonth(month, until)]
}

/** Pages of lists, each its first. */
const LISTS: readonly Question[] = [
  { name: 'calls', path: '/runguard/api/calls' },
  { name: 'calls of a model', path: '/runguard/api/calls?model=claude-opus-5' },
  { name: 'calls of a user and a model', path: '/runguard/api/calls?model=claude-opus-5&user=user-7' },
  { name: 'calls with a tag of a team', path: '/runguard/api/calls?tag=tag-3&team=team-3' },
  { name: 'calls of nobody', path: '/runguard/api/calls?team=' },
  { name: 'calls that broke off', path: '/runguard/api/calls?ending=at-least' },
  { name: 'calls that were refused', path: '/runguard/api/calls?refusal=runguard_budget_exceeded' },
  {
    name: 'calls refused for a rare reason',
    path: '/runguard/api/calls?refusal=runguard_breaker_open&model=claude-opus-5',
  },
  { name: 'calls that nobody refused', path: '/runguard/api/calls?refusal=runguard_not_loaded' },
  { name: 'one call', path: '/runguard/api/calls/rg_000000000500' },
  { name: 'sessions', path: '/runguard/api/sessions' },
  { name: 'sessions of a user', path: '/runguard/api/sessions?user=user-7' },
  { name: 'one session', path: '/runguard/api/sessions/session-7' },
]

function overMonth(month: string, until: number): readonly Question[] {
  return [
    { name: 'cache of a month', path: `/runguard/api/cache?${month}` },
    { name: 'routes of a month', path: `/runguard/api/routes?${month}` },
    { name: 'loops of a month', path: `/runguard/api/loops?${month}` },
    {
      name: 'what another limit had done',
      path: '/runguard/api/budgets/what-if',
      body: { scope: 'user:*', limitNano: 1_000_000_000, window: 'day', since: until - 7 * DAY, until },
    },
    { name: 'budgets', path: '/runguard/api/budgets' },
    { name: 'accounts of a budget', path: '/runguard/api/budgets/each-session/accounts' },
    { name: 'audit log', path: '/runguard/api/audit' },
  ]
}
