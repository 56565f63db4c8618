/** How often somebody may try to sign in. */

import { isIPv6 } from 'node:net'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** Tries are counted before they are judged, so that many at once are no more than many in a row. */
export interface LoginLimits {
  /** Null if it may go on; else the seconds to wait. */
  takeTry(address: string): Promise<number | null>
  /** That try was right: it does not count. */
  giveBack(address: string): Promise<void>
}

/** So many tries within a minute. */
export interface TryCounts {
  readonly perAddress: number
  /** Of all together: somebody may have many addresses. */
  readonly together: number
}

/** At the page where somebody signs in. */
export const loginTries: TryCounts = { perAddress: 10, together: 100 }
/** With a token in each request: programs ask often, and several times at once. */
export const headerTries: TryCounts = { perAddress: 100, together: 1_000 }

const MINUTE_SEC = 60

/** Counters of this process. */
export function createLoginLimits({ perAddress, together }: TryCounts): LoginLimits {
  const own = new RateLimiterMemory({ points: perAddress, duration: MINUTE_SEC })
  const all = new RateLimiterMemory({ points: together, duration: MINUTE_SEC })
  return {
    async takeTry(address) {
      try {
        await own.consume(networkOf(address))
        await all.consume('')
        return null
      } catch (error) {
        if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1_000))
        throw error
      }
    },
    async giveBack(address) {
      await own.reward(networkOf(address))
      await all.reward('')
    },
  }
}

/** Who has one address of version 6 has the 2⁶⁴ beside it. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || /^::ffff:/i.test(address)) return address
  const [head = '', tail] = address.split('::', 2)
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - groups.length - rest.length }, () => '0')
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':')
}
