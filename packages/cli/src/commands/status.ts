/** `runguard status`: on one screen, what is spent, which budget decides, and whether a gateway runs. */

import { decimalUsd, formatUsd, nanoUsd } from '@runguard/sdk/core'
import type { ReportRow } from '@runguard/sdk/store'
import { type ExitCode, exitCodes } from '../exit.js'
import { type Ping, pingGateway } from '../operations/gateway-ping.js'
import { readSharedStandings, type Standings } from '../operations/read-standings.js'
import { findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { choosePlace, describePlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { wholeCount } from '../views/format.js'
import { parseSince } from '../views/moments.js'
import { bindingLine, findBinding } from '../views/standing-line.js'

/** The flags of `status`. */
export interface StatusOptions extends StoreFlags {
  readonly gateway: string
  readonly json?: boolean
}

interface Facts {
  readonly standings: Standings
  readonly today: Spent
  readonly week: Spent
}

/** Money in nano-dollars. */
interface Spent {
  readonly calls: number
  readonly costNano: number
}

/** Prints what a person asks first. */
export async function runStatus(environment: Environment, options: StatusOptions): Promise<ExitCode> {
  const { terminal, now } = environment
  const file = await findConfig(environment, options.config)
  const place = choosePlace(environment, options, file)
  const found = await useStore<Facts | null>(place, null, async (store) => ({
    standings: await readSharedStandings(store, file, now()),
    today: sum(await store.report({ groupBy: 'total', since: startOfToday(environment) })),
    week: sum(await store.report({ groupBy: 'total', since: now() - 7 * 86_400_000 })),
  }))
  const nothing: Spent = { calls: 0, costNano: 0 }
  const facts = found ?? { standings: await readSharedStandings(null, file, now()), today: nothing, week: nothing }
  const ping = await pingGateway(options.gateway)
  const { today, week, standings } = facts
  const least = findBinding(standings.standings)
  const binding = least === null ? null : bindingLine(least)
  const gateway = { url: options.gateway, version: ping.version, isSilent: ping.kind === 'silent' }
  const spent = { today: spentJson(today), week: spentJson(week) }
  if (options.json) terminal.print(JSON.stringify({ ...spent, budget: binding, gateway, store: describePlace(place) }))
  else {
    terminal.print(`today     ${spentText(today)}`)
    terminal.print(`7 days    ${spentText(week)}`)
    terminal.print(`budget    ${binding ?? "none that refuses:  runguard budget add '$20' --per month"}`)
    terminal.print(`gateway   ${gatewayText(gateway.url, ping)}`)
    terminal.print(`store     ${describePlace(place)}`)
  }
  return exitCodes.ok
}

function gatewayText(url: string, { kind, version }: Ping): string {
  if (kind === 'answers') return `${url}, ${version}`
  return kind === 'silent' ? `${url} does not answer: it hangs` : `none at ${url}:  runguard`
}

function startOfToday({ now, offsetAt }: Environment): number {
  const nowMs = now()
  const day = new Date(nowMs + offsetAt(nowMs) * 60_000).toISOString().slice(0, 10)
  return parseSince(day, { nowMs, offsetAt })
}

function sum(rows: readonly ReportRow[]): Spent {
  return { calls: rows[0]?.calls ?? 0, costNano: rows[0]?.costNano ?? 0 }
}

function spentText({ calls, costNano }: Spent): string {
  return `${formatUsd(nanoUsd(costNano))} in ${calls === 1 ? '1 call' : `${wholeCount(calls)} calls`}`
}

function spentJson({ calls, costNano }: Spent) {
  return { calls, costUsd: decimalUsd(nanoUsd(costNano)), costNanoUsd: costNano }
}
