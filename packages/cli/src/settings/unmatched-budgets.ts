/** Budgets that no call can meet so far: said, so that nobody relies on them. */

import type { Budget, GatewayKey } from '@runguard/sdk/core'
import type { TeamStore } from '@runguard/sdk/store'
import { printable } from '../views/format.js'
import { quoteId } from './budgets-in-force.js'

const MAX_KEYS = 100_000

/** A sentence for each active budget of a team or a key that has no gateway key. @param store null: there is none yet */
export async function unmatchedWarnings(
  budgets: readonly Budget[],
  store: Pick<TeamStore, 'listKeys'> | null,
): Promise<string[]> {
  const ofKeys = budgets.filter(({ scope, isPaused }) => !isPaused && (scope.kind === 'team' || scope.kind === 'key'))
  if (ofKeys.length === 0) return []
  const rows = (await store?.listKeys({ limit: MAX_KEYS })) ?? []
  const keys = rows.map(({ key }) => key).filter(({ revokedAt }) => revokedAt === null)
  return ofKeys.filter((budget) => !keys.some((key) => isMetBy(budget, key))).map(warning)
}

function isMetBy({ scope: { kind, name } }: Budget, { id, team }: GatewayKey): boolean {
  const own = kind === 'key' ? id : team
  return own !== null && (name === '*' || name === own)
}

function warning({ id, scope: { kind, name } }: Budget): string {
  const each = kind === 'team' ? ' of a team' : ''
  const whose = name === '*' ? each : ` of the ${kind} ${quoteId(printable(name))}`
  const wayOut =
    kind === 'team'
      ? `runguard key add NAME --team ${name === '*' ? 'TEAM' : quoteId(printable(name))}`
      : 'runguard key ls'
  return `The budget ${quoteId(printable(id))} counts nothing: there is no gateway key${whose}. See:  ${wayOut}`
}
