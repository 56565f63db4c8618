/** Where the pages of RunGuard are, in each of the ways in which a client may write that. */

import type { Endpoint } from '@runguard/sdk/core'

/** Where budgets are in the shape of the Admin API. */
export const SPEND_LIMITS_PATH = '/v1/organizations/spend_limits'

/** A target without its query. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? ''
}

/** True for the path of spend limits, and for those below it. */
export function isOfLimits(path: string): boolean {
  return path === SPEND_LIMITS_PATH || path.startsWith(`${SPEND_LIMITS_PATH}/`)
}

/** A base URL with a project, as calls to the model have it. In a request line the host may stand as well. */
const PROJECT = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/]*)?\/p\/[^/?]+(?=\/runguard(?:[/?]|$))/i

/**
 * What a request asks for, as the routes write it. Spend limits are written in as many ways as the rest of the Claude API
 * and are named by the canonical one. Pages below `/runguard` have names of people's choice in their paths, which may hold
 * a slash: of those only the project in front is taken away.
 *
 * @param written the target as it stands in the request line
 */
export function ownTarget({ target }: Endpoint, written: string): string {
  return isOfLimits(pathOf(target)) ? target : written.replace(PROJECT, '')
}
