/** The tables that the Python package ships, taken from the source of the library. */

import {
  answerRefusal,
  loadPriceBook,
  priceList,
  type RefusalCode,
  selectModel,
  TASK_MODEL_MAP,
  tierModels,
} from '@runguard/sdk/core'

/** Every code; the compiler complains about one that is missing. */
const codeNames: Readonly<Record<RefusalCode, true>> = {
  runguard_malformed_request: true,
  runguard_caller_gone: true,
  runguard_request_too_large: true,
  runguard_unsupported_encoding: true,
  runguard_unpriced_model: true,
  runguard_budget_exceeded: true,
  runguard_loop_detected: true,
  runguard_breaker_open: true,
  runguard_ledger_unavailable: true,
  runguard_upstream_unreachable: true,
  runguard_shutting_down: true,
  runguard_closed: true,
  runguard_not_loaded: true,
  runguard_key_required: true,
  runguard_key_refused: true,
}

/** All refusal codes. */
export const refusalCodes = Object.keys(codeNames) as readonly RefusalCode[]

/** Prices of all models, in whole pico-dollars per token, and the version of the book. */
export function priceTable(): object {
  const { version, picoPerWebSearch, models } = loadPriceBook(priceList)
  return { version, picoPerWebSearch, models }
}

/** Which tier does for a task, and which model serves a tier. */
export function taskTable(): object {
  const tiers = Object.entries(tierModels.current)
  const taskTiers = Object.entries(TASK_MODEL_MAP).map(([task, model]) => {
    return [task, tiers.find(([, served]) => served === model)?.[0] ?? null] as const
  })
  return { taskTiers: Object.fromEntries(taskTiers), tierModels, smallTierTokens: longestSmall() }
}

/** The most tokens that the small tier takes, found by asking. */
function longestSmall(): number {
  let [taken, lifted] = [0, 1_000_000]
  while (lifted - taken > 1) {
    const middle = Math.floor((taken + lifted) / 2)
    if (selectModel('classify', middle) === tierModels.current.small) taken = middle
    else lifted = middle
  }
  return taken
}

/** Refusal codes, and how each travels. */
export function codeTable(): object {
  const rows = refusalCodes.map((code) => {
    const { status, headers } = answerRefusal({ code, message: '' }, '')
    return [code, { status, isRetryable: headers['x-should-retry'] !== 'false' }] as const
  })
  return { codes: Object.fromEntries(rows) }
}
