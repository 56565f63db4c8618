/** The commands and flags of `runguard ledger`. */

import { type Command, Option } from 'commander'
import { dataFlag, jsonFlag, parseCount, storeFlag } from './flags.js'
import type { Run } from './run.js'

/** Adds `ledger` and its commands. */
export function addLedgerCommands(program: Command, run: Run): void {
  const ledger = program.command('ledger').description('what was set aside and posted for budgets')
  addShow(ledger, run)
  ledger
    .command('verify')
    .description('add the whole ledger up, and fail if something is wrong')
    .option(...jsonFlag)
    .option(...dataFlag)
    .addOption(storeFlag())
    .action((options) =>
      run(async (environment) => (await import('./commands/ledger.js')).runLedgerVerify(environment, options)),
    )
  ledger
    .command('void')
    .description('take back what an estimate posted')
    .argument('<hold>', 'the id of its call: rg_…')
    .requiredOption('--reason <text>', 'why; it stays in the ledger')
    .option(...jsonFlag)
    .option(...dataFlag)
    .addOption(storeFlag())
    .action((hold, options) =>
      run(async (environment) => (await import('./commands/ledger.js')).runLedgerVoid(environment, hold, options)),
    )
}

function addShow(ledger: Command, run: Run): void {
  ledger
    .command('show')
    .description('the current accounts and open holds, or the entries of one')
    .addOption(new Option('--account <key>', 'one account with its entries').conflicts(['hold', 'budget']))
    .addOption(new Option('--hold <id>', 'one hold with its entries').conflicts('budget'))
    .option('--budget <id>', 'all accounts of one budget')
    .addOption(new Option('--limit <count>', 'how many lines at most').default(100).argParser(parseCount))
    .option(...jsonFlag)
    .option(...dataFlag)
    .addOption(storeFlag())
    .action((options) =>
      run(async (environment) => (await import('./commands/ledger.js')).runLedgerShow(environment, options)),
    )
}
