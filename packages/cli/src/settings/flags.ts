/**
 * Flags that several commands have, and reading the values of flags. A value that makes no sense ends the program with
 * the exit code for bad configuration.
 */

import { isIP } from 'node:net'
import { isLoopback } from '@runguard/gateway/address'
import { type Command, InvalidArgumentError, Option } from 'commander'

/** Where the file is. */
const dataFlag = ['--data <dir>', 'where calls are kept (default: $RUNGUARD_HOME, else ~/.runguard)'] as const

/** For programs. */
export const jsonFlag = ['--json', 'print JSON instead of text'] as const

/** The configuration. */
const configFlag = ['--config <file>', 'the configuration (default: runguard.yaml, if it is there)'] as const

/** Which store: a file, or a server instead; or what the configuration says. */
export function withStoreFlags(command: Command): Command {
  const store = new Option('--store <url>', 'a PostgreSQL server instead: postgres://… (default: $RUNGUARD_STORE)')
  return command
    .option(...configFlag)
    .option(...dataFlag)
    .addOption(store.conflicts('data'))
}

/** From silent to talkative. */
export const logLevels = ['silent', 'error', 'warn', 'info'] as const

/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number]

/** A TCP port; 0 stands for any free one. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a whole number from 0 (any free one) to 65535.')
}

/** How many lines, from 1. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d{1,6}$/.test(text) && count > 0) return count
  throw new InvalidArgumentError('Write a whole number from 1 to 999999.')
}

/** An http(s) URL without query and credentials, as a client would write its base URL. */
export function parseUpstream(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidArgumentError('Write the whole URL, such as https://api.anthropic.com.')
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('A base URL has no query, fragment, user name or password.')
  }
  return text
}

/** Any address of this machine: whether the gateway may listen there is for its door to say. */
export function parseListenHost(text: string): string {
  if (isIP(text) !== 0 || /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)) return text
  throw new InvalidArgumentError('Write an address of this machine: 127.0.0.1, 0.0.0.0, :: or a host name.')
}

/** An address of this machine alone. */
export function parseHost(text: string): string {
  if (isLoopback(text)) return text
  throw new InvalidArgumentError('RunGuard listens on loopback only: 127.0.0.1, ::1 or localhost.')
}
