import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ledgerCases } from '../../testing/ledger-cases.js'
import { accountRef, playLedger } from '../../testing/ledger-table.js'
import { nanoUsd, zeroUsd } from '../cost/money.js'
import type { Account, AccountRef, Hold, LedgerEntry, LedgerEvent, LedgerResult } from './ledger.js'
import { verifyLedger } from './ledger-audit.js'
import { applyEvents, touchedAccounts, touchedHolds } from './ledger-posting.js'

/** A ledger that keeps what the rules say, giving them no more than they ask for. */
function openLedger() {
  const accounts = new Map<string, Account>()
  const holds = new Map<string, Hold>()
  const entries: LedgerEntry[] = []
  const post = (events: readonly LedgerEvent[]): readonly LedgerResult[] => {
    const touched = pick(holds, touchedHolds(events))
    const state = { holds: touched, accounts: pick(accounts, touchedAccounts(events, touched.values())) }
    const posting = applyEvents(state, events)
    for (const account of posting.accounts) accounts.set(account.key, account)
    for (const hold of posting.holds) holds.set(hold.id, hold)
    entries.push(...posting.entries)
    return posting.results
  }
  const books = () => ({ accounts: [...accounts.values()], holds: [...holds.values()], entries: [...entries] })
  return { accounts, holds, entries, post, books }
}

function pick<T>(items: ReadonlyMap<string, T>, keys: readonly string[]): Map<string, T> {
  return new Map(keys.flatMap((key) => (items.has(key) ? [[key, items.get(key) as T] as const] : [])))
}

describe('the ledger', () => {
  it.each(ledgerCases)('$name', async ({ table }) => {
    const ledger = openLedger()
    const played = {
      post: async (events: readonly LedgerEvent[]) => ledger.post(events),
      balance: async (key: string) => ledger.accounts.get(key) ?? null,
    }
    await playLedger(played, table)
    expect(verifyLedger(ledger.books())).toEqual([])
  })

  const valid: LedgerEvent = {
    kind: 'hold',
    hold: 'a',
    accounts: [accountRef('day', 10)],
    amount: nanoUsd(1),
    owner: 'me',
    deadline: 1,
    at: 0,
  }
  it.each<[string, LedgerEvent]>([
    ['a negative amount', { ...valid, amount: nanoUsd(-1) }],
    ['a fraction of a unit', { ...valid, amount: 0.5 as typeof zeroUsd }],
    ['no account', { ...valid, accounts: [] }],
    ['an account twice', { ...valid, accounts: [accountRef('day', 10), accountRef('day', 20)] }],
    ['a key that no database keeps', { ...valid, accounts: [accountRef('day\0', 10)] }],
    ['half a character', { ...valid, hold: '\ud800' }],
    ['an empty id', { ...valid, hold: '' }],
    ['a time that is none', { ...valid, deadline: Number.NaN }],
    ['a void without a reason', { kind: 'void', hold: 'a', reason: '', at: 0 }],
  ])('takes %s for a mistake in the program, and nothing of its group happens', (_, broken) => {
    const ledger = openLedger()
    expect(() => ledger.post([valid, broken])).toThrow(TypeError)
    expect(ledger.books()).toEqual({ accounts: [], holds: [], entries: [] })
  })
})

const names = ['everything', 'day', 'session']
const refs = fc
  .subarray(names, { minLength: 1 })
  .chain((keys) => fc.tuple(...keys.map((key) => accountRefs(key))) as fc.Arbitrary<AccountRef[]>)

function accountRefs(key: string): fc.Arbitrary<AccountRef> {
  return fc
    .tuple(fc.integer({ min: 0, max: 100 }), fc.boolean())
    .map(([limit, isEnforced]) => accountRef(key, limit, isEnforced))
}

const hold = fc.constantFrom('a', 'b', 'c', 'd')
const amount = fc.integer({ min: 0, max: 60 }).map(nanoUsd)
const at = fc.integer({ min: 0, max: 20 })
const deadline = fc.integer({ min: 0, max: 20 })
const anyEvent: fc.Arbitrary<LedgerEvent> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('hold'), hold, accounts: refs, amount, owner: hold, deadline, at }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('extend'), hold, accounts: refs, amount, deadline, at }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle'), hold, amount, isEstimate: fc.boolean(), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('release', 'expire'), hold, at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('void'), hold, reason: fc.constant('why not'), at }) },
) as fc.Arbitrary<LedgerEvent>

