/** The commands and flags of `runguard budget`. */

import { type Command, Option } from 'commander'
import { CommandError, exitCodes } from '../exit.js'
import type { Run } from '../run.js'
import { jsonFlag, withStoreFlags } from '../settings/flags.js'

const NOTES = `
Quote the dollar sign: a shell makes $20 a 0. Scopes: everything, request, or project, user, tag, session, team, key with a
name (project:web) or * for each one by itself. Teams and keys are those of gateway keys:  runguard key add`

/** Adds `budget` and its commands. */
export function addBudgetCommands(program: Command, run: Run): void {
  const budget = program.command('budget').description('limits on what may be spent').addHelpText('after', NOTES)
  addAdd(budget, run)
  addList(budget, run)
  addSet(budget, run)
  addOverride(budget, run)
  addPause(budget, run)
  addRemove(budget, run)
}

function withCommonFlags(command: Command): Command {
  return withStoreFlags(command.option(...jsonFlag))
}

function addAdd(budget: Command, run: Run): void {
  const command = budget
    .command('add')
    .description('add a budget')
    .argument('<limit>', "dollars: '$20', 20 or 0.05")
    .allowExcessArguments()
    .option('--scope <scope>', 'whose spending: project:web, session:*, …', 'everything')
    .option('--per <window>', 'hour, day, week, month, lifetime; session and request for those scopes')
    .option('--id <id>', 'what to call it in commands (default: scope and window)')
    .option('--name <name>', 'what to call it for people')
    .option('--observe', 'count and alert, and refuse nothing')
    .option('--time-zone <zone>', 'whose calendar it follows (default: UTC)')
    .option('--thresholds <percents>', 'alert at these: 50,80,95,100 (the default), or none')
  withCommonFlags(command).action((limit, options) => {
    requireAlone(command, 'period', '--per')
    return run(async (environment) => (await import('../commands/budget.js')).runBudgetAdd(environment, limit, options))
  })
}

function addList(budget: Command, run: Run): void {
  const command = budget
    .command('ls')
    .alias('list')
    .description('how all budgets stand, those of the configuration file included')
    .option('--check', 'exit with 3 if one that is enforced is used up')
  withCommonFlags(command).action((options) =>
    run(async (environment) => (await import('../commands/budget-list.js')).runBudgetList(environment, options)),
  )
}

function addSet(budget: Command, run: Run): void {
  const command = budget
    .command('set')
    .description('change a budget; what was spent under it still counts')
    .argument('<id>')
    .allowExcessArguments()
    .option('--limit <limit>', "dollars: '$20'")
    .option('--name <name>', 'what to call it for people')
    .addOption(new Option('--observe', 'count and alert, and refuse nothing').conflicts('enforce'))
    .option('--enforce', 'refuse what it cannot pay')
    .option('--thresholds <percents>', 'alert at these: 50,80,95,100, or none')
  withCommonFlags(command).action((id, options) => {
    requireAlone(command, 'limit', '--limit')
    return run(async (environment) => (await import('../commands/budget.js')).runBudgetSet(environment, id, options))
  })
}

function addOverride(budget: Command, run: Run): void {
  const command = budget
    .command('override')
    .description('give one name of a scope another limit, for a while')
    .argument('<id>')
    .option('--scope-name <name>', 'for whom, such as alice; * for all that have none of their own', '*')
    .addOption(new Option('--scope <scope>', 'the same as user:alice').conflicts('scopeName').hideHelp())
    .addOption(new Option('--limit <limit>', "dollars: '$50'").conflicts('remove'))
    .option(
      '--until <time>',
      '2026-12-01 (the start of that day) or 2026-12-01T18:00:00Z (default: until it is removed)',
    )
    .option('--remove', 'take the other limit away')
  withCommonFlags(command).action((id, options) =>
    run(async (environment) => (await import('../commands/budget.js')).runBudgetOverride(environment, id, options)),
  )
}

function addPause(budget: Command, run: Run): void {
  const words = { pause: 'let a budget neither count nor refuse for now', resume: 'let a paused budget go on' } as const
  for (const name of ['pause', 'resume'] as const) {
    const command = budget.command(name).description(words[name]).argument('<id>')
    withCommonFlags(command).action((id, options) =>
      run(async (environment) => {
        const { runBudgetPause } = await import('../commands/budget.js')
        return await runBudgetPause(environment, id, options, name === 'pause')
      }),
    )
  }
}

function addRemove(budget: Command, run: Run): void {
  const command = budget
    .command('rm')
    .alias('remove')
    .description('take a budget away; what was spent under it stays in the ledger')
    .argument('<id>')
  withCommonFlags(command).action((id, options) =>
    run(async (environment) => (await import('../commands/budget.js')).runBudgetRemove(environment, id, options)),
  )
}

/** A second word is a value without its flag: that is said instead of how many words there may be. */
function requireAlone({ args: [, extra] }: Command, what: string, flag: string): void {
  if (extra === undefined) return
  const example = /^[$\w.-]+$/.test(extra) ? `'${extra}'` : '…'
  throw new CommandError(`Say the ${what} with its flag: ${flag} ${example}`, exitCodes.usage)
}
