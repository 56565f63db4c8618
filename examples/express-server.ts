/**
 * A web server whose users have a dollar a day each. Whoever has spent it reads when there will be more. What was spent is
 * in memory: a real server keeps it in a store, so that a restart forgets nothing (`store: sqliteStore('runguard.db')`).
 *
 *   ANTHROPIC_API_KEY=… node express-server.ts
 *   curl -d 'Hello!' -H 'content-type: text/plain' -H 'x-user: ada' http://127.0.0.1:3000/ask
 */

import Anthropic from '@anthropic-ai/sdk'
import { createGuard, isRunGuardError } from '@runguard/sdk'
import express from 'express'

const guard = createGuard({
  budgets: [{ scope: 'user:*', limit: '$1', window: 'day' }],
  // Who waits for a page is told at once that there is no money, rather than after calls that run have ended.
  waitForMoneyMs: 0,
})
const anthropic = new Anthropic()
const app = express()

app.post('/ask', express.text(), async (request, response) => {
  // Yours comes from a login: a budget is worth what the name of its user is worth.
  const user = request.header('x-user') ?? 'anonymous'
  const claude = guard.session({ user }).wrap(anthropic)
  try {
    const message = await claude.messages.create({
      model: 'claude-sonnet-5-5',
      max_tokens: 16_000,
      messages: [{ role: 'user', content: String(request.body) }],
    })
    response.json(message.content)
  } catch (error) {
    if (!isRunGuardError(error)) throw error
    if (error.retryAfterSec !== null) response.set('retry-after', String(error.retryAfterSec))
    response.status(error.toWire().status).json({ code: error.code, message: error.message })
  }
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  console.log(`Listening on port ${typeof address === 'object' ? address?.port : address}`)
})

// Ends the calls that run, and writes down what they cost.
process.once('SIGTERM', () => {
  server.close()
  void guard.close()
})
