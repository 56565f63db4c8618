/** Budgets that no call can meet so far: said, so that nobody relies on them. */

import type { Budget } from '@runguard/sdk/core'
import { printable } from '../views/format.js'
import { quoteId } from './budgets-in-force.js'

/** A sentence for each active budget of a team or a key: only a gateway key could tell whose a call is. */
export function unmatchedWarnings(budgets: readonly Budget[]): string[] {
  return budgets
    .filter(isUnmatched)
    .map(
      ({ id, scope: { kind } }) =>
        `The budget ${quoteId(printable(id))} counts nothing yet: which ${kind} a call belongs to is told by its gateway ` +
        'key, and this version has no gateway keys. Budgets for a project, user, tag or session count.',
    )
}

function isUnmatched({ scope, isPaused }: Budget): boolean {
  return !isPaused && (scope.kind === 'team' || scope.kind === 'key')
}
