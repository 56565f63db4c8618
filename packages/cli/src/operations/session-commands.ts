/** The commands and flags of `runguard session`. */

import type { SessionWord } from '@runguard/sdk/engine'
import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, parseCount, withStoreFlags } from '../settings/flags.js'

const NOTES = `
A session that was stopped also goes on by itself when a person writes to it. Running gateways on the same store take a
word about a session at once.`

/** Adds `session` and its commands. */
export function addSessionCommands(program: Command, run: Run): void {
  const session = program
    .command('session')
    .description('agents at work, and those that were stopped because they went in a loop')
    .addHelpText('after', NOTES)
  addList(session, run)
  addChange(session, run, 'resume', 'let a session that was stopped go on; its loops are looked for from here on')
  addChange(session, run, 'exempt', 'do not stop a session because of loops, from now on')
  addChange(session, run, 'watch', 'look for the loops of an exempt session again, from here on')
}

function addList(session: Command, run: Run): void {
  const command = session
    .command('ls')
    .alias('list')
    .description('the sessions of the last days, the last seen first')
    .addOption(new Option('--limit <count>', 'how many at most').default(50).argParser(parseCount))
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/session.js')).runSessionList(environment, options)),
  )
}

function addChange(session: Command, run: Run, name: SessionWord, description: string): void {
  const command = session
    .command(name)
    .description(description)
    .argument('<id>', 'as it stands in the refusal, or in: runguard session ls')
    .option(...jsonFlag)
  withStoreFlags(command).action((id, options) =>
    run(async (environment) =>
      (await import('../commands/session.js')).runSessionChange(environment, name, id, options),
    ),
  )
}
