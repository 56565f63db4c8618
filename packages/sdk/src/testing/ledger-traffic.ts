/** Random ledger traffic that is the same every time. */

import { nanoUsd } from '../core/cost/money.js'
import type { AccountRef, LedgerEvent } from '../core/ledger/ledger.js'
import { accountRef } from './ledger-table.js'

/** Numbers from 0 up to, not including, `bound`. */
type Dice = (bound: number) => number

/** A multiplicative generator (Park and Miller): good enough to mix events, and the same on every machine. */
function diceOf(seed: number): Dice {
  let state = seed
  return (bound) => {
    state = (state * 48_271) % 2_147_483_647
    return state % bound
  }
}

/** Groups of up to eight events on twelve holds and three accounts, legal and illegal ones mixed. */
export function randomGroups(seed: number, count: number): LedgerEvent[][] {
  const dice = diceOf(seed)
  const accountsOf = new Map<string, AccountRef[]>()
  return Array.from({ length: count }, (_, at) => {
    return Array.from({ length: 1 + dice(8) }, () => randomEvent(dice, at, accountsOf))
  })
}

function randomEvent(dice: Dice, at: number, accountsOf: Map<string, AccountRef[]>): LedgerEvent {
  const hold = `h${dice(12)}.${Math.floor(at / 10)}`
  const amount = nanoUsd(dice(60))
  const deadline = at + dice(20)
  const accounts = accountsOf.get(hold) ?? randomAccounts(dice)
  switch (dice(8)) {
    case 0:
    case 1:
    case 2:
      accountsOf.set(hold, accounts)
      return { kind: 'hold', hold, accounts, amount, owner: 'traffic', deadline, at }
    case 3:
      return { kind: 'extend', hold, accounts, amount, deadline, at }
    case 4:
      return { kind: 'settle', hold, amount, isEstimate: dice(2) === 0, at }
    case 5:
      return { kind: 'release', hold, at }
    case 6:
      return { kind: 'expire', hold, at }
    default:
      return { kind: 'void', hold, reason: 'by chance', at }
  }
}

function randomAccounts(dice: Dice): AccountRef[] {
  const accounts = ['all', 'day', 'session'].filter(() => dice(3) > 0)
  const names = accounts.length === 0 ? ['all'] : accounts
  return names.map((name) => accountRef(name, 50 + dice(400), dice(4) > 0))
}
