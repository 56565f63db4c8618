/** What is to be done from time to time for batches and calls that nobody asks for. */

import type { Store } from '../store/store.js'
import { watchUnread } from './batch-unread.js'
import type { Deferred } from './deferred.js'
import type { Desk } from './desk.js'

/** A round over both; it never rejects. */
export function keepingCalls(desk: Desk, store: Store, deferred: Deferred): () => Promise<void> {
  const readUnread = watchUnread(desk, store, (account) => deferred.sendOf(account))
  return async () => {
    await readUnread()
    await deferred.keep()
  }
}
