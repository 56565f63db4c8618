/** Alerting: events of the engine in, messages to people and programs out, through an outbox that outlives the process. */

import {
  type Alert,
  type AlertEvent,
  type AlertPolicy,
  AlertRules,
  type CompiledBudgets,
  type Delivery,
  draftTest,
  openDelivery,
  repeatDelivery,
  stepDelivery,
} from '@runguard/sdk/core'
import { type Runtime, reachedAlerts } from '@runguard/sdk/engine'
import { type AlertQuery, type DeliveryQuery, memoryOutbox, type Store } from '@runguard/sdk/store'
import { endOrphans, findOver, type SweptStore } from './alert-sweep.js'
import { type Channel, openChannel } from './channel.js'
import { type AlertSend, httpSend } from './http-send.js'
import { Outlet } from './outlet.js'
import { StoreWatch } from './store-watch.js'
import { repeatEvery } from './timer.js'

/** What alerting is made of. */
export interface AlertingParts {
  readonly store: SweptStore & Pick<Store, 'listRecords'>
  readonly runtime: Runtime
  /** As the configuration has it. */
  readonly policy: AlertPolicy
  /** The budgets in force, so that nothing is missed that happened while nobody listened. */
  readonly budgets?: () => CompiledBudgets
  /** The price list in force, and the day it was gathered in milliseconds since the epoch. */
  readonly prices?: { readonly version: string; readonly asOf: number }
  /** By default over HTTP. */
  readonly send?: AlertSend
  /** Where the pages of this gateway are reached, for links in messages. */
  readonly publicUrl?: string
  /** The head of the audit log at this moment. */
  readonly auditHead?: () => Promise<string | null>
  /** Called when an alert was opened, acknowledged or resolved by this process. */
  readonly onChange?: (alert: Alert) => void
}

/** A channel, as it may be shown. */
export interface ChannelStanding extends Pick<Channel, 'name' | 'kind' | 'place'> {
  /** Its last message; null before the first. */
  readonly last: Delivery | null
}

/** Alerts of one gateway. */
export interface Alerting {
  /** Takes note of something. Never waits, never throws. */
  tell(event: AlertEvent): void
  /** The last opened first. */
  alerts(query: AlertQuery): Promise<readonly Alert[]>
  channels(): Promise<readonly ChannelStanding[]>
  /** Sends a test now, and gives what became of it; null if there is no such channel. */
  test(channel: string): Promise<Delivery | null>
  /** The last made first. */
  deliveries(query: DeliveryQuery): Promise<readonly Delivery[]>
  /** Sends a message once more, as a new one; null if there is no such message. */
  resend(delivery: string): Promise<Delivery | null>
  /** Null if there is no such alert that is open and that nobody has seen. @param by who has */
  acknowledge(alert: string, by: string): Promise<Alert | null>
  /** Resolves when what was told is kept, and nothing is on its way. */
  idle(): Promise<void>
  /** Ends it: what is on its way may arrive, what waits is left to the next start. */
  close(): Promise<void>
}

/** How often messages are looked for that others wrote, or that have become due. */
const TICK_MS = 1_000
/** How often is looked for what is over. */
const SWEEP_MS = 15_000
const FORGET_MS = 3_600_000

/** Opens alerting. What waits from before is sent. */
export function openAlerting(parts: AlertingParts): Alerting {
  const { runtime, policy, store } = parts
  const send = parts.send ?? httpSend(runtime)
  const channels = policy.channels.map((config) => openChannel(config, { runtime, send }))
  const { main, spare } = openOutlets(parts, channels)
  const ears = openEars(parts, main, spare)
  const stops = startRounds(parts, { main, spare, ears })
  const idle = async (): Promise<void> => {
    await ears.isReady
    await Promise.all([main.idle(), spare.idle()])
  }
  return {
    tell: ears.tell,
    alerts: (query) => store.listAlerts(query),
    channels: () => Promise.all(channels.map((channel) => standingOf(store, channel))),
    test: (name) => testChannel(parts, main, channels.find((each) => each.name === name) ?? null),
    deliveries: (query) => store.listDeliveries(query),
    resend: async (id) => {
      const delivery = await store.findDelivery(id)
      if (delivery === null) return null
      const again = repeatDelivery(runtime.id(), delivery, runtime.now())
      await store.addDelivery(again)
      main.wake([again.channel])
      return again
    },
    acknowledge: (alert, by) => main.desk.acknowledge(alert, by, runtime.now()),
    idle,
    close: async () => {
      for (const stop of stops) stop()
      await ears.isReady
      for (const outlet of [main, spare]) outlet.close()
      await idle()
      await send.close?.()
    },
  }
}

