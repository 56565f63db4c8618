/** Running somebody else's program in front of this one: its terminal, its signals, its exit code. */

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CommandError } from '../exit.js'

/** What is run. */
export interface ChildCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly environment: NodeJS.ProcessEnv
}

/** A shell reports a program that a signal ended as this much more than the number of the signal. */
const SIGNAL_BASE = 128
/** A terminal sends these to everybody in front of it, so the program has them already. */
const keyboardSignals = ['SIGINT', 'SIGQUIT'] as const
const otherSignals = ['SIGTERM', 'SIGHUP'] as const

/**
 * Runs a program to its end and returns its exit code as a shell would. Signals are passed on to it, and from here on do
 * not end this process: one that comes when the program is gone already (a Ctrl-C that `npx` passes on, a second one) would
 * else end it before its calls are written and its bill is told. Throws {@link CommandError} if it cannot be started.
 */
export async function runChild({ program, args, environment }: ChildCommand, hasKeyboard: boolean): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env: environment })
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal)
  const isPassedOn = hasKeyboard ? otherSignals : [...keyboardSignals, ...otherSignals]
  const ignore = (): void => {}
  for (const signal of keyboardSignals) process.on(signal, ignore)
  for (const signal of isPassedOn) process.on(signal, passOn)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) =>
        resolve(code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal])),
      )
    })
  } catch (error) {
    throw new CommandError(`Cannot run ${JSON.stringify(program)}: ${(error as Error).message}.`)
  }
}
