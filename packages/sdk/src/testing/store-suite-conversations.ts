/** What every store must do with moved conversations. Run it against an implementation of your own, as {@link storeSuite} is run. */

import assert from 'node:assert/strict'
import type { StoreCheck } from './store-suite-check.js'

/** The checks, each for a store of its own. */
export const conversationSuite: readonly StoreCheck[] = [
  {
    name: 'conversations: gives what was kept last, and nothing for others',
    check: async (store) => {
      const moved = { name: 'a', state: '{"model":"claude-haiku-5-5","text":"ä\\u0001"}', at: 1_000 }
      await store.putConversation(moved)
      await store.putConversation({ ...moved, name: 'b' })
      assert.deepEqual(await store.findConversation('a'), moved)
      await store.putConversation({ ...moved, state: '{}', at: 1_000 })
      assert.deepEqual(await store.findConversation('a'), { name: 'a', state: '{}', at: 1_000 })
      assert.deepEqual(await store.findConversation('b'), { ...moved, name: 'b' })
      assert.equal(await store.findConversation('c'), null)
    },
  },
  {
    name: 'conversations: what is older than what is kept changes nothing',
    check: async (store) => {
      await store.putConversation({ name: 'a', state: 'new', at: 2_000 })
      await store.putConversation({ name: 'a', state: 'old', at: 1_999 })
      assert.equal((await store.findConversation('a'))?.state, 'new')
    },
  },
  {
    name: 'conversations: forgets those that were served before a moment',
    check: async (store) => {
      await store.putConversation({ name: 'a', state: '{}', at: 1_000 })
      await store.putConversation({ name: 'b', state: '{}', at: 2_000 })
      await store.forgetConversations(2_000)
      assert.equal(await store.findConversation('a'), null)
      assert.equal((await store.findConversation('b'))?.at, 2_000)
    },
  },
]
