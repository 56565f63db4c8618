/** `runguard session`: sessions and their loops. Gateways on the same store ask for an operator's word where they stop. */

import { type SessionWord, sayOfSession } from '@runguard/sdk/engine'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { makeNoted } from '../operations/noted-change.js'
import type { Environment } from '../settings/environment.js'
import { changeStore, describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { changeLine, markJson, sessionJson, sessionTable } from '../views/session-views.js'

/** The flags that all commands about sessions have. */
export interface SessionFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `session ls`. */
export interface SessionListFlags extends SessionFlags {
  readonly limit: number
}

/** Prints a row for each session. */
export async function runSessionList(environment: Environment, options: SessionListFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const place = await findPlace(environment, options)
  const rows = await useStore(place, [], (store) => store.listSessions(options.limit))
  if (options.json) terminal.print(JSON.stringify({ sessions: rows.map(sessionJson) }))
  else if (rows.length > 0) terminal.print(sessionTable(rows, offsetAt, terminal.colors))
  if (rows.length === 0) terminal.say(`No sessions in ${describePlace(place)}: none called a tool in the last days.`)
  return exitCodes.ok
}

/** Puts down what the operator says about a session. */
export async function runSessionChange(
  environment: Environment,
  change: SessionWord,
  id: string,
  options: SessionFlags,
): Promise<ExitCode> {
  const { terminal, operator } = environment
  const session = requireSession(id)
  const at = environment.now()
  const place = await findPlace(environment, options)
  const { mark, isKnown } = await changeStore(place, async (store) => {
    const about = { action: `sessions.${change}`, subject: session }
    return await makeNoted(store, environment, about, async (take) => {
      const before = await store.findMark(session)
      const said = await sayOfSession(store, change, { session, by: operator, at })
      take({ ...about, before, after: said.mark })
      return said
    })
  })
  if (options.json) terminal.print(JSON.stringify({ kind: 'session', session, ...markJson(mark) }))
  else terminal.print(changeLine(change, mark))
  if (!isKnown) {
    terminal.say(
      'note: nothing was known of this session so far. If the id is wrong, find it with:  runguard session ls',
    )
  }
  return exitCodes.ok
}

const MAX_ID_LENGTH = 500

function requireSession(id: string): string {
  const session = id.trim()
  if (session !== '' && session.length <= MAX_ID_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(session)) return session
  throw new CommandError(
    'The id of a session is one line of text. Find it in the refusal, or with:  runguard session ls',
    exitCodes.config,
  )
}
