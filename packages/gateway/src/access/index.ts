export {
  type Access,
  type AccessRequest,
  type Actor,
  CSRF_HEADER,
  type Denial,
  type Grant,
  type Login,
  type OidcPages,
  type Redirect,
} from './access.js'
export { type AccessParts, openAccess } from './access-door.js'
export { bindProblem, ensureAdminToken } from './bind-rule.js'
export type { CallerRules } from './callers.js'
export { type GatewayKeyParts, type GatewayKeys, openGatewayKeys } from './gateway-keys.js'
export { createKey, type KeyWishes, type NewKey, revokeGatewayKey, rotateGatewayKey, shownKey } from './key-changes.js'
export { oidcProblem } from './oidc.js'
export { mayDo, type Operation, PERMISSIONS, type Permission } from './permissions.js'
export { hashSecret, makeToken } from './secrets.js'
export { type Changed, TeamChangeError } from './team-change.js'
export { addUser, type ChangedUser, removeUser, setUser, shownUser, type UserWishes } from './user-changes.js'
