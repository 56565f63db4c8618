/** The store without a disk: the reference for the others, and the SDK's default. */

import type { CallRecord } from '../core/cost/record.js'
import type { Account, Hold, LedgerEntry, LedgerResult } from '../core/ledger/ledger.js'
import { verifyLedger } from '../core/ledger/ledger-audit.js'
import { applyEvents } from '../core/ledger/ledger-posting.js'
import { memoryAudit } from './memory-audit.js'
import { memoryBatches } from './memory-batches.js'
import { memoryConversations } from './memory-conversations.js'
import { memoryDeferred } from './memory-deferred.js'
import { fullestAccounts, isOfWindow } from './memory-fullest.js'
import { memoryOutbox } from './memory-outbox.js'
import { memoryOutcomes } from './memory-outcomes.js'
import { memorySessions } from './memory-sessions.js'
import { memoryTeam } from './memory-team.js'
import { memoryTraffic } from './memory-traffic.js'
import type { KeptBudget, Registry } from './registry.js'
import { checkReport } from './report-query.js'
import type { SessionStore } from './session-store.js'
import type {
  AlertTake,
  BalanceQuery,
  EntryQuery,
  LedgerReads,
  RecordReads,
  ReportGroup,
  ReportQuery,
  ReportRow,
  Store,
  StoreBatch,
} from './store.js'
import { type CallSummary, cleanText, compareRows, compareText, dayName, dayNumber, summarize } from './summary.js'
import type { TrafficStore } from './traffic-store.js'

type MutableRow = { -readonly [K in keyof ReportRow]: ReportRow[K] }

/** An empty store, with an empty registry and no sessions, that lasts as long as the process. */
export function memoryStore(): Store & Registry & SessionStore & TrafficStore {
  return openMemory(keepBatch)
}

/**
 * The same for one who only wants to know what is granted: of calls that have ended nothing is kept but what they leave on
 * accounts that others use too. So it stays small, and cannot be audited.
 */
export function forgetfulStore(): Store & Registry & SessionStore & TrafficStore {
  return openMemory((memory, { events }) => {
    const results = keepBatch(memory, { events, records: [] })
    memory.entries.length = 0
    for (const { id, status, accounts } of memory.holds.values()) {
      if (status === 'open') continue
      memory.holds.delete(id)
      for (const key of accounts) if (isAlone(memory.accounts.get(key), id)) memory.accounts.delete(key)
    }
    return results
  })
}

/** Whether an account is of this call and no other. */
function isAlone(account: Account | undefined, call: string): boolean {
  return account !== undefined && (account.scope.endsWith(`:${call}`) || account.key.endsWith(`|${call}`))
}

function openMemory(keep: (memory: Memory, batch: StoreBatch) => readonly LedgerResult[]) {
  const memory: Memory = { records: new Map(), accounts: new Map(), holds: new Map(), entries: [] }
  const post: Store['post'] = async (batch) => keep(memory, batch)
  return {
    ...recordReads(memory),
    ...ledgerReads(memory),
    ...memoryRegistry(),
    ...memoryAlerts(),
    ...memorySessions(),
    ...memoryBatches(),
    ...memoryOutcomes(),
    ...memoryConversations(),
    ...memoryDeferred(),
    ...memoryOutbox(),
    ...memoryTraffic(memory.records),
    isInstant: true,
    post,
    async addRecords(records: StoreBatch['records']) {
      await post({ events: [], records })
    },
    async verify() {
      const { accounts, holds, entries } = memory
      return verifyLedger({ accounts: [...accounts.values()], holds: [...holds.values()], entries })
    },
    async close() {},
  }
}

interface Memory {
  readonly records: Map<string, CallRecord>
  readonly accounts: Map<string, Account>
  readonly holds: Map<string, Hold>
  readonly entries: LedgerEntry[]
}

function memoryAlerts(): Pick<Store, 'takeAlerts'> {
  const taken = new Map<string, AlertTake>()
  return {
    async takeAlerts(takes) {
      const granted = takes.filter((take) => {
        const before = taken.get(take.key)
        return before === undefined || take.limit > before.limit || take.taker === before.taker
      })
      for (const take of granted) taken.set(take.key, take)
      return [...new Set(granted.map(({ key }) => key))]
    },
  }
}

/** Budgets are kept as text, as everywhere: whoever changes what was put in later changes nothing here. */
function memoryRegistry(): Registry {
  const budgets = new Map<string, Omit<KeptBudget, 'written'> & { readonly text: string }>()
  let version = 0
  const team = memoryTeam(() => {
    version += 1
  })
  return {
    ...team,
    ...memoryAudit(),
    async version() {
      return version
    },
    async listBudgets() {
      const kept = [...budgets.values()].map(({ text, ...rest }) => ({ ...rest, written: JSON.parse(text) as unknown }))
      return kept.sort((a, b) => compareText(a.id, b.id))
    },
    async putBudget({ id, written }, at, asOf = version) {
      if (asOf !== version) return false
      const createdAt = budgets.get(id)?.createdAt ?? at
      budgets.set(id, { id, text: JSON.stringify(written), createdAt, changedAt: at })
      version += 1
      return true
    },
    async removeBudget(id) {
      const isThere = budgets.delete(id)
      if (isThere) version += 1
      return isThere
    },
  }
}

