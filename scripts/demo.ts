/** `npm run demo`: real clients through the real gateway to a simulated API, and every dollar checked independently. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Reconciliation, reconcile } from '@runguard/sdk/core'
import { sqliteStore } from '@runguard/sdk/store'
import { billEach, type RunningSimulator, startSimulator } from '@runguard/simulator'
import Database from 'libsql'
import { driveClaudeCode, findClaudeCode } from './demo/claude-code.js'
import { measureLongPrefix } from './demo/long-prefix.js'
import { runGateway, runRunguard } from './demo/program.js'
import { sdkTraffic } from './demo/sdk-traffic.js'

/** What one write for five minutes and a read in each later turn come to. */
const PROMISED_PERCENT = 89

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
    await showLongPrefix()
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

/** The promise of the first page of the README. */
async function showLongPrefix(): Promise<void> {
  const { turns, prefixTokens, usd, uncachedUsd, savedPercent } = await measureLongPrefix()
  const [paid, uncached] = [usd, uncachedUsd].map((each) => `$${each.toFixed(4)}`)
  say(
    `\nA program that sets no cache markers, in a guard: ${turns} turns behind a prompt of ` +
      `${prefixTokens.toLocaleString('en')} tokens.\nThat prompt cost ${paid} instead of ${uncached} without a cache: ` +
      `${savedPercent} % less.`,
  )
  if (savedPercent < PROMISED_PERCENT) throw new Error(`${PROMISED_PERCENT} % were promised`)
}

async function waitForInterrupt(url: string, home: string): Promise<void> {
  say(`\nStill running: export ANTHROPIC_BASE_URL=${url} and use any client with any key.`)
  say(`  npx runguard report session --data ${home}\n  npx runguard explain last --data ${home}`)
  say('Ctrl-C ends it and removes the data.')
  await new Promise((resolve) => process.once('SIGINT', resolve))
}

process.once('SIGTERM', () => process.exit(1))
process.exitCode = await main(process.argv.includes('--keep'))
