/** What a suite for stores is made of. */

import type { Store } from '../store/store.js'

/** One check; it gets a fresh, empty store and throws an `AssertionError` if the store is not as it must be. */
export interface StoreCheck {
  readonly name: string
  readonly check: (store: Store) => Promise<void>
}
