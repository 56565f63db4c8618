/** Why a batch is not created. */
import { refuseOverBudget, type Shortfall } from '../budget/budget-refusal.js'
import { decimalUsd, formatUsd } from '../cost/money.js'
import type { Refusal } from '../refusal/errors.js'
import type { BatchReserve } from './batch-reserve.js'

/** Its budget cannot pay the most that it may cost: names that, what is likely, and the limit. */
export function refuseBatch(shortfall: Shortfall, { items, likely, most }: BatchReserve): Refusal {
  const refusal = refuseOverBudget({ ...shortfall, what: 'batch' })
  const count = items === 1 ? '1 item' : `${items} items`
  const estimate = `likely ${formatUsd(likely)} and at most ${formatUsd(most)} at batch prices`
  return {
    ...refusal,
    message: `This batch of ${count} was not created; it would cost ${estimate}. ${refusal.message}`,
    details: { ...refusal.details, items, likely_usd: decimalUsd(likely) },
  }
}

/** Its budget cannot pay the most that a call that may wait can cost. */
export function refuseDeferral(shortfall: Shortfall, { likely, most }: BatchReserve): Refusal {
  const refusal = refuseOverBudget({ ...shortfall, what: 'call' })
  const estimate = `likely ${formatUsd(likely)} and at most ${formatUsd(most)} at batch prices`
  return {
    ...refusal,
    message: `This call was not deferred; it would cost ${estimate}. ${refusal.message}`,
    details: { ...refusal.details, likely_usd: decimalUsd(likely) },
  }
}

/** Where no item is found nothing can be held for, and another reader might find some. */
export const emptyBatch: Refusal = {
  code: 'runguard_malformed_request',
  message: 'The request body has no list of "requests" with at least one item in it.',
}

/** An item that cannot be read cannot be held for. @param index from 0 */
export function refuseItem(index: number, message: string): Refusal {
  return { code: 'runguard_malformed_request', message: `requests.${index}: ${message}` }
}
