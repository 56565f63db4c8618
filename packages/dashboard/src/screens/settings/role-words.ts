import type { ApiUserBody } from '@runguard/gateway/api'

/** What each role may do, from the least to the most. */
export const roleWords: Readonly<Record<ApiUserBody['role'], string>> = {
  viewer: 'Viewer: sees everything but the audit log and users',
  operator: 'Operator: also resumes, holds, acknowledges and tests',
  admin: 'Admin: changes everything',
}
