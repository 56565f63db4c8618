/** `runguard statusline`: a line for the bottom of Claude Code, which runs it and gives it JSON on stdin. */

import { cacheHitRate, formatUsd, type NanoUsd, nanoUsd, nobody, type Scope } from '@runguard/sdk/core'
import type { ReportRow } from '@runguard/sdk/store'
import { type ExitCode, exitCodes } from '../exit.js'
import { readSessionBinding, readSharedStandings } from '../operations/read-standings.js'
import { findConfig } from '../settings/config-file.js'
import type { Environment } from '../settings/environment.js'
import { choosePlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { percent, printable } from '../views/format.js'
import { bindingLine, findBinding } from '../views/standing-line.js'

/** What of Claude Code's JSON is used. */
export interface StatusFacts {
  readonly session: string | null
  readonly model: string | null
  /** By its own reckoning. */
  readonly costNano: NanoUsd | null
}

/** Prints one line. Whatever is wrong, there is a line: an error in its place would cover the session. */
export async function runStatusline(environment: Environment, input: string, options: StoreFlags): Promise<ExitCode> {
  const facts = readStatus(input)
  const cells = [facts.model === null ? null : printable(facts.model, 30)]
  try {
    const file = await findConfig(environment, options.config)
    const place = choosePlace(environment, options, file)
    const counted = await useStore<string[]>(place, [], async (store) => {
      const { session } = facts
      const nowMs = environment.now()
      const [row] = session === null ? [] : await store.report({ groupBy: 'total', session })
      const binding =
        session === null
          ? findBinding((await readSharedStandings(store, file, nowMs)).standings)
          : await readSessionBinding(store, file, await accountOf(store, session, nowMs), nowMs)
      const spent = row?.calls ? spentCells(row) : [ownReckoning(facts)]
      return [...spent, binding && bindingLine(binding)].filter((cell) => cell !== null)
    })
    cells.push(...(counted.length > 0 ? counted : [ownReckoning(facts)]))
  } catch (error) {
    const [why = ''] = (error as Error).message.split('\n')
    cells.push(ownReckoning(facts), printable(`runguard: ${why}`, 60))
  }
  environment.terminal.print(cells.filter((cell) => cell !== null).join('  ·  '))
  return exitCodes.ok
}

function spentCells(row: ReportRow): string[] {
  const rate = cacheHitRate(row)
  const cached = rate === null ? [] : [`${percent(rate)} cached`]
  return [`${formatUsd(nanoUsd(row.costNano))} session`, ...cached]
}

/** That of its last call: a user, project or team has budgets too. */
async function accountOf(store: OpenStore, session: string, nowMs: number): Promise<Scope> {
  const [last] = await store.listCalls({
    since: 0,
    until: nowMs + 1,
    filter: { session },
    order: 'newest',
    after: null,
    limit: 1,
  })
  return last?.scope ?? { ...nobody, session }
}

/** Where the session does not go through RunGuard. */
function ownReckoning({ costNano }: StatusFacts): string | null {
  return costNano === null ? null : `${formatUsd(costNano)} session, est., not guarded`
}

/** Reads the JSON; what is not there, or not as expected, is null. */
export function readStatus(input: string): StatusFacts {
  const { session_id: session, model, cost } = asFields(parse(input))
  const usd = asFields(cost).total_cost_usd
  const isMoney = typeof usd === 'number' && usd >= 0 && usd < 1e6
  return {
    session: textOf(session),
    model: textOf(asFields(model).display_name) ?? textOf(asFields(model).id),
    costNano: isMoney ? nanoUsd(Math.round(usd * 1e9)) : null,
  }
}

function parse(input: string): unknown {
  try {
    return JSON.parse(input)
  } catch {
    return null
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : null
}

function asFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