/** Extensions of other accounts than those of the hold are refused; most should not be. */
function aimed(events: readonly LedgerEvent[]): LedgerEvent[] {
  const opened = new Map<string, readonly AccountRef[]>()
  return events.map((event, index) => {
    if (event.kind === 'hold' && !opened.has(event.hold)) opened.set(event.hold, event.accounts)
    const accounts = opened.get(event.hold)
    return event.kind === 'extend' && accounts !== undefined && index % 7 !== 0 ? { ...event, accounts } : event
  })
}
const traffic = fc.array(anyEvent, { maxLength: 40 }).map(aimed)

function played(events: readonly LedgerEvent[]) {
  const ledger = openLedger()
  ledger.post(events)
  return ledger
}

describe('whatever happens, the ledger', () => {
  const check = (property: fc.IProperty<[LedgerEvent[]]>) => fc.assert(property, { numRuns: 400 })

  it('passes the audit after every step', () => {
    check(
      fc.property(traffic, (events) => {
        const ledger = openLedger()
        for (const event of events) {
          ledger.post([event])
          expect(verifyLedger(ledger.books())).toEqual([])
        }
      }),
    )
  })

  it('holds no more than the limit of an enforced budget, and refuses only what would', () => {
    check(
      fc.property(traffic, (events) => {
        const ledger = openLedger()
        for (const event of events) {
          const before = new Map(ledger.accounts)
          const heldBefore = ledger.holds.get(event.hold)?.amount ?? 0
          const [result] = ledger.post([event])
          if (event.kind !== 'hold' && event.kind !== 'extend') continue
          const needed = event.amount - heldBefore
          const isOver = (ref: AccountRef) => {
            const account = before.get(ref.key)
            return ref.isEnforced && (account?.spent ?? 0) + (account?.held ?? 0) + needed > ref.limit
          }
          if (result?.kind === 'held') expect(event.accounts.filter(isOver)).toEqual([])
          if (result?.kind === 'exceeds-limit') expect(event.accounts.filter(isOver)).not.toEqual([])
        }
      }),
    )
  })

  it('does for a group what it does for its events one by one', () => {
    check(
      fc.property(traffic, (events) => {
        const [grouped, single] = [openLedger(), openLedger()]
        expect(grouped.post(events)).toEqual(events.flatMap((event) => single.post([event])))
        expect(sorted(grouped.books())).toEqual(sorted(single.books()))
      }),
    )
  })

  it('is not changed by a repeat of any event that it accepted', () => {
    check(
      fc.property(traffic, (events) => {
        const ledger = openLedger()
        for (const event of events) {
          const [first] = ledger.post([event])
          if (first?.kind === 'exceeds-limit') continue
          const after = sorted(ledger.books())
          const [second] = ledger.post([event])
          expect(second).not.toHaveProperty('spentDelta')
          expect(sorted(ledger.books())).toEqual(after)
        }
      }),
    )
  })

  it('is not changed by a whole group that is sent again, as after a lost answer', () => {
    check(
      fc.property(traffic, (events) => {
        const oneEach = events.filter(({ hold: id, kind }, index) => {
          return events.findIndex((other) => other.hold === id && other.kind === kind) === index
        })
        const ledger = openLedger()
        const results = ledger.post(oneEach)
        const accepted = oneEach.filter((_, index) => {
          const kind = results[index]?.kind
          return kind !== 'exceeds-limit' && kind !== 'unknown-hold' && kind !== 'differs' && kind !== 'not-due'
        })
        const after = sorted(ledger.books())
        const spent = after.accounts.map((account) => account.spent + account.held)
        ledger.post(accepted.filter(({ kind }) => kind === 'hold' || kind === 'settle'))
        expect(sorted(ledger.books()).accounts.map((account) => account.spent + account.held)).toEqual(spent)
      }),
    )
  })

  it('spends what its settled calls cost and holds what its open ones asked for', () => {
    check(
      fc.property(traffic, (events) => {
        const { accounts, holds } = played(events)
        for (const account of accounts.values()) {
          const on = [...holds.values()].filter((each) => each.accounts.includes(account.key))
          const sum = (amounts: readonly number[]) => amounts.reduce((total, each) => total + each, 0)
          expect(account.spent).toBe(sum(on.map(({ posted }) => posted)))
          expect(account.held).toBe(sum(on.filter(({ status }) => status === 'open').map((each) => each.amount)))
        }
      }),
    )
  })
})

