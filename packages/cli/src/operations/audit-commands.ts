/** The commands and flags of `runguard audit`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, withStoreFlags } from '../settings/flags.js'

/** Adds `audit` and its commands. */
export function addAuditCommands(program: Command, run: Run): void {
  const audit = program
    .command('audit')
    .description('the log of who changed what; each entry carries the hash of the one before it')
  addTail(audit, run)
  addVerify(audit, run)
  addExport(audit, run)
}

function addTail(audit: Command, run: Run): void {
  const command = audit
    .command('tail')
    .description('the newest entries')
    .addOption(new Option('-n, --limit <count>', 'how many').default(20).argParser(parseCount))
    .option('--action <name>', 'only this operation: keys.create')
    .option('--actor <id>', 'only by this user')
    .option('--subject <id>', 'only about this key, budget or user')
    .option('--since <time>', 'from then on: 24h, 7d or 2026-11-01')
    .option('--json', 'print one JSON object for each entry')
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/audit.js')).runAuditTail(environment, options)),
  )
}

function addVerify(audit: Command, run: Run): void {
  const command = audit
    .command('verify')
    .description('read all of it; fails if an entry was edited, taken out or exchanged')
    .addOption(
      new Option('--head <number:hash>', 'as it was noted down before; may be repeated').default([]).argParser(collect),
    )
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/audit.js')).runAuditVerify(environment, options)),
  )
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

function addExport(audit: Command, run: Run): void {
  const command = audit.command('export').description('all of it as lines of JSON, and its head as the last one')
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/audit.js')).runAuditExport(environment, options)),
  )
}
