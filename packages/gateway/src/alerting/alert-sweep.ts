/** What is over by itself: windows that ended, breakers that closed, limits that were raised, lists that were renewed. */

import { type Alert, type AlertKind, accountOf } from '@runguard/sdk/core'
import type { OutboxStore, SessionStore, Store } from '@runguard/sdk/store'

/** What tells whether alerts are over. */
export type SweptStore = OutboxStore & Pick<Store, 'balances'> & Pick<SessionStore, 'readBreakers'>

const AT_ONCE = 200

/** The keys of open alerts that are over at that moment. Rejects if the store does. */
export async function findOver(store: SweptStore, at: number, priceVersion: string | null): Promise<readonly string[]> {
  const listOpen = (kind: AlertKind) => store.listAlerts({ status: 'open', kind, limit: AT_ONCE })
  const ending = await store.endingAlerts(at, AT_ONCE)
  const breakers = await findClosed(store, await listOpen('breaker'))
  const budgets = await findRaised(store, await listOpen('budget'))
  const lists = (await listOpen('price-age')).filter(({ about }) => about !== `prices:${priceVersion}`)
  const over = [...ending, ...breakers, ...budgets, ...(priceVersion === null ? [] : lists)]
  return [...new Set(over.map(({ key }) => key))]
}

async function findClosed(store: SweptStore, alerts: readonly Alert[]): Promise<readonly Alert[]> {
  if (alerts.length === 0) return []
  const breakers = await store.readBreakers(alerts.map(({ about }) => about))
  const stateByKey = new Map(breakers.map(({ key, state }) => [key, state.kind]))
  return alerts.filter(({ about }) => (stateByKey.get(about) ?? 'closed') === 'closed')
}

/** A budget with a higher limit that is not used so far. */
async function findRaised(store: SweptStore, alerts: readonly Alert[]): Promise<readonly Alert[]> {
  if (alerts.length === 0) return []
  const accounts = await store.balances({ keys: alerts.map(accountOf) })
  const byKey = new Map(accounts.map((account) => [account.key, account]))
  return alerts.filter((alert) => {
    const account = byKey.get(accountOf(alert))
    const factOf = (name: string): number => alert.facts.find((fact) => fact.name === name)?.value ?? 0
    if (account === undefined || account.limit <= factOf('limit')) return false
    return BigInt(account.spent) * 10_000n < BigInt(account.limit) * BigInt(Math.round(factOf('threshold') * 100))
  })
}
