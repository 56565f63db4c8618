/** The commands and flags of `runguard user`. */

import { type Command, Option } from 'commander'
import type { Run } from '../run.js'
import { jsonFlag, withStoreFlags } from '../settings/flags.js'

const NOTES = `
Roles: a viewer looks; an operator also resumes, holds and acknowledges; an admin also changes budgets, keys and users, and
reads the audit log. Nobody has to sign in on a gateway that only this machine reaches, until there is an admin token.`

/** Adds `user` and its commands. */
export function addUserCommands(program: Command, run: Run): void {
  const user = program
    .command('user')
    .description('people who may open the control plane, and what they may do there')
    .addHelpText('after', NOTES)
  addAdd(user, run)
  addList(user, run)
  addSet(user, run)
  addRemove(user, run)
  addAdminToken(user, run)
}

function addAdd(user: Command, run: Run): void {
  const command = user
    .command('add')
    .description('add somebody, and print their token once')
    .argument('<id>', 'a short name, or an address')
    .option('--role <role>', 'viewer, operator or admin', 'viewer')
    .option('--name <name>', 'shown to people')
    .option('--email <address>', 'by which the sign-in of the organisation knows them')
    .option('--no-token', 'they only come by the sign-in of the organisation')
    .option(...jsonFlag)
  withStoreFlags(command).action((id, options) =>
    run(async (environment) => (await import('../commands/user.js')).runUserAdd(environment, id, options)),
  )
}

function addList(user: Command, run: Run): void {
  const command = user
    .command('ls')
    .alias('list')
    .description('all users')
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/user.js')).runUserList(environment, options)),
  )
}

function addSet(user: Command, run: Run): void {
  const command = user
    .command('set')
    .description('change somebody; it holds at once, also where they are signed in')
    .argument('<id>', 'as in: runguard user ls')
    .option('--role <role>', 'viewer, operator or admin')
    .option('--name <name>', 'shown to people')
    .option('--email <address>', 'by which the sign-in of the organisation knows them')
    .option('--disable', 'they cannot do anything any more')
    .addOption(new Option('--enable', 'they can again').conflicts('disable'))
    .option('--new-token', 'another token; who is signed in with the old one is signed out')
    .option(...jsonFlag)
  withStoreFlags(command).action((id, options) =>
    run(async (environment) => (await import('../commands/user.js')).runUserSet(environment, id, options)),
  )
}

function addRemove(user: Command, run: Run): void {
  const command = user
    .command('rm')
    .alias('remove')
    .description('remove somebody; they are signed out at once')
    .argument('<id>', 'as in: runguard user ls')
    .option(...jsonFlag)
  withStoreFlags(command).action((id, options) =>
    run(async (environment) => (await import('../commands/user.js')).runUserRemove(environment, id, options)),
  )
}

function addAdminToken(user: Command, run: Run): void {
  const command = user
    .command('admin-token')
    .description('make another admin token, and print it once; the one before is worth nothing then')
    .option(...jsonFlag)
  withStoreFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/user.js')).runAdminToken(environment, options)),
  )
}
