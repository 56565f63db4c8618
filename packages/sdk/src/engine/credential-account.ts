/** Names for credentials, by which work for them is found without telling them. */

import { createHash } from 'node:crypto'

const LENGTH = 32

/**
 * The name of a credential at an API: the same for the same two, and no way back.
 *
 * @param origin where the API is, with its path
 * @param credential as it is sent; empty for none
 */
export function credentialAccount(origin: string, credential: string): string {
  return createHash('sha256')
    .update(JSON.stringify([origin, credential]))
    .digest('hex')
    .slice(0, LENGTH)
}
