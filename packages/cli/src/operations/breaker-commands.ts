/** The commands and flags of `runguard breaker`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, withStoreFlags } from '../settings/flags.js'

const NOTES = `
Keys: session:<id>, model:<id>, key:<name> or team:<name>. Running gateways on the same store follow within seconds.`

/** Adds `breaker` and its commands. */
export function addBreakerCommands(program: Command, run: Run): void {
  const breaker = program
    .command('breaker')
    .description('sessions, models, keys and teams that are stopped because they ran away, or by hand')
    .addHelpText('after', NOTES)
  addList(breaker, run)
  addHold(breaker, run)
  addRelease(breaker, run)
}

function addList(breaker: Command, run: Run): void {
  const command = breaker
    .command('ls')
    .alias('list')
    .description('the breakers that are not closed, the last changed first')
    .addOption(new Option('--limit <count>', 'how many at most').default(50).argParser(parseCount))
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/breaker.js')).runBreakerList(environment, options)),
  )
}

function addHold(breaker: Command, run: Run): void {
  const command = breaker
    .command('hold')
    .description('refuse all calls of one key until it is released, and end its running streams')
    .argument('<key>', 'model:claude-opus-5-5, session:…')
    .option('--note <text>', 'why, for those who are refused')
    .option(...jsonFlag)
  withStoreFlags(command).action((key, options) =>
    run(async (environment) => (await import('../commands/breaker.js')).runBreakerHold(environment, key, options)),
  )
}

function addRelease(breaker: Command, run: Run): void {
  const command = breaker
    .command('release')
    .description('close a breaker, whatever opened or holds it')
    .argument('<key>', 'as it stands in the refusal, or in: runguard breaker ls')
    .option(...jsonFlag)
  withStoreFlags(command).action((key, options) =>
    run(async (environment) => (await import('../commands/breaker.js')).runBreakerRelease(environment, key, options)),
  )
}
