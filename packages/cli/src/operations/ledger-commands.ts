/** The commands and flags of `runguard ledger`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, withStoreFlags } from '../settings/flags.js'

/** Adds `ledger` and its commands. */
export function addLedgerCommands(program: Command, run: Run): void {
  const ledger = program.command('ledger').description('what was set aside and posted for budgets')
  addShow(ledger, run)
  addVerify(ledger, run)
  addVoid(ledger, run)
}

function addShow(ledger: Command, run: Run): void {
  const show = ledger
    .command('show')
    .description('the current accounts and open holds, or the entries of one')
    .addOption(new Option('--account <key>', 'one account with its entries').conflicts(['hold', 'budget', 'expired']))
    .addOption(new Option('--hold <id>', 'one hold with its entries').conflicts(['budget', 'expired']))
    .option('--expired', 'what was posted as an estimate because nobody ended it, the largest first')
    .option('--budget <id>', 'all accounts of one budget; with --expired, what was posted to it')
    .addOption(new Option('--limit <count>', 'how many lines at most').default(100).argParser(parseCount))
    .option(...jsonFlag)
  withStoreFlags(show).action((options) =>
    run(async (environment) => (await import('../commands/ledger.js')).runLedgerShow(environment, options)),
  )
}

function addVerify(ledger: Command, run: Run): void {
  const verify = ledger
    .command('verify')
    .description('add the whole ledger up, and fail if something is wrong')
    .option(...jsonFlag)
  withStoreFlags(verify).action((options) =>
    run(async (environment) => (await import('../commands/ledger.js')).runLedgerVerify(environment, options)),
  )
}

function addVoid(ledger: Command, run: Run): void {
  const command = ledger
    .command('void')
    .description('take back what an estimate posted')
    .argument('[hold]', 'the id of its call: rg_…')
    .option('--expired', 'instead of one: all that nobody ended, of one budget')
    .option('--budget <id>', 'whose, with --expired')
    .requiredOption('--reason <text>', 'why; it stays in the ledger')
    .option(...jsonFlag)
  withStoreFlags(command).action((hold, options) =>
    run(async (environment) => (await import('../commands/ledger-void.js')).runLedgerVoid(environment, hold, options)),
  )
}
