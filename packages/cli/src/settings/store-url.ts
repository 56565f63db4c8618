/** Addresses of PostgreSQL servers: checked before they are used, and never shown with their password. */

import { readConfig } from '@runguard/sdk/core'
import { CommandError, exitCodes } from '../exit.js'

/** The address, if it is one. Throws {@link CommandError}, which does not repeat it, for anything else. */
export function checkStoreUrl(url: string, source: string): string {
  const reading = readConfig({ store: url })
  if (reading.kind === 'config') return url
  throw new CommandError(
    `${source} ${reading.problems.map(({ message }) => message).join('; ')}.\n` +
      'Without one, everything is kept in a file: choose its directory with --data.',
    exitCodes.config,
  )
}

/** The address as it may be shown. */
export function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = '***'
  // Drivers take a password from here, too.
  shown.search = ''
  shown.hash = ''
  return shown.href
}

/** Server and database alone. */
export function describeUrl(url: string): string {
  const { host, pathname } = new URL(url)
  return `postgres://${host}${pathname}`
}
