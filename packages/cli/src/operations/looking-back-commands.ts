/** The commands and flags that look back at what was called: `replay`, `top`, `reconcile`, and `export`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, parseUpstream, withStoreFlags } from '../settings/flags.js'

const REPLAY_NOTES = `
Nothing is sent. Exit code 3: a budget would have been exceeded.`

/** Adds them. */
export function addLookingBackCommands(program: Command, run: Run): void {
  addReplay(program, run)
  addReconcile(program, run)
  addTop(program, run)
  addExport(program, run)
}

function addReplay(program: Command, run: Run): void {
  const command = program
    .command('replay')
    .description('what a policy would have refused, changed and saved, had it been in force')
    .option('--policy <file>', 'a configuration (default: runguard.yaml, if it is there)')
    .option('--compare <file...>', 'other configurations to stand beside it')
    .option('--transcripts', 'over what Claude Code wrote down by itself, instead of what went through RunGuard')
    .option('--path <path...>', 'over transcripts in other folders, or single ones')
    .option('--since <time>', 'calls from then on')
    .option('--until <time>', 'calls up to then')
    .option(...jsonFlag)
    .addHelpText('after', REPLAY_NOTES)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/replay.js')).runReplay(environment, options)),
  )
}

const RECONCILE_NOTES = `
Exit code 1: there is a difference. The reports are about five minutes behind.`

function addReconcile(program: Command, run: Run): void {
  const url = new Option('--base-url <url>', 'where the Admin API is').default('https://api.anthropic.com')
  const command = program
    .command('reconcile')
    .description('compare the ledger with the usage and cost reports of the API')
    .option('--since <time>', 'from then on', '24h')
    .option('--until <time>', 'up to then (default: now)')
    .option('--admin-key <reference>', 'the variable that holds the admin key', `\${ANTHROPIC_ADMIN_KEY}`)
    .addOption(url.argParser(parseUpstream))
    .option('--api-key <id...>', 'only what these API keys used, by their ids')
    .option(...jsonFlag)
    .addHelpText('after', RECONCILE_NOTES)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/reconcile.js')).runReconcile(environment, options)),
  )
}

function addTop(program: Command, run: Run): void {
  const command = program
    .command('top')
    .description('what happens at the moment; q ends it')
    .option('--once', 'print once, as without a terminal')
    .addOption(new Option('--every <seconds>', 'between two looks').default(1).argParser(parseCount))
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/top.js')).runTop(environment, options)),
  )
}

function addExport(program: Command, run: Run): void {
  const command = program
    .command('export')
    .description('the records of calls as JSON lines, or as CSV')
    .option('--csv', 'one row for each call')
    .option('--since <time>', 'calls from then on')
    .option('--until <time>', 'calls up to then')
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/export.js')).runExport(environment, options)),
  )
}
