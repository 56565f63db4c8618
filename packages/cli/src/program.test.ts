import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { examples } from './examples.js'
import { buildProgram, exitCodes, exitMeanings } from './program.js'

interface Named {
  readonly path: string
  readonly command: Command
}

/** The program and all its commands, but for those that only shells ask. */
function allCommands(command: Command, path = ''): readonly Named[] {
  const { visibleCommands } = command.createHelp()
  const children = visibleCommands.call(command.createHelp(), command).filter((child) => child.name() !== 'help')
  const below = children.flatMap((child) => allCommands(child as Command, `${path} ${child.name()}`.trim()))
  return [{ path, command }, ...below]
}

const commands = allCommands(buildProgram())

/** As it is shown: with what is put around it. */
function helpOf(path: string): string {
  const program = buildProgram()
  let text = ''
  for (const { command } of allCommands(program)) {
    command.exitOverride().configureOutput({ writeOut: (piece) => (text += piece) })
  }
  expect(() => program.parse([...path.split(' ').filter(Boolean), '--help'], { from: 'user' })).toThrow()
  return text
}

test('there are as many commands as somebody would count', () => {
  expect(commands.length).toBeGreaterThan(60)
  expect(commands.map(({ path }) => path)).toEqual(expect.arrayContaining(['', 'start', 'budget add', 'audit verify']))
})

test.each(commands.map(({ path }) => path))('the help of "%s" opens with examples', (path) => {
  const help = helpOf(path)
  expect(help).toMatch(/^Examples:\n {2}\S/)
  for (const [line] of examples[path] ?? []) expect(help).toContain(`\n  ${line}`)
  expect(help).toContain('Usage: runguard')
})

test('no example is of a command that there is no more', () => {
  expect(Object.keys(examples).sort()).toEqual(commands.map(({ path }) => path).sort())
})

/** The words of a line as a shell would give them to the program. */
function wordsOf(line: string): string[] {
  const [own = ''] = line.replace(/^source <\((.*)\)$/, '$1').split(/ [<>|] /)
  const words = own.match(/'[^']*'|\S+/g) ?? []
  return words.slice(1).map((word) => word.replace(/^'(.*)'$/, '$1'))
}

/** The path of the command that the program would run, and what it would not understand. */
function runOf(words: readonly string[]): string {
  const program = buildProgram()
  let ran = ''
  for (const { path, command } of allCommands(program)) {
    command.exitOverride().configureOutput({ writeErr: () => {} })
    const note = (): void => {
      ran = path
    }
    if (command.commands.length === 0) command.action(note)
  }
  const isStart = words.length === 0 || words[0]?.startsWith('-') === true
  program.parse(isStart ? ['start', ...words] : [...words], { from: 'user' })
  return ran
}

const lines = Object.entries(examples).flatMap(([path, own]) => own.map(([line]) => [line, path] as const))

test.each(lines)('%s is understood', (line, path) => {
  const ran = runOf(wordsOf(line))
  expect(ran).not.toBe('')
  // A simulator alone is of little use: what to start next belongs to it.
  if (path !== '' && path !== 'sim') expect(`${ran} `).toMatch(new RegExp(`^${path} `))
})

test('every exit code has one meaning, and the help tells all of them', () => {
  expect(Object.keys(exitMeanings)).toEqual(Object.keys(exitCodes))
  const help = helpOf('')
  for (const [name, code] of Object.entries(exitCodes)) {
    expect(help).toContain(`  ${code}  ${exitMeanings[name as keyof typeof exitCodes]}\n`)
  }
})
