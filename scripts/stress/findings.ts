/** What a run shows: money, refusals and the state of the ledger, from the simulator's log and the ledger's entries. */

import type { Budget, CallRecord } from '@runguard/sdk/core'
import { auditBills, type LogEntry } from '@runguard/simulator'
import type { Outcome } from './client.js'
import type { Books } from './gateway-task.js'
import { groupBy, type HeldCall, listHeldCalls } from './held-calls.js'
import { type AccountView, type Judgement, judgeCut, judgeRefusal, settledAt, truthAt } from './judgement.js'
import { numberOf, outputCost, type PlannedCall, trueCost } from './load.js'

/** All that a run left behind. */
export interface Evidence {
  readonly plan: readonly PlannedCall[]
  readonly budgets: readonly Budget[]
  /** By number of the call; a call that was not made has none. */
  readonly outcomes: ReadonlyMap<number, Outcome>
  /** The simulator's log. */
  readonly log: readonly LogEntry[]
  /** After every deadline has passed and the keeper has worked. */
  readonly books: Books
}

/** One account of a run. Nano-dollars. */
export interface AccountFindings {
  readonly scope: string
  readonly limit: number
  /** By the simulator's log. */
  readonly billed: number
  readonly posted: number
  /** What was billed beyond estimates, for answers that broke off, here or with a killed gateway, and went on upstream. */
  readonly beyondPosted: number
  /** `billed` above `limit` that those do not explain. */
  readonly overspent: number
  /** Shares of the limit when the first call was refused: settled, and with what running calls truly needed; null: none was. */
  readonly usedAtRefusal: { readonly settled: number; readonly withRunning: number } | null
}

/** What is wrong with the ledger. All zero or empty, as a rule. */
export interface LedgerTroubles {
  readonly findings: readonly string[]
  /** Holds that are open although their deadline has passed. */
  readonly openHolds: number
  /** Calls that the upstream billed and the ledger never heard of. */
  readonly unheld: number
  /** Holds that were not resolved exactly once, and calls that were held or sent twice. */
  readonly doubled: number
  /** Whole answers whose bill is above what was posted as exact. */
  readonly underposted: number
  /** Calls whose bill is not what this program computed: its judgement of refusals cannot be trusted. */
  readonly misjudged: number
}

/** The findings of a run. */
export interface RunFindings {
  readonly accounts: readonly AccountFindings[]
  readonly refusals: Readonly<Record<Judgement, number>>
  readonly cuts: Readonly<Record<Judgement, number>>
  readonly clamps: number
  /** Held dollars per dollar that the call then cost, averaged over time; 1 would be foresight. */
  readonly heldPerSpent: number
  /** Whole answers whose record went down with a gateway: their money is in the ledger, as an estimate. */
  readonly unrecorded: number
  /** Each refusal and cut that was not needed, in words. */
  readonly doubts: readonly string[]
  readonly troubles: LedgerTroubles
}

/** Works out what a run shows. */
export function findFacts(evidence: Evidence): RunFindings {
  const { books } = evidence
  const calls = listHeldCalls(books)
  const bills = billByNumber(evidence.log)
  const views = viewAccounts(evidence, calls)
  const [refusals, cuts] = [judgeRefusals(evidence, views), judgeCuts(evidence, views)]
  const settled = calls.filter(({ posted, resolvedAt }) => posted > 0 && Number.isFinite(resolvedAt))
  const heldNanoMs = sum(settled.map((call) => call.heldNanoMs))
  return {
    accounts: [...views].map(([scope, view]) => findAccount(evidence, { scope, view, calls, bills })),
    refusals: countJudgements(refusals),
    cuts: countJudgements(cuts),
    clamps: books.records.filter(({ hold }) => (hold?.clampedTo ?? null) !== null).length,
    heldPerSpent: heldNanoMs / sum(settled.map(({ posted, openedAt, resolvedAt }) => posted * (resolvedAt - openedAt))),
    unrecorded: countUnrecorded(evidence),
    doubts: [...refusals, ...cuts].filter(({ judgement }) => judgement !== 'needed').map(({ words }) => words),
    troubles: findTroubles(evidence, calls, bills),
  }
}

