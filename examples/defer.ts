/**
 * A call that may wait: it is kept in a file, goes out in a batch at half price, and by itself where no batch is in time.
 *
 *   ANTHROPIC_API_KEY=… node defer.ts
 *
 * The API takes minutes for a batch, now and then hours. End the program meanwhile if you like, and run it again: the file
 * `deferred.db` is all that it needs to go on.
 */

import Anthropic from '@anthropic-ai/sdk'
import { createGuard } from '@runguard/sdk'
import { sqliteStore } from '@runguard/sdk/sqlite'

const store = sqliteStore('deferred.db')
const guard = createGuard({
  client: new Anthropic(),
  store,
  budgets: [{ scope: 'user:*', window: 'day', limit: '$2' }],
  // Others that could share the batch are waited for only briefly here; a minute is the usual time.
  defer: { flushAfter: '100ms' },
})

const params = {
  model: 'claude-haiku-5-5',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content: 'Sum up the week in one sentence.' }],
}
// The id is ours: run again, the program asks for the same call, and does not pay twice.
const options = { within: '6h', id: 'weekly-summary-48', on: { user: 'alice' } }
const call = await guard.defer<Anthropic.Message>(params, options)
console.log(`Deferred ${call.id}: ${(await call.status()).state}.`)

// Any process with the same file can do this, also after a restart: guard.deferred('weekly-summary-48').
const [block] = (await call.result()).content
console.log(block?.type === 'text' ? block.text : 'no text')

const [row] = await guard.report({ groupBy: 'total' })
console.log(`${row?.calls} call, $${((row?.costNano ?? 0) / 1e9).toFixed(6)}`)
await guard.close()
await store.close()
