/** The commands and flags of `runguard key`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, withStoreFlags } from '../settings/flags.js'

const NOTES = `
Clients send a gateway key where the API key goes; the gateway sends the call on with the key in access.upstreamKey of the
configuration. A call is on the account of its key, whatever it says of itself. Only a hash of a key is kept.`

/** Adds `key` and its commands. */
export function addKeyCommands(program: Command, run: Run): void {
  const key = program
    .command('key')
    .description('gateway keys: who may call, and on whose account')
    .addHelpText('after', NOTES)
  addAdd(key, run)
  addList(key, run)
  addRotate(key, run)
  addRevoke(key, run)
}

function addAdd(key: Command, run: Run): void {
  const command = key
    .command('add')
    .description('make a key, and print it once')
    .argument('<name>', 'what it is for')
    .option('--team <name>', 'on the account of this team')
    .option('--user <name>', 'on the account of this user')
    .option('--project <name>', 'on the account of this project')
    .option('--expires <time>', 'until then: 12h, 90d or 2027-01-31')
    .option('--budget <limit/window>', "a budget for this key alone: '$5/day'")
    .option(...jsonFlag)
  withStoreFlags(command).action((name, options) =>
    run(async (environment) => (await import('../commands/key.js')).runKeyAdd(environment, name, options)),
  )
}

function addList(key: Command, run: Run): void {
  const command = key
    .command('ls')
    .alias('list')
    .description('the keys, the newest first')
    .addOption(new Option('--limit <count>', 'of so many newest').default(1_000).argParser(parseCount))
    .option('--all', 'those that were revoked too')
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/key.js')).runKeyList(environment, options)),
  )
}

function addRotate(key: Command, run: Run): void {
  const command = key
    .command('rotate')
    .description('give a key another secret, and print it once')
    .argument('<id>', 'rgk_…, as in: runguard key ls')
    .option('--grace <time>', 'so long the secret from before is accepted: 0 if it has leaked', '24h')
    .option(...jsonFlag)
  withStoreFlags(command).action((id, options) =>
    run(async (environment) => (await import('../commands/key.js')).runKeyRotate(environment, id, options)),
  )
}

function addRevoke(key: Command, run: Run): void {
  const command = key
    .command('revoke')
    .description('end a key')
    .argument('<id>', 'rgk_…, as in: runguard key ls')
    .option(...jsonFlag)
  withStoreFlags(command).action((id, options) =>
    run(async (environment) => (await import('../commands/key.js')).runKeyRevoke(environment, id, options)),
  )
}
