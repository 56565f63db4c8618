/** What a number of calls came to, in a line. */

import {
  addTokens,
  type CallRecord,
  cacheHitRate,
  formatUsd,
  noTokens,
  sumTokens,
  sumUsd,
  totalPrompt,
} from '@runguard/sdk/core'
import type { Colors } from '../terminal.js'
import { percent, shortCount, wholeCount } from './format.js'

/** Collects calls as they end. */
export interface OpenBill {
  add(record: CallRecord): void
  /** `12 calls  96.1k in (91% cached)  4.2k out  $0.1310  est.  2 refused` */
  line(colors: Colors): string
}

/** A bill without calls. */
export function openBill(): OpenBill {
  const sums = { calls: 0, refused: 0, nano: sumUsd([]), tokens: noTokens, isEstimated: false }
  const add = ({ usage, cost, ending }: CallRecord): void => {
    if (ending.reason === 'refused') sums.refused += 1
    else if (ending.reason !== 'free-endpoint') sums.calls += 1
    sums.nano = sumUsd([sums.nano, cost.nano])
    if (usage !== null) sums.tokens = addTokens(sums.tokens, sumTokens(usage))
    sums.isEstimated ||= cost.isEstimated
  }
  const line = (colors: Colors): string => {
    const { calls, refused, nano, tokens, isEstimated } = sums
    const rate = cacheHitRate(tokens)
    const cached = rate === null || rate === 0 ? '' : ` (${percent(rate)} cached)`
    const cells = [
      calls === 1 ? '1 call' : `${wholeCount(calls)} calls`,
      `${shortCount(totalPrompt(tokens))} in${cached}`,
      `${shortCount(tokens.output)} out`,
      colors.bold(formatUsd(nano)),
      ...(isEstimated ? [colors.yellow('est.')] : []),
      ...(refused > 0 ? [colors.yellow(`${wholeCount(refused)} refused`)] : []),
    ]
    return cells.join('  ')
  }
  return { add, line }
}
