/** What is over by itself: windows that ended, breakers that closed, limits that were raised, lists that were renewed. */

import { type Alert, type AlertKind, type AlertPolicy, budgetAccount, stepDelivery } from '@runguard/sdk/core'
import type { OutboxStore, SessionStore, Store } from '@runguard/sdk/store'

/** What tells whether alerts are over. */
export type SweptStore = OutboxStore & Pick<Store, 'balances'> & Pick<SessionStore, 'readBreakers' | 'listBreakers'>

const AT_ONCE = 200

/** The keys of open alerts that are over at that moment. Rejects if the store does. */
export async function findOver(store: SweptStore, at: number, priceVersion: string | null): Promise<readonly string[]> {
  const ending = await store.endingAlerts(at, AT_ONCE)
  const breakers = await findClosed(store, await listOpen(store, 'breaker'))
  const budgets = await findRaised(store, await listOpen(store, 'budget'))
  const lists = (await listOpen(store, 'price-age')).filter(({ about }) => about !== `prices:${priceVersion}`)
  const over = [...ending, ...breakers, ...budgets, ...(priceVersion === null ? [] : lists)]
  return [...new Set(over.map(({ key }) => key))]
}

/** More than this stays open at once only where nobody looks. */
const MOST_OPEN = 5_000

/** Page by page: what stays open for long must not hide what is over behind it. */
async function listOpen(store: OutboxStore, kind: AlertKind): Promise<readonly Alert[]> {
  const found: Alert[] = []
  let page = await store.listAlerts({ status: 'open', kind, limit: AT_ONCE })
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    found.push(...page)
    if (page.length < AT_ONCE || found.length >= MOST_OPEN) break
    const after = { at: last.openedAt, id: last.id }
    page = await store.listAlerts({ status: 'open', kind, after, limit: AT_ONCE })
  }
  return found
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
  const accounts = await store.balances({ keys: alerts.map(budgetAccount) })
  const byKey = new Map(accounts.map((account) => [account.key, account]))
  return alerts.filter((alert) => {
    const account = byKey.get(budgetAccount(alert))
    const factOf = (name: string): number => alert.facts.find((fact) => fact.name === name)?.value ?? 0
    if (account === undefined || account.limit <= factOf('limit')) return false
    return BigInt(account.spent) * 10_000n < BigInt(account.limit) * BigInt(Math.round(factOf('threshold') * 100))
  })
}

const HOUR_MS = 3_600_000

/** Gives up what waits for channels that no gateway has any more. Rejects if the store does. */
export async function endOrphans(
  store: OutboxStore,
  { channels, giveUpAfterMs }: AlertPolicy,
  { owner, at }: { readonly owner: string; readonly at: number },
): Promise<void> {
  // Others give up by themselves; an hour more, because they may be starting.
  const after = { at: at - giveUpAfterMs - HOUR_MS, id: '' }
  const waiting = await store.listDeliveries({ status: 'waiting', after, limit: AT_ONCE })
  const known = new Set(channels.map(({ name }) => name))
  for (const channel of new Set(waiting.map((delivery) => delivery.channel))) {
    if (known.has(channel)) continue
    const taken = await store.takeDeliveries({ channel, owner, at, lockUntil: at + HOUR_MS, limit: AT_ONCE })
    for (const delivery of taken) {
      const outcome = { kind: 'refused', status: null, error: 'no gateway has this channel any more' } as const
      await store.endAttempt(stepDelivery(delivery, outcome, at, giveUpAfterMs), owner)
    }
  }
}
