/** Ledger cases as text: one event a line, the answer at the end. The same tables run against rules and stores. */

import assert from 'node:assert/strict'
import { nanoUsd } from '../core/cost/money.js'
import type { Account, AccountRef, LedgerEvent, LedgerResult } from '../core/ledger/ledger.js'

/** What a table is played to: a store, or anything else that answers events. */
export interface PlayedLedger {
  post(events: readonly LedgerEvent[]): Promise<readonly LedgerResult[]>
  balance(key: string): Promise<Pick<Account, 'spent' | 'held'> | null>
}

/** A named table. */
export interface LedgerCase {
  readonly name: string
  readonly table: string
}

/**
 * Plays a table, line by line. Amounts are nano-dollars; an event happens at the table's clock, which starts at 0.
 *
 *     limit   day 100            an account and its limit, from here on (`observe day 100`: counted, never refused)
 *     hold    a 60 day+session   -> held
 *     extend  a 70               -> extended           to a total, on the accounts of the hold
 *     settle  a 50               -> settled            (`estimate a 50`: not the last word)
 *     release a                  -> already-settled    (so do `expire a` and `void a`)
 *     balance day 50 0           spent and held
 *     clock   1000               it is now so many milliseconds; holds are due 1000 ms after they were opened
 *
 * An answer may be followed by what it says: the account that refused and what is left on it
 * (`-> exceeds-limit day 40`), or the accounts whose limit was passed and by how much (`-> settled day+5`).
 */
export async function playLedger(ledger: PlayedLedger, table: string): Promise<void> {
  const player: Player = { ledger, nowMs: 0, accounts: new Map(), holds: new Map() }
  for (const line of table.split('\n')) {
    const [command = '', expected] = line.split('->').map((part) => part.trim().replace(/\s+/g, ' '))
    if (command === '') continue
    const answer = await playLine(player, command.split(' '))
    assert.equal(answer, expected, `${command} -> ${answer}, expected: ${expected}`)
  }
}

/** How long after its opening a hold of a table is due. */
const TERM_MS = 1_000

interface Player {
  readonly ledger: PlayedLedger
  nowMs: number
  readonly accounts: Map<string, AccountRef>
  /** The accounts each hold was asked on. */
  readonly holds: Map<string, readonly string[]>
}

async function playLine(player: Player, words: readonly string[]): Promise<string | undefined> {
  const [verb = '', name = '', ...rest] = words
  if (verb === 'limit' || verb === 'observe') {
    player.accounts.set(name, accountRef(name, Number(rest[0]), verb === 'limit'))
    return undefined
  }
  if (verb === 'clock') {
    player.nowMs = Number(name)
    return undefined
  }
  if (verb === 'balance') {
    const account = await player.ledger.balance(name)
    assert.deepEqual([account?.spent, account?.held], rest.map(Number), words.join(' '))
    return undefined
  }
  const [result] = await player.ledger.post([eventOf(player, verb, name, rest)])
  assert.ok(result)
  return describeResult(result)
}

/** An account of the table: its name is budget, scope and key, and its window never ends. */
export function accountRef(name: string, limit: number, isEnforced = true): AccountRef {
  const words = { key: name, budget: name, scope: 'everything' }
  return { ...words, windowStart: 0, windowEnd: null, limit: nanoUsd(limit), isEnforced }
}

function eventOf(player: Player, verb: string, hold: string, rest: readonly string[]): LedgerEvent {
  const at = player.nowMs
  const amount = nanoUsd(Number(rest[0] ?? 0))
  const deadline = at + TERM_MS
  switch (verb) {
    case 'hold':
      player.holds.set(hold, rest[1]?.split('+') ?? [])
      return { kind: 'hold', hold, amount, accounts: accountsOf(player, hold), owner: 'table', deadline, at }
    case 'extend':
      return { kind: 'extend', hold, amount, accounts: accountsOf(player, hold), deadline, at }
    case 'settle':
    case 'estimate':
      return { kind: 'settle', hold, amount, isEstimate: verb === 'estimate', at }
    case 'release':
    case 'expire':
      return { kind: verb, hold, at }
    case 'void':
      return { kind: 'void', hold, reason: 'the table says so', at }
    default:
      throw new Error(`unknown word in a ledger table: ${verb}`)
  }
}

function accountsOf(player: Player, hold: string): AccountRef[] {
  const names = player.holds.get(hold) ?? [...player.accounts.keys()].slice(0, 1)
  return names.map((name) => {
    const ref = player.accounts.get(name)
    assert.ok(ref, `the table uses the account ${name} before it gives it a limit`)
    return ref
  })
}

function describeResult(result: LedgerResult): string {
  if (result.kind === 'exceeds-limit') {
    const { key, limit, spent, held } = result.binding.account
    return `exceeds-limit ${key} ${limit - spent - held}`
  }
  if (result.kind === 'overflows') return `overflows ${result.account}`
  if (!('passed' in result)) return result.kind
  const passed = result.passed.map(({ account, needed }) => {
    return ` ${account.key}+${account.spent + account.held + needed - account.limit}`
  })
  return result.kind + passed.join('')
}
