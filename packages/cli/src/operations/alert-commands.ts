/** The commands and flags of `runguard alerts`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, withStoreFlags } from '../settings/flags.js'

/** Adds `alerts` and its commands. */
export function addAlertCommands(program: Command, run: Run): void {
  const alerts = program.command('alerts').description('what was told to people, and whether it reached them')
  addList(alerts, run)
  addTest(alerts, run)
  addDeliveries(alerts, run)
  addChanges(alerts, run)
}

function limitFlag(): Option {
  return new Option('--limit <count>', 'how many at most').default(50).argParser(parseCount)
}

function addList(alerts: Command, run: Run): void {
  const command = alerts
    .command('ls')
    .alias('list')
    .description('alerts, the last opened first')
    .addOption(new Option('--state <state>', 'only these').choices(['open', 'acknowledged', 'resolved']))
    .addOption(limitFlag())
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/alerts.js')).runAlertList(environment, options)),
  )
}

function addTest(alerts: Command, run: Run): void {
  alerts
    .command('test')
    .description('send a test to the channels of the configuration; fails if one does not take it')
    .argument('[channel]', 'only to this one')
    .option('--config <file>', 'the configuration (default: runguard.yaml, if it is there)')
    .option(...jsonFlag)
    .action((channel, options) =>
      run(async (environment) =>
        (await import('../commands/alerts.js')).runAlertTest(environment, channel ?? null, options),
      ),
    )
}

function addDeliveries(alerts: Command, run: Run): void {
  const command = alerts
    .command('deliveries')
    .description('messages to channels, the last made first')
    .option('--channel <name>', 'only to this one')
    .addOption(new Option('--state <state>', 'only these').choices(['waiting', 'delivered', 'failed']))
    .addOption(limitFlag())
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/alerts.js')).runDeliveryList(environment, options)),
  )
}

function addChanges(alerts: Command, run: Run): void {
  const resend = alerts
    .command('resend')
    .description('send a message once more, as a new one')
    .argument('<id>', 'of the message, as in: runguard alerts deliveries')
    .option(...jsonFlag)
  withStoreFlags(resend).action((id, options) =>
    run(async (environment) => (await import('../commands/alerts.js')).runAlertResend(environment, id, options)),
  )
  const acknowledge = alerts
    .command('ack')
    .description('say that somebody has seen an alert')
    .argument('<id>', 'of the alert, as in: runguard alerts ls')
    .option(...jsonFlag)
  withStoreFlags(acknowledge).action((id, options) =>
    run(async (environment) => (await import('../commands/alerts.js')).runAlertAcknowledge(environment, id, options)),
  )
}
