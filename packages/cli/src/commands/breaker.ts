/** `runguard breaker`: what is stopped, and stopping and releasing by hand. */

import { type Breaker, type BreakerEvent, breakerScopes } from '@runguard/sdk/core'
import { changeBreaker } from '@runguard/sdk/engine'
import { CommandError, type ExitCode, exitCodes } from '../exit.js'
import { makeNoted } from '../operations/noted-change.js'
import { quoteId } from '../settings/budgets-in-force.js'
import type { Environment } from '../settings/environment.js'
import { changeStore, describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { StoreFlags } from '../settings/store-place.js'
import { breakerJson, breakerLine, breakerTable, shownKey } from '../views/breaker-views.js'
import { printable, wholeCount } from '../views/format.js'

/** The flags that all commands about breakers have. */
export interface BreakerFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `breaker ls`. */
export interface BreakerListFlags extends BreakerFlags {
  readonly limit: number
}

/** The flags of `breaker hold`. */
export interface BreakerHoldFlags extends BreakerFlags {
  readonly note?: string
}

/** Prints a row for each breaker that is not closed. */
export async function runBreakerList(environment: Environment, options: BreakerListFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const place = await findPlace(environment, options)
  const breakers = await useStore<readonly Breaker[]>(place, [], (store) => store.listBreakers(options.limit))
  if (options.json) terminal.print(JSON.stringify({ breakers: breakers.map(breakerJson) }))
  else if (breakers.length > 0) terminal.print(breakerTable(breakers, offsetAt, terminal.colors))
  if (breakers.length === 0) terminal.say(`All breakers of ${describePlace(place)} are closed: nothing is stopped.`)
  return exitCodes.ok
}

/** Refuses all calls of a key until it is released. */
export async function runBreakerHold(
  environment: Environment,
  key: string,
  options: BreakerHoldFlags,
): Promise<ExitCode> {
  const note = options.note === undefined ? null : requireNote(options.note)
  const event = { kind: 'hold', by: environment.operator, note, at: environment.now() } as const
  const { breaker } = await change(environment, key, event, options)
  const { terminal } = environment
  if (!options.json)
    terminal.say(`Its calls are refused until:  runguard breaker release ${quoteId(shownKey(breaker))}`)
  return exitCodes.ok
}

/** Closes a breaker. */
export async function runBreakerRelease(
  environment: Environment,
  key: string,
  options: BreakerFlags,
): Promise<ExitCode> {
  const { hasChanged } = await change(environment, key, { kind: 'release', at: environment.now() }, options)
  if (!hasChanged) environment.terminal.say('note: it was closed before; nothing has changed.')
  return exitCodes.ok
}

async function change(environment: Environment, written: string, event: BreakerEvent, options: BreakerFlags) {
  const key = requireKey(written)
  const place = await findPlace(environment, options)
  const action = event.kind === 'hold' ? 'breakers.hold' : 'breakers.reset'
  const changed = await changeStore(place, async (store) => {
    const about = { action, subject: key }
    return await makeNoted(store, environment, about, async (take) => {
      const done = await changeBreaker(store, key, event)
      take({ ...about, before: done.before.state, after: done.breaker.state })
      return done
    })
  })
  const { breaker } = changed
  environment.terminal.print(
    options.json ? JSON.stringify({ kind: 'breaker', ...breakerJson(breaker) }) : breakerLine(breaker),
  )
  return changed
}

const MAX_KEY_LENGTH = 500

function requireKey(written: string): string {
  const key = written.trim()
  const colon = key.indexOf(':')
  const isScope = (breakerScopes as readonly string[]).includes(key.slice(0, colon))
  if (colon > 0 && colon < key.length - 1 && isScope && key.length <= MAX_KEY_LENGTH && isLine(key)) return key
  throw new CommandError(
    `${JSON.stringify(printable(written))} is no key of a breaker: write ${breakerScopes.join(':…, ')}:… with a name.`,
    exitCodes.config,
  )
}

const MAX_NOTE_LENGTH = 200

function requireNote(written: string): string {
  const note = written.trim()
  if (note !== '' && note.length <= MAX_NOTE_LENGTH && isLine(note)) return note
  throw new CommandError(
    `--note is one line of up to ${wholeCount(MAX_NOTE_LENGTH)} characters: those who are refused read it.`,
    exitCodes.config,
  )
}

function isLine(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text)
}
