/** The page of all commands, from the program that parses them. */

import { buildProgram, exitCodes, exitMeanings } from 'runguard/program'
import { code, GENERATED, page, table } from './markdown.js'

type Command = ReturnType<typeof buildProgram>

/** The page. */
export function writeCommands(): string {
  const program = buildProgram()
  const commands = leavesOf(program).filter((command) => command.name() !== 'help')
  return page(
    '# Commands',
    GENERATED,
    '`runguard <command> --help` says the same, with examples. Data goes to stdout, everything else to stderr.',
    table(
      ['command', 'what it does'],
      commands.map((command) => [`[${code(nameOf(command))}](#${anchorOf(command)})`, command.description()]),
    ),
    ...commands.map(writeCommand),
    writeExitCodes(),
  )
}

function writeExitCodes(): string {
  const rows = Object.entries(exitCodes).map(([name, exitCode]) => [
    code(String(exitCode)),
    exitMeanings[name as keyof typeof exitCodes],
  ])
  const other = '`runguard run` ends with the exit code of the program that it ran.'
  return page('## Exit codes', table(['code', 'meaning'], rows), other).trimEnd()
}

function leavesOf(command: Command): readonly Command[] {
  return command.commands.flatMap((each) => (each.commands.length > 0 ? leavesOf(each as Command) : [each as Command]))
}

/** With the commands above it, without the program. */
function nameOf(command: Command): string {
  const above = command.parent?.parent ? `${nameOf(command.parent as Command)} ` : ''
  return `${above}${command.name()}`
}

function anchorOf(command: Command): string {
  return `runguard-${nameOf(command).replaceAll(' ', '-')}`
}

function writeCommand(command: Command): string {
  const takes = command.registeredArguments.map((argument) => [
    code(argument.name()),
    argument.description,
    argument.required ? 'needed' : defaultOf(argument.defaultValue),
  ])
  const flags = command.options
    .filter((option) => !option.hidden)
    .map((option) => [code(option.flags), describeChoices(option), defaultOf(option.defaultValue)])
  const rows = [...takes, ...flags]
  return page(
    `## runguard ${nameOf(command)}`,
    `${sentence(command.description())}`,
    rows.length > 0 ? table(['argument', 'meaning', 'default'], rows) : '',
  ).trimEnd()
}

function describeChoices({ description, argChoices }: Command['options'][number]): string {
  return argChoices === undefined ? description : `${description} (${argChoices.map(code).join(', ')})`
}

function defaultOf(value: unknown): string {
  return value === undefined || value === false ? '' : code(String(value))
}

function sentence(description: string): string {
  const text = description.replace(/ +/g, ' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`
}
