/** Changes of keys and people, made at the keyboard. */

import { TeamChangeError } from '@runguard/gateway/access'
import { CommandError } from '../exit.js'
import type { Environment } from '../settings/environment.js'
import { changeStore, findPlace } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'

/** Changes the store of a place. Throws {@link CommandError} in the words of what cannot be done. */
export async function changeTeam<T>(
  environment: Environment,
  options: StoreFlags,
  work: (store: OpenStore) => Promise<T>,
): Promise<T> {
  try {
    return await changeStore(await findPlace(environment, options), work)
  } catch (error) {
    throw error instanceof TeamChangeError ? new CommandError(error.message) : error
  }
}
