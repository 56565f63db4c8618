/** Who places markers: the usual rules, and RunGuard. */

import type { PriceBook } from '@runguard/sdk/core'
import { planned } from './planned.js'
import type { Policy } from './policy.js'
import type { StreamRequest, Ttl } from './streams.js'

/** All contenders, freshly made. */
export function openPolicies(book: PriceBook, read: number | null): readonly Policy[] {
  return [
    simple('no cache', () => []),
    simple('front 5m', (request) => [[frontOf(request), '5m']]),
    simple('every turn 5m', (request) => [[tailOf(request), '5m']]),
    simple('every turn 1h', (request) => [[tailOf(request), '1h']]),
    simple('front and turn 5m', (request) => [
      [frontOf(request), '5m'],
      [tailOf(request), '5m'],
    ]),
    simple('front 1h, turn 5m', (request) => [
      [frontOf(request), '1h'],
      [tailOf(request), '5m'],
    ]),
    planned('RunGuard', { book, read, keepsWarm: false, isTold: false }),
    planned('RunGuard, keeping warm', { book, read, keepsWarm: true, isTold: false }),
    planned('… told what is over', { book, read, keepsWarm: true, isTold: true }),
  ]
}

function simple(name: string, choose: (request: StreamRequest) => readonly (readonly [number, Ttl])[]): Policy {
  return {
    name,
    isForetelling: false,
    place: (request) => new Map(choose(request).filter(([at]) => at !== -1)),
    expected: () => null,
    learn: () => undefined,
    ping: () => [],
  }
}

function frontOf({ blocks }: StreamRequest): number {
  return blocks.findLastIndex(({ part }) => part !== 'messages')
}

function tailOf({ blocks }: StreamRequest): number {
  return blocks.findLastIndex(({ canMark }) => canMark)
}
