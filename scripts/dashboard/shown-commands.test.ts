import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildProgram } from 'runguard/program'
import { describe, expect, it } from 'vitest'

type Command = ReturnType<typeof buildProgram>

const SOURCES = fileURLToPath(new URL('../../packages/dashboard/src', import.meta.url))

/** Every text of the pages that is a command. What is filled in there stands for an argument. */
function findShownCommands(): readonly string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'))
  const texts = files.flatMap((name) => [
    ...readFileSync(join(SOURCES, name), 'utf8').matchAll(/(["'`])(runguard (?:(?!\1).)+)\1/g),
  ])
  return [...new Set(texts.map(([, , text]) => (text ?? '').replace(/\$\{[^}]*\}/g, 'last')))]
}

/** The words of a command as a shell splits them, without `runguard`. */
function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '').slice(1)
}

/** Parses with the real program, and does nothing of it. Throws what it would say. */
async function parseOnly(words: readonly string[]): Promise<void> {
  const program = buildProgram()
  quiet(program)
  await program.parseAsync([...words], { from: 'user' })
}

function quiet(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => {} })
  if (command.commands.length === 0) {
    command.action(() => {
      const { registeredArguments: taken, args } = command
      const isEndless = taken.some(({ variadic }) => variadic)
      // Some take more words than they have arguments, and refuse them with better advice than the parser.
      if (!isEndless && args.length > taken.length) throw new Error(`too many words: ${args.join(' ')}`)
    })
  }
  for (const each of command.commands) quiet(each)
}

describe('the commands that the pages show', () => {
  const shown = findShownCommands()

  it('are found in the sources', () => {
    expect(shown.length).toBeGreaterThan(8)
    expect(shown).toContain('runguard run -- claude')
  })

  it.each(shown)('%s is one that the program has', async (text) => {
    await expect(parseOnly(splitWords(text))).resolves.toBeUndefined()
  })

  it.each(['key create NAME', "budget add everything '$20' --per day", 'demo --forever'])(
    'and "%s" would be found out',
    async (text) => {
      await expect(parseOnly(splitWords(`runguard ${text}`))).rejects.toThrow()
    },
  )
})
