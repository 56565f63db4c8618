/** `runguard completion`: the shell completes commands and flags. What there is, the commands say themselves. */

import { Argument, type Command, type Option } from 'commander'
import { exitCodes } from '../exit.js'
import type { Run } from '../run.js'

/** Adds it, and the hidden command that shells ask. */
export function addCompletionCommands(program: Command, run: Run): void {
  program
    .command('completion')
    .description('a script that lets the shell complete commands and flags')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish', 'powershell']))
    .action((shell: string) =>
      run(async () => {
        const { default: completion } = await import('@bomb.sh/tab')
        completion.setup(program.name(), program.name(), shell)
        return exitCodes.ok
      }),
    )
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) =>
      run(async () => {
        const { default: completion } = await import('@bomb.sh/tab')
        describe(program, '', completion)
        completion.parse([...words])
        return exitCodes.ok
      }),
    )
}

/** What a completion is told of a command. */
interface Described {
  option(name: string, description: string, values: (add: (value: string, words: string) => void) => void): unknown
  option(name: string, description: string, alias?: string): unknown
  argument(name: string, values?: (add: (value: string, words: string) => void) => void, isVariadic?: boolean): unknown
}

interface DescribedRoot extends Described {
  command(name: string, description: string): Described
}

function describe(command: Command, path: string, root: DescribedRoot): void {
  const described = path === '' ? root : root.command(path, command.description())
  const help = command.createHelp()
  for (const option of help.visibleOptions(command)) describeOption(option, described)
  for (const argument of command.registeredArguments) {
    const { argChoices: choices = [] } = argument
    described.argument(argument.name(), choices.length === 0 ? undefined : offer(choices), argument.variadic)
  }
  for (const child of help.visibleCommands(command)) {
    if (child.name() !== 'help') describe(child, `${path} ${child.name()}`.trim(), root)
  }
}

function describeOption(
  { long, short, description, required, optional, argChoices = [] }: Option,
  to: Described,
): void {
  const name = long?.replace(/^--/, '')
  if (name === undefined) return
  if (required || optional) to.option(name, description, offer(argChoices))
  else to.option(name, description, short?.replace(/^-/, ''))
}

function offer(choices: readonly string[]) {
  return (add: (value: string, words: string) => void): void => {
    for (const choice of choices) add(choice, '')
  }
}
