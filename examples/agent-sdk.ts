/**
 * The Agent SDK runs Claude Code, a program of its own. Its calls go through the gateway (`npx runguard`), which counts
 * them and holds the budgets; hooks in this program tell the agent when it goes in circles, and stop it if it goes on.
 *
 *   ANTHROPIC_API_KEY=… node agent-sdk.ts
 *
 * ANTHROPIC_BASE_URL, where it is set, has to be the address of the gateway here, not of the API.
 */

import { query } from '@anthropic-ai/claude-agent-sdk'
import { gatewayEnvironment, guardHooks } from '@runguard/sdk'

const env = gatewayEnvironment({
  url: process.env.ANTHROPIC_BASE_URL ?? 'http://127.0.0.1:4141',
  project: 'notes',
  tags: ['example'],
  environment: process.env,
})
// The money is the gateway's affair: a budget is in its runguard.yaml, such as one of `project:notes`.
const hooks = guardHooks()

const run = query({
  prompt: 'How many lines has notes.txt?',
  options: { allowedTools: ['Bash', 'Read'], maxTurns: 20, settingSources: [], env, hooks },
})

for await (const message of run) {
  if (message.type === 'assistant') {
    for (const block of message.message.content) {
      if (block.type === 'tool_use') console.log(`→ ${block.name} ${JSON.stringify(block.input)}`)
    }
  }
  if (message.type === 'result') {
    console.log(message.subtype === 'success' ? message.result : `It ended with ${message.subtype}.`)
  }
}
