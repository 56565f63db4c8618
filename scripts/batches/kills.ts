/** Calls that may wait, through a gateway that dies at random instants: the log of the API is the witness. */

import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatUsd, nanoUsd } from '@runguard/sdk/core'
import type { GatewayBooks } from './gateway-process.js'
import { type Part, startPart } from './part.js'
import type { BilledCall } from './simulator-process.js'

/** What came of the run. */
export interface KillsResult {
  readonly kills: number
  readonly calls: number
  readonly answered: number
  /** Direct calls that were on their way in the moment of a kill: told as such, and not sent again. */
  readonly interrupted: number
  readonly inBatches: number
  readonly direct: number
  readonly billedNano: bigint
  readonly books: GatewayBooks
  readonly seconds: number
  /** What does not hold; empty if all does. */
  readonly faults: readonly string[]
}

/** A call, told from others by how many tokens its answer has. */
interface SentCall {
  readonly tokens: number
  readonly isUrgent: boolean
  location: string | null
  status: string
  answeredTokens: number | null
}

const CALLS_PER_KILL = 8
/** Every so many calls has no time for a batch. */
const URGENT_EVERY = 10
const FIRST_TOKENS = 10
const BATCH_MS = 300
const LONGEST_LIFE_MS = 900
const HEADERS = { 'content-type': 'application/json', 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01' }

/** @param folder for the ledger */
export async function runKills(kills: number, folder: string): Promise<KillsResult> {
  const startedAt = performance.now()
  const simulator = await startPart('simulator-process', { batchMs: BATCH_MS })
  const task = { upstream: simulator.url, path: join(folder, 'kills.db'), limit: '1000', isHasty: true }
  const house: { gateway: Part } = { gateway: await startPart('gateway-process', task) }
  const calls = Array.from({ length: kills * CALLS_PER_KILL }, (_, index): SentCall => {
    const place = { location: null, status: 'unsent', answeredTokens: null }
    return { tokens: FIRST_TOKENS + index, isUrgent: index % URGENT_EVERY === 0, ...place }
  })
  const workload = runCalls(house, calls)
  for (let kill = 0; kill < kills; kill++) {
    await sleep(randomInt(LONGEST_LIFE_MS))
    await house.gateway.kill()
    house.gateway = await startPart('gateway-process', task)
  }
  await workload
  const outcome = {
    ...{ kills, calls: calls.length },
    answered: calls.filter(({ status }) => status === 'succeeded').length,
    interrupted: calls.filter(({ status }) => status === 'interrupted').length,
    billedNano: await simulator.ask<bigint>('total'),
    books: await house.gateway.ask<GatewayBooks>('books'),
    seconds: Math.round((performance.now() - startedAt) / 1_000),
  }
  const billed = await simulator.ask<readonly BilledCall[]>('calls')
  const inBatches = billed.filter(({ isInBatch }) => isInBatch).length
  const direct = billed.length - inBatches
  return { ...outcome, inBatches, direct, faults: [...findFaults(calls, billed), ...findBookFaults(outcome)] }
}

/** All calls, spread over the time of the kills, each asked for until it has ended. */
async function runCalls(house: { readonly gateway: Part }, calls: readonly SentCall[]): Promise<void> {
  const running: Promise<void>[] = []
  for (const call of calls) {
    running.push(runCall(house, call))
    await sleep(randomInt((LONGEST_LIFE_MS * 2) / CALLS_PER_KILL))
  }
  await Promise.all(running)
}

/** As a careful client: what got no answer is asked again, with the same key. */
async function runCall(house: { readonly gateway: Part }, call: SentCall): Promise<void> {
  while (call.location === null) {
    const response = await fetchOrNull(`${house.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: {
        ...HEADERS,
        'x-runguard-defer': call.isUrgent ? '5m' : '6h',
        'idempotency-key': `call-${call.tokens}`,
      },
      body: JSON.stringify({
        ...{ model: 'claude-haiku-5-5', max_tokens: 10_000 },
        messages: [{ role: 'user', content: `[[sim:text ${call.tokens}]]` }],
      }),
    })
    if (response?.status === 202) call.location = (response.body.url as string | undefined) ?? null
    else await sleep(20)
  }
  while (!['succeeded', 'failed', 'canceled', 'interrupted'].includes(call.status)) {
    await sleep(60)
    const response = await fetchOrNull(house.gateway.url + call.location, { headers: HEADERS })
    if (response?.status === 200) call.status = String(response.body.status)
    if (response?.status === 404) call.status = 'lost'
    const message = response?.body.message as { usage?: { output_tokens?: number } } | undefined
    call.answeredTokens = message?.usage?.output_tokens ?? null
    if (call.status === 'lost') return
  }
}

/** Null while nobody is there, or who is there dies. */
async function fetchOrNull(url: string, init: RequestInit) {
  try {
    const response = await fetch(url, init)
    return { status: response.status, body: JSON.parse(await response.text()) as Readonly<Record<string, unknown>> }
  } catch {
    return null
  }
}

function findFaults(calls: readonly SentCall[], billed: readonly BilledCall[]): string[] {
  const bills = new Map<number, number>()
  for (const { outputTokens } of billed) bills.set(outputTokens, (bills.get(outputTokens) ?? 0) + 1)
  return calls.flatMap(({ tokens, status, isUrgent, answeredTokens }): string[] => {
    const count = bills.get(tokens) ?? 0
    if (count > 1) return [`call ${tokens} was billed ${count} times`]
    if (status === 'interrupted' && isUrgent) return []
    if (status !== 'succeeded') return [`call ${tokens} ended ${status}`]
    return count === 1 && answeredTokens === tokens ? [] : [`call ${tokens} got the answer of ${answeredTokens}`]
  })
}

/** An interrupted call may have been billed without anybody knowing: then the ledger has less, and a hold for it. */
function findBookFaults({ interrupted, billedNano, books }: Pick<KillsResult, 'interrupted' | 'billedNano' | 'books'>) {
  const spent = BigInt(books.spent)
  const covered = spent + BigInt(books.held)
  const expectations: readonly (readonly [boolean, string])[] = [
    [covered >= billedNano, `the ledger has ${books.spent} spent and ${books.held} held, and ${billedNano} was billed`],
    [interrupted > 0 || spent === billedNano, `the ledger has ${books.spent} and ${billedNano} was billed`],
    [interrupted > 0 || books.held === 0, `${books.held} is still held`],
    [books.findings === 0, 'the ledger does not verify'],
  ]
  return expectations.filter(([holds]) => !holds).map(([, sentence]) => sentence)
}

/** For people. */
export function renderKills({ books, faults, ...result }: KillsResult): string {
  const lines = [
    `deferred: ${result.calls} calls, ${result.kills} times kill -9, ${result.seconds} s`,
    `  answered once   ${result.answered}, interrupted and told so ${result.interrupted}`,
    `  billed          ${result.inBatches} in batches, ${result.direct} directly, none twice unless said below`,
    `  in the ledger   ${formatUsd(nanoUsd(books.spent))} of ${formatUsd(nanoUsd(Number(result.billedNano)))} billed`,
  ]
  return [...lines, ...faults.map((fault) => `  WRONG: ${fault}`)].join('\n')
}
