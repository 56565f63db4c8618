/** What the screens read, one hook each. The first part of every key is the subject that live events renew. */

import type {
  ApiAlertsPage,
  ApiAuditPage,
  ApiBatches,
  ApiBreakers,
  ApiBudgetAccounts,
  ApiBudgets,
  ApiCache,
  ApiCallDetail,
  ApiCallsPage,
  ApiChannels,
  ApiDeliveriesPage,
  ApiKeys,
  ApiLoops,
  ApiOverview,
  ApiRoutes,
  ApiSession,
  ApiSessionDetail,
  ApiSessionsPage,
  ApiSettings,
  ApiSpend,
  ApiUsers,
} from '@runguard/gateway/api'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { pathWith, type Query, read } from './client.js'

/** A part of the API, as the keys of the query cache begin with it. */
export type Subject =
  | 'session'
  | 'overview'
  | 'spend'
  | 'calls'
  | 'sessions'
  | 'cache'
  | 'routes'
  | 'budgets'
  | 'loops'
  | 'breakers'
  | 'batches'
  | 'alerts'
  | 'audit'
  | 'keys'
  | 'users'
  | 'settings'

/** The zone whose days and months are meant. */
const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone

function useRead<Answer>(subject: Subject, path: string, query: Query = {}, everyMs: number | false = false) {
  return useQuery({
    queryKey: [subject, path, query],
    queryFn: ({ signal }) => read<Answer>(pathWith(path, query), signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  })
}

interface Page {
  readonly next: string | null
}

function usePages<Answer extends Page>(subject: Subject, path: string, query: Query = {}) {
  return useInfiniteQuery({
    queryKey: [subject, path, query],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      read<Answer>(pathWith(path, { ...query, ...(pageParam === '' ? {} : { cursor: pageParam }) }), signal),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })
}

/** Who is signed in. */
export const useSessionQuery = () => useRead<ApiSession>('session', 'session')
/** What is going on now; read again now and then, although events keep it fresh. */
export const useOverview = () => useRead<ApiOverview>('overview', 'overview', { timeZone }, 15_000)
/** Spending over time. */
export const useSpend = (query: Query) => useRead<ApiSpend>('spend', 'spend', { timeZone, ...query })
/** Calls, the newest first. */
export const useCalls = (query: Query) => usePages<ApiCallsPage>('calls', 'calls', query)
/** One call. */
export const useCall = (id: string) => useRead<ApiCallDetail>('calls', `calls/${encodeURIComponent(id)}`)
/** Sessions, the last seen first. */
export const useSessions = (query: Query) => usePages<ApiSessionsPage>('sessions', 'sessions', query)
/** One session and its calls. */
export const useOneSession = (id: string) =>
  usePages<ApiSessionDetail>('sessions', `sessions/${encodeURIComponent(id)}`)
/** The prompt cache in a period. */
export const useCacheReport = (query: Query) => useRead<ApiCache>('cache', 'cache', query)
/** Routes in a period. */
export const useRoutes = (query: Query) => useRead<ApiRoutes>('routes', 'routes', query)
/** All budgets and how they stand. */
export const useBudgets = () => useRead<ApiBudgets>('budgets', 'budgets')
/** All accounts of a budget, the fullest first. */
export const useBudgetAccounts = (id: string) =>
  usePages<ApiBudgetAccounts>('budgets', `budgets/${encodeURIComponent(id)}/accounts`)
/** Loops, the newest first. */
export const useLoops = (query: Query) => usePages<ApiLoops>('loops', 'loops', query)
/** Breakers that are not closed. */
export const useBreakers = () => useRead<ApiBreakers>('breakers', 'breakers')
/** The newest batches. */
export const useBatches = () => useRead<ApiBatches>('batches', 'batches', {}, 15_000)
/** Alerts, the newest first. */
export const useAlerts = (query: Query) => usePages<ApiAlertsPage>('alerts', 'alerts', query)
/** The channels of alerts. */
export const useChannels = () => useRead<ApiChannels>('alerts', 'alerts/channels')
/** What became of messages. */
export const useDeliveries = (query: Query) => usePages<ApiDeliveriesPage>('alerts', 'alerts/deliveries', query)
/** The audit log, the newest first. */
export const useAudit = (query: Query) => usePages<ApiAuditPage>('audit', 'audit', query)
/** All keys. */
export const useKeys = () => usePages<ApiKeys>('keys', 'keys', { limit: 200 })
/** All users. */
export const useUsers = () => useRead<ApiUsers>('users', 'users')
/** How the gateway is set up. */
export const useSettings = () => useRead<ApiSettings>('settings', 'settings')
