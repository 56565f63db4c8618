/** `runguard key`: gateway keys, which say on whose account a call runs. */

import { type Changed, createKey, revokeGatewayKey, rotateGatewayKey, shownKey } from '@runguard/gateway/access'
import type { Budget, GatewayKey } from '@runguard/sdk/core'
import type { KeyRow } from '@runguard/sdk/store'
import { type ExitCode, exitCodes } from '../exit.js'
import { putBudget } from '../operations/budget-change.js'
import { type ChangeNote, makeNoted } from '../operations/noted-change.js'
import { changeTeam } from '../operations/team-change.js'
import type { Environment } from '../settings/environment.js'
import { describePlace, findPlace, useStore } from '../settings/open-store.js'
import type { OpenStore, StoreFlags } from '../settings/store-place.js'
import { type CheckedBudget, writeBudget } from '../settings/written-budget.js'
import { keyIdOf, readExpiry, readGrace, readKeyBudget, readName, requireName } from '../settings/written-team.js'
import { budgetJson, budgetLine } from '../views/budget-views.js'
import { wholeCount } from '../views/format.js'
import { keyJson, keyTable } from '../views/key-views.js'

/** The flags that all commands about keys have. */
export interface KeyFlags extends StoreFlags {
  readonly json?: boolean
}

/** The flags of `key add`. */
export interface KeyAddFlags extends KeyFlags {
  readonly team?: string
  readonly user?: string
  readonly project?: string
  readonly expires?: string
  readonly budget?: string
}

/** The flags of `key ls`. */
export interface KeyListFlags extends KeyFlags {
  readonly limit: number
  readonly all?: boolean
}

/** Makes a key and prints it, which happens once. */
export async function runKeyAdd(environment: Environment, name: string, options: KeyAddFlags): Promise<ExitCode> {
  const { terminal, operator } = environment
  const nowMs = environment.now()
  const wishes = {
    name: requireName('The name of a key', name),
    team: readName('--team', options.team),
    user: readName('--user', options.user),
    project: readName('--project', options.project),
    expiresAt: options.expires === undefined ? null : readExpiry(options.expires, nowMs),
  }
  // What is wrong with the budget is said before there is a key.
  if (options.budget !== undefined) budgetFor('rgk_new', options.budget)
  const made = await changeTeam(environment, options, async (store) => {
    const { after, secret } = await changeKey(environment, store, ['keys.create', ''], () =>
      createKey(store, wishes, operator, nowMs),
    )
    const budget = options.budget === undefined ? null : await addBudget(environment, store, after.id, options.budget)
    return { key: after, secret, budget }
  })
  showSecret(environment, options, { kind: 'key-added', ...made }, nowMs)
  if (made.budget !== null && !options.json) terminal.say(budgetLine(made.budget))
  return exitCodes.ok
}

function budgetFor(key: string, written: string): CheckedBudget {
  return writeBudget({ ...readKeyBudget(written), scope: `key:${key}` })
}

async function addBudget(environment: Environment, store: OpenStore, key: string, written: string): Promise<Budget> {
  const { budget, stored } = budgetFor(key, written)
  await putBudget(environment, store, null, stored)
  return budget
}

/** Prints a row for each key. */
export async function runKeyList(environment: Environment, options: KeyListFlags): Promise<ExitCode> {
  const { terminal, offsetAt } = environment
  const nowMs = environment.now()
  const place = await findPlace(environment, options)
  const found = await useStore<readonly KeyRow[]>(place, [], (store) => store.listKeys({ limit: options.limit }))
  const rows = found.filter(({ key }) => options.all === true || key.revokedAt === null)
  if (options.json) {
    terminal.print(JSON.stringify({ keys: rows.map(({ key, lastUsedAt }) => keyJson(key, nowMs, lastUsedAt)) }))
  } else if (rows.length > 0) terminal.print(keyTable(rows, { nowMs, offsetAt, colors: terminal.colors }))
  if (found.length >= options.limit) {
    terminal.say(
      `Older keys than the newest ${wholeCount(found.length)} were not looked at. See them with a higher --limit.`,
    )
  } else if (rows.length === 0) {
    terminal.say(`No keys in ${describePlace(place)}. Make one with:  runguard key add ci --team web --budget '$5/day'`)
  }
  return exitCodes.ok
}

/** Gives a key another secret and prints that, which happens once. */
export async function runKeyRotate(
  environment: Environment,
  written: string,
  options: KeyFlags & { readonly grace: string },
): Promise<ExitCode> {
  const [id, graceMs, nowMs] = [keyIdOf(written), readGrace(options.grace), environment.now()]
  const { after, secret } = await changeTeam(environment, options, (store) =>
    changeKey(environment, store, ['keys.rotate', id], () => rotateGatewayKey(store, id, nowMs, graceMs)),
  )
  showSecret(environment, options, { kind: 'key-rotated', key: after, secret, budget: null }, nowMs)
  const until = graceMs === 0 ? 'is not accepted any more' : `is accepted for ${options.grace} more`
  environment.terminal.say(`The secret from before ${until}.`)
  return exitCodes.ok
}

/** Ends a key. */
export async function runKeyRevoke(environment: Environment, written: string, options: KeyFlags): Promise<ExitCode> {
  const { terminal } = environment
  const [id, nowMs] = [keyIdOf(written), environment.now()]
  const { after } = await changeTeam(environment, options, (store) =>
    changeKey(environment, store, ['keys.revoke', id], () => revokeGatewayKey(store, id, nowMs)),
  )
  if (options.json) terminal.print(JSON.stringify({ kind: 'key-revoked', key: keyJson(after, nowMs) }))
  else terminal.print(`${after.id}: revoked`)
  terminal.say('Gateways on this store refuse it within seconds.')
  return exitCodes.ok
}

function changeKey<T extends Changed<GatewayKey>>(
  environment: Environment,
  store: OpenStore,
  [action, subject]: readonly [action: string, id: string],
  work: () => Promise<T>,
): Promise<T> {
  return makeNoted(store, environment, { action, subject }, async (take) => {
    const changed = await work()
    take(noteOf(action, changed))
    return changed
  })
}

function noteOf(action: string, { before, after }: Changed<GatewayKey>): ChangeNote {
  return { action, subject: after.id, before: before === null ? null : shownKey(before), after: shownKey(after) }
}

interface Shown {
  readonly kind: 'key-added' | 'key-rotated'
  readonly key: GatewayKey
  readonly secret: string
  readonly budget: Budget | null
}

function showSecret({ terminal }: Environment, { json }: KeyFlags, shown: Shown, nowMs: number): void {
  const { kind, key, secret, budget } = shown
  if (json) {
    const ofBudget = budget === null ? null : budgetJson(budget)
    terminal.print(JSON.stringify({ kind, key: keyJson(key, nowMs), secret, budget: ofBudget }))
    return
  }
  terminal.print(secret)
  terminal.say('This is the only time that the key is shown. Clients send it where the API key goes.')
}
