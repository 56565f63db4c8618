import type { Refusal } from '../../core/refusal/errors.js'

/** Nothing goes through a door any more. */
export const CLOSED: Refusal = {
  code: 'runguard_closed',
  message: 'The guard of this program is closed; calls through it are not sent any more.',
}
