/** Addresses that never leave this machine. Stands alone, so that a program can check one without loading the gateway. */

import { isIP } from 'node:net'

/** True for a name or an address of this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