function countUnrecorded({ books, outcomes }: Evidence): number {
  const recorded = new Set(books.records.map(({ client }) => numberOf(client)))
  return [...outcomes].filter(([number, { kind }]) => kind === 'answered' && !recorded.has(number)).length
}

/** A call's bill. */
interface Billed {
  readonly nano: number
  /** The answer was served to its end. */
  readonly isWhole: boolean
  /** How often it was sent. */
  readonly times: number
}

function billByNumber(log: readonly LogEntry[]): ReadonlyMap<number, Billed> {
  const { byRequest } = auditBills(log)
  const bills = new Map<number, Billed>()
  for (const { id, path, userAgent, ending } of log) {
    const number = numberOf(userAgent)
    // Gateways also ask how long prompts are, which is free.
    if (number === null || path !== '/v1/messages') continue
    const before = bills.get(number) ?? { nano: 0, isWhole: true, times: 0 }
    const nano = before.nano + Number(byRequest.get(id) ?? 0n)
    bills.set(number, { nano, isWhole: before.isWhole && ending === 'complete', times: before.times + 1 })
  }
  return bills
}

/** Every account that the planned calls meet, with what it truly had to pay. One that no call was let in on has its limit. */
function viewAccounts({ budgets, plan }: Evidence, calls: readonly HeldCall[]): ReadonlyMap<string, AccountView> {
  const views = new Map<string, AccountView & { admitted: AccountView['admitted'][number][] }>()
  for (const scope of plan.flatMap(scopesOf)) {
    const budget = budgets.find((each) => scope.split(':', 1)[0] === each.scope.kind)
    if (budget !== undefined && !views.has(scope)) views.set(scope, { limit: budget.limit, admitted: [] })
  }
  for (const { number, scopes, openedAt, resolvedAt, posted } of calls) {
    const planned = number === null ? undefined : plan[number]
    const needed = planned === undefined ? posted : Number(trueCost(planned))
    for (const scope of scopes) views.get(scope)?.admitted.push({ openedAt, resolvedAt, posted, needed })
  }
  return views
}

function scopesOf({ session, project }: PlannedCall): readonly string[] {
  return ['everything', `session:${session}`, ...(project === null ? [] : [`project:${project}`])]
}

interface AccountCase {
  readonly scope: string
  readonly view: AccountView
  readonly calls: readonly HeldCall[]
  readonly bills: ReadonlyMap<number, Billed>
}

function findAccount(evidence: Evidence, { scope, view, calls, bills }: AccountCase): AccountFindings {
  const posted = postedByNumber(calls)
  const estimated = listEstimated(calls)
  const own = evidence.plan.filter((call) => scopesOf(call).includes(scope))
  const billed = sum(own.map(({ number }) => bills.get(number)?.nano ?? 0))
  const beyondPosted = sum(
    own.map(({ number }) => {
      const bill = bills.get(number)
      const isExact = bill === undefined || (bill.isWhole && !estimated.has(number))
      return isExact ? 0 : Math.max(0, bill.nano - (posted.get(number) ?? 0))
    }),
  )
  const firstAt = Math.min(...refusedRecords(evidence, scope).map(({ startedAt }) => startedAt))
  const share = (nano: number): number => nano / view.limit
  return {
    scope,
    limit: view.limit,
    billed,
    posted: sum(view.admitted.map((each) => each.posted)),
    beyondPosted,
    overspent: Math.max(0, billed - view.limit - beyondPosted),
    usedAtRefusal: Number.isFinite(firstAt)
      ? { settled: share(settledAt(view, firstAt)), withRunning: share(truthAt(view, firstAt)) }
      : null,
  }
}

function listEstimated(calls: readonly HeldCall[]): ReadonlySet<number | null> {
  return new Set(calls.filter(({ isEstimate }) => isEstimate).map(({ number }) => number))
}

function postedByNumber(calls: readonly HeldCall[]): ReadonlyMap<number, number> {
  const known = calls.filter((call): call is HeldCall & { number: number } => call.number !== null)
  return new Map(
    [...groupBy(known, ({ number }) => number)].map(([number, own]) => [number, sum(own.map((c) => c.posted))]),
  )
}

