/** `npm run demo`: real clients through the real gateway to a simulated API, and every dollar checked independently. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Reconciliation, reconcile } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import { billEach, type RunningSimulator, startSimulator } from '@runguard/simulator'
import Database from 'libsql'
import { driveClaudeCode, findClaudeCode } from './demo/claude-code.js'
import { runGateway, runRunguard } from './demo/program.js'
import { sdkTraffic } from './demo/sdk-traffic.js'

const say = (line: string): void => console.log(line)

async function main(shouldKeep: boolean): Promise<number> {
  say('Simulated: no key is needed, no call leaves this machine, no money is spent.\n')
  const home = await mkdtemp(join(tmpdir(), 'runguard-demo-'))
  const simulator = await startSimulator()
  const gateway = await runGateway(simulator.url, home)
  try {
    say(`gateway    ${gateway.url}  (runguard start)`)
    say(`simulator  ${simulator.url}\n`)
    await drive(gateway.url, home)
    await settle(simulator, gateway.url)
    const check = await present(simulator, home)
    if (shouldKeep && check.mismatches.length === 0) await waitForInterrupt(gateway.url, home)
    return check.mismatches.length === 0 ? 0 : 1
  } finally {
    await gateway.stop()
    await simulator.close()
    await rm(home, { recursive: true, force: true })
  }
}

async function drive(url: string, home: string): Promise<void> {
  for (const { title, run } of sdkTraffic) {
    say(`@anthropic-ai/sdk  ${title}`)
    await run(url)
  }
  const program = findClaudeCode()
  if (program === null) say('\nSKIPPED: Claude Code is not installed here (npm run e2e installs it).')
  else await driveClaudeCode(program, url, home, say)
}

/** An abandoned stream reaches the simulator a moment after its caller has left; the ledger is asked to be complete. */
async function settle(simulator: RunningSimulator, url: string): Promise<void> {
  await simulator.idle()
  const ready = await fetch(`${url}/runguard/ready`)
  if (!ready.ok) throw new Error(`the gateway is not ready: ${await ready.text()}`)
}

async function present(simulator: RunningSimulator, home: string): Promise<Reconciliation> {
  say(`\n${await runRunguard(['report', 'model', '--data', home])}`)
  const store = sqliteStore(new Database(join(home, 'runguard.db')))
  const records = await store.listRecords(100_000)
  await store.close()
  const check = reconcile(records, billEach(simulator.log))
  say(verdict(check))
  return check
}

function verdict({ exact, estimated, unbilled, mismatches }: Reconciliation): string {
  if (mismatches.length > 0) {
    return ["These calls differ from the simulator's own bill:", ...mismatches.map((text) => `  ${text}`)].join('\n')
  }
  return (
    `Checked against the simulator's own log and an auditor with its own prices: ${exact} calls equal to the ` +
    `nano-dollar, ${estimated} broken off and charged no less (est.), ${unbilled} free or failed and charged nothing.`
  )
}

async function waitForInterrupt(url: string, home: string): Promise<void> {
  say(`\nStill running: export ANTHROPIC_BASE_URL=${url} and use any client with any key.`)
  say(`  npx runguard report session --data ${home}\n  npx runguard explain last --data ${home}`)
  say('Ctrl-C ends it and removes the data.')
  await new Promise((resolve) => process.once('SIGINT', resolve))
}

process.once('SIGTERM', () => process.exit(1))
process.exitCode = await main(process.argv.includes('--keep'))
