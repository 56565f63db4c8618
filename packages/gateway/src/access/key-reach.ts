/** What a gateway key opens where its calls go on with the credential of the gateway. */

import type { Endpoint, Refusal } from '@runguard/sdk/core'

/** What is metered, is free, or only keeps what calls need. */
const KINDS: ReadonlySet<Endpoint['kind']> = new Set(['messages', 'count-tokens', 'models', 'probe', 'batches'])
const ROOTS = /^\/v1\/(?:files|skills)(?=[/?]|$)/i

/**
 * Why a key does not open an endpoint; null if it does. What cannot be metered would be a way round every budget, paid by
 * whoever runs the gateway; and what administers their organisation is not for programs.
 */
export function reachProblem({ kind, target }: Endpoint): Refusal | null {
  return KINDS.has(kind) || ROOTS.test(target) ? null : OUT_OF_REACH
}

const OUT_OF_REACH: Refusal = {
  code: 'runguard_key_refused',
  message:
    'A gateway key opens messages, batches, token counts, models, files and skills of the API. What this call would cost ' +
    'cannot be told, so it is not sent with the credential of the gateway.',
}