function sorted({ accounts, holds, entries }: ReturnType<ReturnType<typeof openLedger>['books']>) {
  return {
    accounts: accounts.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    holds: holds.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    entries,
  }
}

describe('the audit finds', () => {
  const corruptions: Readonly<Record<string, (books: ReturnType<typeof sorted>, pick: number) => boolean>> = {
    'an account whose balance was changed': ({ accounts }, pick) => change(accounts, pick, { spent: nanoUsd(1_000) }),
    'an account whose held sum was changed': ({ accounts }, pick) => change(accounts, pick, { held: nanoUsd(1_000) }),
    'an account that is gone': ({ accounts }, pick) => remove(accounts, pick),
    'a hold that is gone': ({ holds }, pick) => remove(holds, pick),
    'a hold whose amount was changed': ({ holds }, pick) => change(holds, pick, { amount: nanoUsd(1_000) }),
    'a hold whose posting was changed': ({ holds }, pick) => change(holds, pick, { posted: nanoUsd(1_000) }),
    'a hold whose status was changed': ({ holds }, pick) => {
      const status = holds[pick % holds.length]?.status === 'open' ? 'settled' : 'open'
      return change(holds, pick, { status })
    },
    'an entry that is gone': ({ entries }, pick) => remove(entries, pick),
    'an entry that is there twice': ({ entries }, pick) => {
      const entry = entries[pick % entries.length]
      if (entry !== undefined) entries.push(entry)
      return entry !== undefined
    },
    'an entry whose money was changed': ({ entries }, pick) => change(entries, pick, { spentDelta: nanoUsd(777) }),
    'an entry whose held money was changed': ({ entries }, pick) => change(entries, pick, { heldDelta: nanoUsd(777) }),
    'an entry moved to another hold': ({ entries }, pick) => change(entries, pick, { hold: 'nobody' }),
    'an entry moved to another account': ({ entries }, pick) => change(entries, pick, { account: 'nowhere' }),
    'a limit that was not kept': ({ entries }) => {
      const index = entries.findIndex(({ limit, heldDelta }) => limit !== null && heldDelta > 0)
      return index >= 0 && change(entries, index, { limit: zeroUsd })
    },
  }

  it.each(Object.keys(corruptions))('%s', (name) => {
    const corrupt = corruptions[name]
    let planted = 0
    fc.assert(
      fc.property(traffic, fc.nat({ max: 50 }), (events, pick) => {
        const books = sorted(played(events).books())
        if (corrupt?.(books, pick) !== true) return
        planted += 1
        expect(verifyLedger(books)).not.toEqual([])
      }),
      { numRuns: 200 },
    )
    expect(planted).toBeGreaterThan(50)
  })

  it('an estimate that gave money back, a second resolution, half a hold, and names who is involved', () => {
    const day = accountRef('day', 100)
    const opened = {
      kind: 'hold',
      hold: 'a',
      accounts: [day],
      amount: nanoUsd(50),
      owner: 'me',
      deadline: 9,
      at: 0,
    } as const
    const books = played([opened, { kind: 'settle', hold: 'a', amount: nanoUsd(40), isEstimate: true, at: 1 }]).books()
    const last = books.entries[1] as LedgerEntry
    const more = (entry: Partial<LedgerEntry>) => ({
      ...books,
      entries: [...books.entries, { ...last, step: 3, ordinal: 3, heldDelta: zeroUsd, ...entry }],
    })
    const rulesOf = (broken: ReturnType<typeof more>) => verifyLedger(broken).map(({ rule, hold: id }) => [rule, id])
    expect(rulesOf(more({ kind: 'adjust', spentDelta: nanoUsd(-5) }))).toContainEqual(['estimate-gives-back', 'a'])
    expect(rulesOf(more({ kind: 'settle', spentDelta: nanoUsd(40) }))).toContainEqual(['resolved-once', 'a'])
    expect(rulesOf(more({ step: 2, account: 'week' }))).toContainEqual(['all-or-none', 'a'])
    expect(rulesOf(more({ kind: 'adjust', spentDelta: nanoUsd(-50) }))).toContainEqual(['never-negative', 'a'])
  })
})

function change<T>(items: T[], index: number, fields: Partial<T>): boolean {
  const item = items[index % items.length]
  if (item === undefined) return false
  items[index % items.length] = { ...item, ...fields }
  return true
}

function remove<T>(items: T[], index: number): boolean {
  return items.length > 0 && items.splice(index % items.length, 1).length === 1
}
