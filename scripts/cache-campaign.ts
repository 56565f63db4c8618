/**
 * Whether RunGuard foretells the prompt cache as the simulator, which shares no code with it, plays it.
 *
 *   node scripts/dist/cache-campaign.js [--conversations N] [--seed N]
 *
 * Ends with 1 if they differ on any call; each difference comes with the seed that repeats it.
 */

import { parseArgs } from 'node:util'
import { runCampaign } from './caching/campaign.js'

const { values } = parseArgs({
  options: { conversations: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
})
const { conversations, compared, planned, refused, differences } = runCampaign(
  Number(values.conversations),
  Number(values.seed),
)
console.log(
  `${conversations} conversations, ${compared} calls compared (${planned} with markers of the planner), ` +
    `${refused} that the API refuses, ${differences.length} on which the two differ`,
)
for (const text of differences) console.log(text)
process.exitCode = differences.length === 0 ? 0 : 1