/** The records of the calls that this account refused. */
function refusedRecords({ books, budgets, outcomes }: Evidence, scope: string): readonly CallRecord[] {
  const budget = budgets.find((each) => scope.split(':', 1)[0] === each.scope.kind)?.id
  return books.records.filter(({ client, scope: { session } }) => {
    const outcome = outcomes.get(numberOf(client) ?? -1)
    if (outcome?.kind !== 'refused' || outcome.facts.budget !== budget) return false
    return !scope.startsWith('session:') || scope === `session:${session}`
  })
}

/** A judgement, with what it was found on. */
interface Judged {
  readonly judgement: Judgement
  readonly words: string
}

function judgeRefusals(evidence: Evidence, views: ReadonlyMap<string, AccountView>): readonly Judged[] {
  return evidence.books.records.flatMap(({ client, startedAt, overheadMs }) => {
    const number = numberOf(client) ?? -1
    const [call, outcome] = [evidence.plan[number], evidence.outcomes.get(number)]
    if (call === undefined || outcome?.kind !== 'refused') return []
    const facts = { at: startedAt, needed: Number(trueCost(call)), least: outcome.facts.neededNano }
    const own = viewsOf(call, views)
    const left = own.map((view) => Math.round(view.limit - truthAt(view, startedAt)))
    const words = `refused call ${number} (${outcome.facts.reason} on ${outcome.facts.budget}, stream ${call.isStream}) after ${overheadMs.toFixed(0)} ms: needs ${facts.needed}, at least ${facts.least}, left ${left}`
    return [{ judgement: judgeRefusal(own, facts), words }]
  })
}

function judgeCuts({ books, plan }: Evidence, views: ReadonlyMap<string, AccountView>): readonly Judged[] {
  return books.records.flatMap(({ client, ending, startedAt, durationMs, overheadMs, cost }) => {
    const call = plan[numberOf(client) ?? -1]
    if (call === undefined || ending.reason !== 'budget-cut') return []
    // Before its own settlement, which was stamped in the same millisecond.
    const at = Math.floor(startedAt + durationMs - overheadMs) - 1
    const own = viewsOf(call, views)
    const left = own.map((view) => Math.round(view.limit - truthAt(view, at)))
    const words = `cut call ${call.number} at ${cost.nano} of ${trueCost(call)}: left beyond all needs ${left}`
    return [{ judgement: judgeCut(own, at, outputCost(call, IN_HAND_TOKENS)), words }]
  })
}

/** The gateway's margin for a cut, in tokens of output. */
const IN_HAND_TOKENS = 128

function viewsOf(call: PlannedCall, views: ReadonlyMap<string, AccountView>): readonly AccountView[] {
  return scopesOf(call).flatMap((scope) => views.get(scope) ?? [])
}

function countJudgements(judged: readonly Judged[]): Record<Judgement, number> {
  const counts = { needed: 0, floor: 0, false: 0 }
  for (const { judgement } of judged) counts[judgement] += 1
  return counts
}

function findTroubles(
  { books, plan }: Evidence,
  calls: readonly HeldCall[],
  bills: ReadonlyMap<number, Billed>,
): LedgerTroubles {
  const [posted, estimated] = [postedByNumber(calls), listEstimated(calls)]
  const isClamped = new Set(
    books.records.flatMap(({ hold, client }) => (hold?.clampedTo == null ? [] : [numberOf(client)])),
  )
  const count = (isSo: (number: number, bill: Billed) => boolean): number =>
    [...bills].filter(([number, bill]) => isSo(number, bill)).length
  const expected = (number: number): number => Number(trueCost(plan[number] as PlannedCall))
  return {
    findings: books.findings.map(({ rule, message }) => `${rule}: ${message}`),
    openHolds: books.open.length,
    unheld: count((number, { nano }) => nano > 0 && !posted.has(number)),
    doubled:
      calls.filter(({ isResolvedOnce }) => !isResolvedOnce).length +
      count((_, { times }) => times > 1) +
      calls.filter(({ number }) => number !== null).length -
      posted.size,
    underposted: count(
      (number, { nano, isWhole }) => isWhole && !estimated.has(number) && nano > (posted.get(number) ?? 0),
    ),
    misjudged: count((number, { nano, isWhole }) => isWhole && !isClamped.has(number) && nano !== expected(number)),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
