/** What an event must look like. A broken one is a mistake in the program, so it throws before anything is changed. */

import type { AccountRef, LedgerEvent } from './ledger.js'

const MAX_TEXT_LENGTH = 2_000
const MAX_ACCOUNTS = 1_000
/** What not every database can keep, and what would therefore come back as another key. */
const UNKEEPABLE = /[\p{Cc}\p{Cs}]/u

/**
 * Throws `TypeError` if an event cannot be meant: a negative or fractional amount, no account or one twice, an empty id
 * or reason, text that a store could not give back as it was.
 */
export function assertEvent(event: LedgerEvent): void {
  assertText(event.hold, 'hold')
  assertTime(event.at, 'at')
  if (event.kind === 'void') assertText(event.reason, 'reason')
  if (event.kind === 'settle') assertAmount(event.amount, 'amount')
  if (event.kind === 'hold') assertText(event.owner, 'owner')
  if (event.kind !== 'hold' && event.kind !== 'extend') return
  assertAmount(event.amount, 'amount')
  assertTime(event.deadline, 'deadline')
  assertAccounts(event.accounts)
}

function assertAccounts(accounts: readonly AccountRef[]): void {
  assertThat(accounts.length > 0 && accounts.length <= MAX_ACCOUNTS, `a hold cannot have ${accounts.length} accounts`)
  assertThat(new Set(accounts.map(({ key }) => key)).size === accounts.length, 'a hold names an account twice')
  for (const account of accounts) {
    assertText(account.key, 'account key')
    assertText(account.budget, 'budget')
    if (account.scope !== '') assertText(account.scope, 'scope')
    assertAmount(account.limit, 'limit')
    assertTime(account.windowStart, 'windowStart')
    if (account.windowEnd !== null) assertTime(account.windowEnd, 'windowEnd')
  }
}

function assertText(text: string, name: string): void {
  const isUsable = text !== '' && text.length <= MAX_TEXT_LENGTH && !UNKEEPABLE.test(text)
  // The sentence only where it is needed: several of these are checked for every call.
  if (!isUsable) assertThat(false, `unusable ${name}: ${quote(text)}`)
}

function assertAmount(amount: number, name: string): void {
  assertThat(Number.isSafeInteger(amount) && amount >= 0, `unusable ${name}: ${amount}`)
}

function assertTime(ms: number, name: string): void {
  assertThat(Number.isSafeInteger(ms), `unusable ${name}: ${ms}`)
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}

function assertThat(isSo: boolean, sentence: string): asserts isSo {
  if (!isSo) throw new TypeError(`ledger: ${sentence}`)
}

/**
 * What the ledger kept contradicts itself: somebody changed it, or lost a part of it. Nothing can be posted to the account
 * or the hold in question until an operator has looked at it; everything else goes on.
 */
export class LedgerDamageError extends Error {
  override readonly name = 'LedgerDamageError'

  constructor(sentence: string, options?: ErrorOptions) {
    super(`ledger: ${sentence}`, options)
  }
}

/** Throws {@link LedgerDamageError} with the sentence unless it is so. */
export function assertSound(isSo: boolean, sentence: string): asserts isSo {
  if (!isSo) throw new LedgerDamageError(sentence)
}
