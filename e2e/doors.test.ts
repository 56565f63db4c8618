/** One call, two doors: whichever it takes, the same is told to its user, sent to the API, and written into the books. */

import type { CallRecord } from '@runguard/sdk/core'
import type { Script } from '@runguard/simulator'
import { expect, test } from 'vitest'
import { anthropic, previousAnthropic } from './clients/anthropic.js'
import { type Client, type ClientKind, roundsOf } from './clients/client.js'
import { embeddedClients } from './clients/table.js'
import { budgetOf, dollars } from './stage/budgets.js'
import { openGuard } from './stage/in-process.js'
import type { Door } from './stage/place.js'
import { openRecorder, travellingByName } from './stage/recorder.js'
import { openStage, type Stage, type StageOptions } from './stage/stage.js'

const doors: readonly Door[] = ['gateway', 'in-process']

/** What is different between any two calls: ids and times. */
type Comparable = Omit<CallRecord, 'id' | 'upstreamId' | 'startedAt' | 'durationMs' | 'headMs' | 'overheadMs'>

function comparable(record: CallRecord): Comparable {
  const { id, upstreamId, startedAt, durationMs, headMs, overheadMs, cache, refusal, ...same } = record
  return {
    ...same,
    // A miss names the call before it, by an id.
    cache: cache?.miss == null ? (cache ?? null) : { ...cache, miss: { ...cache.miss, before: 'before' } },
    // Counted down to the end of the month, a second may have passed between two doors.
    refusal: refusal == null ? null : { ...refusal, retryAfterSec: null },
  }
}

interface Task {
  readonly options?: StageOptions
  /** The clients that can do it; all of them, unless it says otherwise. */
  readonly clients?: readonly ClientKind[]
  /** Answers what its user was told. */
  do(client: Client, kind: ClientKind, stage: Stage): Promise<unknown>
}

const generous = { budgets: [budgetOf(dollars(100))] }
const longWinded: Script = () => ({ parts: [{ kind: 'text', text: 'word '.repeat(200_000) }] })

/** What is left after the first call pays nothing more, or so much. */
async function leave(stage: Stage, nano: number): Promise<void> {
  const [record] = await stage.records()
  stage.setBudgets([budgetOf((record?.cost.nano ?? 0) + nano)])
}

const tasks: Readonly<Record<string, Task>> = {
  'a question': { do: (client) => client.say('Hello. [[sim:say good morning to you]]') },
  'a stream': { do: (client) => client.stream('Hello. [[sim:think 40]] [[sim:text 200]]') },
  'a compressed answer': { do: (client) => client.stream('Hello. [[sim:fault gzip]] [[sim:text 300]]') },
  'four rounds of a tool': {
    do: (client, kind) => client.work(`Go. ${roundsOf(kind, 4)} [[sim:say found it]]`),
  },
  'an agent that goes round in circles': {
    do: (client, kind) => client.work(`Go. [[sim:loop ${kind.toolCall('one')}]]`).catch(() => 'stopped'),
  },
  'a cached prompt': {
    do: async (client) => [
      await client.sayCached('What is it about?', '1h'),
      await client.sayCached('And what else?', '1h'),
    ],
  },
  'one 429, then the answer': {
    do: async (client, _kind, stage) => {
      stage.simulator.fault({ kind: 'status', status: 429, headers: { 'retry-after-ms': '20', 'retry-after': '1' } })
      return client.say('Hello. [[sim:say here I am]]')
    },
  },
  'an overloaded API': {
    do: (client) => {
      const fault = { kind: 'status', status: 529, headers: { 'retry-after-ms': '20' } }
      return client.fail(`Now this. [[sim:fault ${JSON.stringify(fault)}]]`)
    },
  },
  'an answer that breaks off': {
    do: (client) => client.stream('Hello. [[sim:text 300]] [[sim:fault cut 1500]]').catch(() => 'broken'),
  },
  'a count of tokens': {
    clients: [anthropic, previousAnthropic],
    do: async (client) => client.countTokens?.('How long is this?'),
  },
  'a call within a budget': { options: generous, do: (client) => client.say('Hello. [[sim:text 50]]') },
  'a call that a budget clamps': {
    options: { budgets: [budgetOf(dollars(0.5))], script: longWinded },
    do: (client) => client.sayAtLength?.('Tell me all.', 'plain') ?? Promise.resolve(),
  },
  'a call that a budget refuses': {
    options: generous,
    do: async (client, _kind, stage) => {
      await client.say('Hello. [[sim:text 3000]]')
      await leave(stage, 0)
      const { status } = await client.fail('And now?')
      return status
    },
  },
}

interface Outcome {
  readonly told: unknown
  readonly records: readonly Comparable[]
  readonly balances: readonly (readonly [number, number])[]
}

async function outcomeAt(door: Door, kind: ClientKind, { options, do: run }: Task): Promise<Outcome> {
  const stage = await openStage({ ...options, door })
  const told = await run(kind.open(stage), kind, stage)
  await stage.simulator.idle()
  const records = (await stage.records()).map(comparable)
  const balances = (await stage.ledger.balances({})).map(({ spent, held }) => [spent, held] as const)
  expect(await stage.ledger.verify()).toEqual([])
  return { told, records, balances }
}

for (const kind of embeddedClients) {
  const possible = Object.entries(tasks).filter(([, { clients = embeddedClients }]) => clients.includes(kind))

  test.each(possible)(`${kind.name}: %s is the same at both doors`, async (_title, task) => {
    const [atGateway, inProcess] = await Promise.all(doors.map((door) => outcomeAt(door, kind, task)))
    expect(inProcess).toEqual(atGateway)
    expect(inProcess?.records.length).toBeGreaterThan(0)
  })

  test(`${kind.name}: a guard changes nothing of what is sent, nor of what comes back`, async () => {
    const sent = await Promise.all(
      (['plain', 'guarded'] as const).map(async (how) => {
        const stage = await openStage()
        const { url, exchanges } = await openRecorder(stage.simulator.url)
        const place = how === 'plain' ? { ...stage, url } : openGuard(url, { fillsCache: false })
        const client = kind.open(place)
        await client.say('Grüße, 世界 🌍. [[sim:say Grüße]]')
        await client.stream('Hello. [[sim:think 40]] [[sim:text 300]] [[sim:ping 3]]')
        await client.work(`Go. ${roundsOf(kind, 2)}`)
        return [...exchanges.values()].map(travellingByName)
      }),
    )
    expect(sent[0]?.length).toBeGreaterThanOrEqual(5)
    expect(sent[1]).toEqual(sent[0])
  })
}
