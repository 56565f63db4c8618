/** The program `runguard`, from its arguments to its exit code. */

import { CommanderError } from 'commander'
import { CommandError, type ExitCode, exitCodes } from './exit.js'
import { buildProgram } from './program.js'
import { tolerateEarlyReaders } from './settings/environment.js'

const PROGRAM_FLAGS = new Set(['-h', '--help', '-V', '--version'])

/** Without a command the gateway is started. Commander's own default command would take a misspelt name for an argument. */
function withDefaultCommand(args: readonly string[]): readonly string[] {
  const first = args.find((arg) => arg !== '--no-color')
  const isStart = first === undefined || (first.startsWith('-') && !PROGRAM_FLAGS.has(first))
  return isStart ? ['start', ...args] : args
}

/** Commander has printed its message already; what it calls an invalid argument is the bad value of a flag. */
function exitCodeOf(error: CommanderError): ExitCode {
  if (error.exitCode === 0) return exitCodes.ok
  return error.code === 'commander.invalidArgument' ? exitCodes.config : exitCodes.usage
}

tolerateEarlyReaders()
try {
  await buildProgram().parseAsync([...withDefaultCommand(process.argv.slice(2))], { from: 'user' })
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = exitCodeOf(error)
  else if (error instanceof CommandError) {
    process.stderr.write(`runguard: ${error.message}\n`)
    process.exitCode = error.exitCode
  } else {
    process.stderr.write(`runguard: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = exitCodes.failure
  }
}