function keepBatch(memory: Memory, { events, records }: StoreBatch): readonly LedgerResult[] {
  const posting = applyEvents(memory, events)
  for (const account of posting.accounts) memory.accounts.set(account.key, account)
  for (const hold of posting.holds) memory.holds.set(hold.id, hold)
  for (const entry of posting.entries) memory.entries.push(entry)
  for (const record of records) if (!memory.records.has(record.id)) memory.records.set(record.id, record)
  return posting.results
}

function recordReads({ records }: Memory): RecordReads {
  return {
    async findRecord(id) {
      return records.get(id) ?? [...records.values()].find((record) => record.upstreamId === id) ?? null
    },
    async listRecords(limit) {
      const newest = [...records.values()].sort((a, b) => b.startedAt - a.startedAt || compareText(b.id, a.id))
      return newest.slice(0, limit)
    },
    async pageRecords(after, limit) {
      const isBehind = ({ startedAt, id }: CallRecord): boolean =>
        after === null ||
        startedAt > after.startedAt ||
        (startedAt === after.startedAt && compareText(id, after.id) > 0)
      const behind = [...records.values()].filter(isBehind)
      return behind.sort((a, b) => a.startedAt - b.startedAt || compareText(a.id, b.id)).slice(0, limit)
    },
    async report(query) {
      checkReport(query)
      const within = [...records.values()].filter((record) => isWithin(record, query) && isOfSession(record, query))
      return sumRows(within, query)
    },
  }
}

function ledgerReads(memory: Memory): LedgerReads {
  const { accounts, holds, entries } = memory
  return {
    async balances(query) {
      return [...accounts.values()].filter(isAskedFor(query)).sort((a, b) => compareText(a.key, b.key))
    },
    async fullestBalances(query) {
      return fullestAccounts(accounts.values(), query)
    },
    async countBalances(query) {
      return [...accounts.values()].filter(isOfWindow(query)).length
    },
    async findHold(id) {
      return holds.get(id) ?? null
    },
    async openHolds({ dueBy = Number.POSITIVE_INFINITY, limit }) {
      const open = [...holds.values()].filter(({ status, deadline }) => status === 'open' && deadline <= dueBy)
      return open.sort((a, b) => a.deadline - b.deadline).slice(0, limit)
    },
    async expiredHolds({ budget, limit }) {
      const isOf = (key: string): boolean => budget === undefined || accounts.get(key)?.budget === budget
      const expired = [...holds.values()].filter((hold) => hold.status === 'expired' && hold.accounts.some(isOf))
      return expired.sort((a, b) => b.posted - a.posted || compareText(a.id, b.id)).slice(0, limit)
    },
    async entries(query) {
      const found = entries.filter((entry) => isEntryAskedFor(entry, query))
      return found.sort((a, b) => b.at - a.at || b.ordinal - a.ordinal).slice(0, query.limit)
    },
  }
}

function isAskedFor({ keys, budget, at }: BalanceQuery): (account: Account) => boolean {
  const wanted = keys === undefined ? null : new Set(keys)
  return (account) => {
    if (wanted !== null && !wanted.has(account.key)) return false
    if (budget !== undefined && account.budget !== budget) return false
    return at === undefined || (account.windowStart <= at && at < (account.windowEnd ?? Number.POSITIVE_INFINITY))
  }
}

function isEntryAskedFor(entry: LedgerEntry, { account, hold }: EntryQuery): boolean {
  return (account === undefined || entry.account === account) && (hold === undefined || entry.hold === hold)
}

function isWithin(record: CallRecord, query: ReportQuery): boolean {
  return record.startedAt >= (query.since ?? 0) && record.startedAt < (query.until ?? Number.POSITIVE_INFINITY)
}

function isOfSession({ scope }: CallRecord, { session }: ReportQuery): boolean {
  return session === undefined || cleanText(scope.session ?? '') === cleanText(session)
}

function sumRows(records: readonly CallRecord[], query: ReportQuery): ReportRow[] {
  const rows = new Map<string, MutableRow>()
  for (const record of records) {
    const summary = summarize(record)
    const group = groupOf(record, summary, query.groupBy, query.offsetMinutes ?? 0)
    const row = rows.get(group) ?? emptyRow(group)
    rows.set(group, addCall(row, summary))
  }
  return [...rows.values()].sort((a, b) => compareRows(a, b, query.groupBy))
}

function groupOf(record: CallRecord, summary: CallSummary, groupBy: ReportGroup, offsetMinutes: number): string {
  if (groupBy === 'day') return dayName(dayNumber(record.startedAt, offsetMinutes))
  return groupBy === 'total' ? 'total' : summary[groupBy]
}

function emptyRow(group: string): MutableRow {
  const tokens = { input: 0, write5m: 0, write1h: 0, read: 0, output: 0 }
  return { group, calls: 0, estimatedCalls: 0, unmeteredCalls: 0, ...tokens, costNano: 0 }
}

function addCall(row: MutableRow, call: CallSummary): MutableRow {
  row.calls += 1
  row.estimatedCalls += call.isEstimated ? 1 : 0
  row.unmeteredCalls += call.isUnmetered ? 1 : 0
  for (const key of ['input', 'write5m', 'write1h', 'read', 'output', 'costNano'] as const) row[key] += call[key]
  return row
}
