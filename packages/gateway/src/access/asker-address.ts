/** Where a request to the control plane comes from. */

import { isIP } from 'node:net'
import type { Headers } from '@runguard/sdk/core'
import type { AccessRequest } from './access.js'

/**
 * The address of whoever asks. A header can be forged, so it counts only where the operator says that a proxy in front
 * writes it, and of it only what the nearest proxy has added: the last entry.
 */
export function askerAddress(
  { headers, remoteAddress }: Pick<AccessRequest, 'headers' | 'remoteAddress'>,
  trustProxy: boolean,
): string {
  if (!trustProxy) return remoteAddress
  const told = headers['x-forwarded-for']?.split(',').at(-1)?.trim() ?? ''
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(told) ?? []
  const address = bracketed ?? plain ?? told
  return isIP(address) === 0 ? remoteAddress : address
}

const FORWARDING = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** True if a proxy says that it passes the request on: then whoever asks need not be on this machine. */
export function isForwarded(headers: Headers): boolean {
  return FORWARDING.some((name) => headers[name] !== undefined)
}
