/** Everything the program takes from its surroundings, read in one place and handed to the commands as a value. */

import { readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { exitCodes } from '../exit.js'
import { openTerminal, type Terminal } from '../terminal.js'

/** Minutes east of UTC at a time in milliseconds since the epoch. */
export type OffsetAt = (atMs: number) => number

/** What a command knows of the world. */
export interface Environment {
  readonly version: string
  readonly terminal: Terminal
  /** The directory that `$RUNGUARD_HOME` names; null if it names none. */
  readonly dataDirectory: string | null
  /** Where calls are kept if nothing says otherwise: `.runguard` in the home directory. */
  readonly defaultDirectory: string
  /** The home directory of who is at the keyboard. */
  readonly homeDirectory: string
  /** The PostgreSQL server that is used unless a flag says otherwise: `$RUNGUARD_STORE`; null for none. */
  readonly storeUrl: string | null
  /** Where the program was started. */
  readonly workingDirectory: string
  /** A variable of the environment, for references in a configuration; undefined if it is not set. */
  readonly variable: (name: string) => string | undefined
  /** Who is at the keyboard, as far as the machine knows: it stands beside what they change. */
  readonly operator: string
  /** Milliseconds since the epoch. */
  now(): number
  /** The machine's time zone, daylight saving included. */
  readonly offsetAt: OffsetAt
}

/** @param wantsColor false for `--no-color` */
export function readEnvironment(wantsColor: boolean): Environment {
  const { NO_COLOR = '', RUNGUARD_HOME = '', RUNGUARD_STORE = '' } = process.env
  const home = findHome()
  return {
    version: readVersion(),
    terminal: openTerminal(process.stdout, process.stderr, wantsColor && NO_COLOR === ''),
    dataDirectory: RUNGUARD_HOME === '' ? null : RUNGUARD_HOME,
    defaultDirectory: join(home, '.runguard'),
    homeDirectory: home,
    storeUrl: RUNGUARD_STORE === '' ? null : RUNGUARD_STORE,
    workingDirectory: process.cwd(),
    variable: (name) => process.env[name],
    operator: nameOfUser(),
    now: Date.now,
    offsetAt: (atMs) => -Math.round(new Date(atMs).getTimezoneOffset()),
  }
}

/** An empty `HOME`, as some schedulers set it, would make a store of its own in every working directory. */
function findHome(): string {
  const home = homedir()
  if (home !== '') return home
  try {
    return userInfo().homedir
  } catch {
    return home
  }
}

/** A container may run as a number that has no name. */
function nameOfUser(): string {
  try {
    return userInfo().username || 'operator'
  } catch {
    return 'operator'
  }
}

/** `runguard report | head -1` closes the pipe early, which is a choice of its reader; a full disk is a failure. */
export function tolerateEarlyReaders(): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    process.exitCode = exitCodes.failure
    process.stderr.write(`runguard: cannot write the output: ${error.message}\n`)
  })
}

/** The version of the installed package. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
