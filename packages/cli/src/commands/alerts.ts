/** `runguard alerts`: what was told, whom it reached, and what a person does about it. */

import { AlertDesk, httpSend, openChannel } from '@runguard/gateway'
import {
  type Alert,
  acknowledgeAlert,
  type ChannelConfig,
  type Delivery,
  defaultAlertPolicy,
  draftTest,
  openAlert,
  openDelivery,
  repeatDelivery,
  stepDelivery,
} from '@runguard/sdk/core'
import { systemRuntime } from '@runguard/sdk/engine'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { makeNoted } from '../operations/noted-change.js'
import { findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { changeStore, describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { alertJson, alertTable, deliveryJson, deliveryLine, deliveryTable } from '../views/alert-views.js'
import { printable } from '../views/format.js'

/** The flags that all commands about alerts have. */
export interface AlertFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `alerts ls`. */
export interface AlertListFlags extends AlertFlags {
  readonly limit: number
  readonly state?: 'open' | 'acknowledged' | 'resolved'
}

/** The flags of `alerts deliveries`. */
export interface DeliveryListFlags extends AlertFlags {
  readonly limit: number
  readonly channel?: string
  readonly state?: 'waiting' | 'delivered' | 'failed'
}

/** Prints a row for each alert. */
export async function runAlertList(environment: Environment, options: AlertListFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const { limit, state, json } = options
  const place = await findPlace(environment, options)
  const query = { limit, ...(state === undefined ? {} : { status: state }) }
  const alerts = await useStore<readonly Alert[]>(place, [], (store) => store.listAlerts(query))
  if (json) terminal.print(JSON.stringify({ alerts: alerts.map(alertJson) }))
  else if (alerts.length > 0) terminal.print(alertTable(alerts, offsetAt, terminal.colors))
  if (alerts.length === 0) terminal.say(`No alerts in ${describePlace(place)}.`)
  return exitCodes.ok
}

/** Prints a row for each message to a channel. */
export async function runDeliveryList(environment: Environment, options: DeliveryListFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const { limit, state, channel, json } = options
  const place = await findPlace(environment, options)
  const query = {
    limit,
    ...(state === undefined ? {} : { status: state }),
    ...(channel === undefined ? {} : { channel }),
  }
  const deliveries = await useStore<readonly Delivery[]>(place, [], (store) => store.listDeliveries(query))
  if (json) terminal.print(JSON.stringify({ deliveries: deliveries.map(deliveryJson) }))
  else if (deliveries.length > 0) terminal.print(deliveryTable(deliveries, offsetAt, terminal.colors))
  if (deliveries.length === 0) terminal.say(`No messages in ${describePlace(place)}.`)
  return exitCodes.ok
}

/** Sends a test to one channel of the configuration, or to all, from here. Fails if one does not take it. */
export async function runAlertTest(
  environment: Environment,
  name: string | null,
  options: AlertFlags,
): Promise<ExitCode> {
  const { terminal } = environment
  const channels = await findChannels(environment, name, options)
  const sent = await Promise.all(channels.map((channel) => sendTest(environment, channel)))
  if (options.json) terminal.print(JSON.stringify({ deliveries: sent.map(deliveryJson) }))
  else for (const delivery of sent) terminal.print(deliveryLine(delivery))
  return sent.every(({ status }) => status === 'delivered') ? exitCodes.ok : exitCodes.failure
}

async function findChannels(
  environment: Environment,
  name: string | null,
  options: AlertFlags,
): Promise<readonly ChannelConfig[]> {
  const file = await findConfig(environment, options.config)
  const { channels } = file?.config.alerts ?? defaultAlertPolicy
  const chosen = channels.filter((channel) => name === null || channel.name === name)
  if (chosen.length > 0) return chosen
  const known = channels.map((channel) => channel.name).join(', ')
  throw new CommandError(
    channels.length === 0
      ? 'No channels are configured: write them under alerts: channels: in runguard.yaml.'
      : `No channel has the name ${JSON.stringify(printable(name ?? ''))}. There are: ${known}.`,
    exitCodes.config,
  )
}

async function sendTest({ now }: Environment, config: ChannelConfig): Promise<Delivery> {
  const runtime = systemRuntime()
  const send = httpSend(runtime)
  const [id, at] = [runtime.id(), now()]
  const alert = openAlert(draftTest(id, config.name, at), { id, links: [], auditHead: null })
  const delivery = openDelivery(id, config, { alert, action: 'trigger', at })
  try {
    return stepDelivery(delivery, await openChannel(config, { runtime, send }).deliver(delivery), now(), 0)
  } finally {
    await send.close?.()
  }
}

/** Sends a message once more: a running gateway takes it within seconds. */
export async function runAlertResend(environment: Environment, id: string, options: AlertFlags): Promise<ExitCode> {
  const { terminal, now } = environment
  const place = await findPlace(environment, options)
  const again = await changeStore(place, async (store) => {
    const delivery = await store.findDelivery(id)
    if (delivery === null) throw unknown('message', id, 'runguard alerts deliveries')
    const about = { action: 'alerts.resend', subject: id }
    return await makeNoted(store, environment, about, async (take) => {
      const repeated = repeatDelivery(systemRuntime().id(), delivery, now())
      await store.addDelivery(repeated)
      take({ ...about, before: null, after: { resentAs: repeated.id } })
      return repeated
    })
  })
  if (options.json) terminal.print(JSON.stringify(deliveryJson(again)))
  else terminal.print(`${again.id}: waits for a running gateway to send it to ${again.channel}`)
  return exitCodes.ok
}

/** Says that somebody has seen an alert. */
export async function runAlertAcknowledge(
  environment: Environment,
  id: string,
  options: AlertFlags,
): Promise<ExitCode> {
  const { terminal, now, operator } = environment
  const place = await findPlace(environment, options)
  const alert = await changeStore(place, async (store) => {
    const known = await store.findAlert(id)
    if (known === null) throw unknown('alert', id, 'runguard alerts ls')
    const isOver = acknowledgeAlert(known, operator, now()) === null
    const changed = isOver ? null : await acknowledge(environment, store, known)
    if (changed === null) terminal.say('note: it is over, or somebody has seen it; nothing has changed.')
    return changed ?? known
  })
  terminal.print(options.json ? JSON.stringify(alertJson(alert)) : `${alert.id}: ${printable(alert.title)}`)
  return exitCodes.ok
}

/** Null if somebody else was faster. */
function acknowledge(environment: Environment, store: OpenStore, { id, key }: Alert): Promise<Alert | null> {
  const desk = new AlertDesk({
    outbox: store,
    runtime: systemRuntime(),
    policy: defaultAlertPolicy,
    publicUrl: null,
    auditHead: async () => null,
    onChange: () => {},
    onQueued: () => {},
  })
  const about = { action: 'alerts.acknowledge', subject: key }
  return makeNoted(store, environment, about, async (take) => {
    const changed = await desk.acknowledge(id, environment.operator, environment.now())
    take({ ...about, before: null, after: changed?.acknowledged ?? null })
    return changed
  })
}

function unknown(what: string, id: string, command: string): CommandError {
  return new CommandError(`There is no ${what} ${JSON.stringify(printable(id))}. See them with:  ${command}`)
}
