/** The wire types of the API under `/runguard/api`: what the dashboard and other clients are built on. */

export type {
  ApiAlert,
  ApiAlertsPage,
  ApiChannels,
  ApiDeliveriesPage,
  ApiDelivery,
} from './alerts.js'
export type { ApiAuditEntry, ApiAuditPage, ApiAuditVerification } from './audit.js'
export type { ApiBatches } from './batches.js'
export type { ApiBudget, ApiBudgetAccounts, ApiBudgetBody, ApiBudgets, ApiWhatIf, ApiWhatIfBody } from './budgets.js'
export type { ApiCache, ApiUnread } from './cache.js'
export type { ApiCall, ApiCallDetail, ApiCallsPage } from './calls.js'
export type { ApiError, Done, Tokens } from './common.js'
export type { ApiEvent } from './events.js'
export type { ApiKey, ApiKeyBody, ApiKeys, ApiNewKey } from './keys.js'
export type { ApiBreaker, ApiBreakers, ApiLoop, ApiLoops } from './loops.js'
export type { ApiOverview, ApiSaving } from './overview.js'
export type { ApiRoutes } from './routes.js'
export type { ApiRole, ApiSession } from './session.js'
export type { ApiSessionDetail, ApiSessionRow, ApiSessionsPage } from './sessions.js'
export type { ApiRule, ApiSettings } from './settings.js'
export type { ApiSpend, ApiSpendSum, SpendGroupBy } from './spend.js'
export type { ApiChangedUser, ApiUser, ApiUserBody, ApiUsers } from './users.js'