interface Outlets {
  readonly main: Outlet
  /** For the one alert that the store cannot keep: that it is away. */
  readonly spare: Outlet
}

function openOutlets(parts: AlertingParts, channels: readonly Channel[]): Outlets {
  const { runtime, policy, store, publicUrl = null, auditHead = async () => null, onChange = () => {} } = parts
  const shared = { runtime, policy, publicUrl, auditHead, onChange, channels, owner: runtime.id() }
  const main = new Outlet({ ...shared, outbox: store })
  const outbox = memoryOutbox()
  const spare = new Outlet({
    ...shared,
    outbox,
    onDone: async (signal) => {
      const alert = signal.kind === 'resolve' ? await outbox.findAlert(signal.key) : null
      if (alert !== null) await store.writeAlert({ ...alert, version: 1 }, [])
    },
  })
  return { main, spare }
}

/** What listens, and knows what is usual here. */
interface Ears {
  readonly tell: (event: AlertEvent) => void
  /** Lets time go on. */
  readonly turn: () => void
  readonly isReady: Promise<void>
}

/** Enough of the past to know what is usual. */
const PAST_RECORDS = 5_000

/** What happens before the past is known is heard right after it. */
function openEars({ runtime, policy, store }: AlertingParts, main: Outlet, spare: Outlet): Ears {
  const rules = new AlertRules(policy.watch)
  let early: AlertEvent[] | null = []
  const hear = (event: AlertEvent): void => {
    try {
      const outlet = event.kind === 'store' ? spare : main
      outlet.tell(rules.look(event))
    } catch (error) {
      runtime.log.error('alert-rule-failed', { kind: event.kind, error: String(error) })
    }
  }
  const learn = async (): Promise<void> => {
    const past = await store.listRecords(PAST_RECORDS).catch(() => [])
    for (const record of [...past].reverse()) rules.learn(record)
    const known = new Set(past.map(({ id }) => id))
    const events = early ?? []
    early = null
    for (const event of events) if (event.kind !== 'record' || !known.has(event.record.id)) hear(event)
  }
  return {
    tell: (event) => {
      if (early === null) hear(event)
      else early.push(event)
    },
    turn: () => main.tell(rules.turn(runtime.now())),
    isReady: learn(),
  }
}

function startRounds(parts: AlertingParts, { main, spare, ears }: Outlets & { readonly ears: Ears }) {
  const { runtime, store, policy, prices } = parts
  const watch = new StoreWatch(runtime, ears.tell)
  const sweep = async (): Promise<void> => {
    const at = runtime.now()
    ears.turn()
    const over = await findOver(store, at, prices?.version ?? null)
    main.tell(over.map((key) => ({ kind: 'resolve', key, at })))
  }
  const forget = async (): Promise<void> => {
    const at = runtime.now()
    if (prices !== undefined) ears.tell({ kind: 'prices', ...prices, at })
    await tellMissed(parts, ears)
    await endOrphans(store, policy, { owner: runtime.id(), at })
    await store.forgetAlerts(at - policy.keepMs)
  }
  const tick = (): void => {
    main.tick()
    spare.tick()
  }
  tick()
  void watch.use(forget)
  return [
    repeatEvery(runtime, TICK_MS, tick),
    repeatEvery(runtime, SWEEP_MS, () => void watch.use(sweep)),
    repeatEvery(runtime, FORGET_MS, () => void watch.use(forget)),
  ]
}

const MOST_BREAKERS = 200

/** What happened and was not kept, because a process died between the two. What was told is not told again. */
async function tellMissed({ store, runtime, budgets }: AlertingParts, { tell }: Ears): Promise<void> {
  for (const breaker of await store.listBreakers(MOST_BREAKERS)) tell({ kind: 'breaker', breaker })
  if (budgets === undefined) return
  for (const crossing of await reachedAlerts(budgets(), store, runtime.now())) tell({ kind: 'budget', crossing })
}

async function standingOf(store: SweptStore, { name, kind, place }: Channel): Promise<ChannelStanding> {
  const [last = null] = await store.listDeliveries({ channel: name, limit: 1 })
  return { name, kind, place, last }
}

/** Once, and at once: whoever asks is waiting for the answer. */
async function testChannel(
  { runtime, store }: AlertingParts,
  { desk }: Outlet,
  channel: Channel | null,
): Promise<Delivery | null> {
  if (channel === null) return null
  const [id, at] = [runtime.id(), runtime.now()]
  const alert = await desk.opened(draftTest(id, channel.name, at))
  const delivery = openDelivery(id, channel, { alert, action: 'trigger', at })
  const ended = stepDelivery(delivery, await channel.deliver(delivery), runtime.now(), 0)
  await store.writeAlert({ ...alert, resolvedAt: at }, [ended])
  return ended
}
