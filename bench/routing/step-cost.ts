/**
 * What choosing a route adds to a call: a conversation of 192 kB, routed and not, turn by turn in one process, so that
 * whatever else the machine does meets all ways alike. Nothing is cached, held or sent.
 */

import { type Budget, loadPriceBook, priceList, readConfig } from '@runguard/sdk/core'
import { createEngine, type Engine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { timeCall } from '../engine-call.js'

const MODEL = 'claude-opus-5-5'
const BODY_BYTES = 192_000
const PAGE_LINES = 60
const ROUNDS = 400
const WARM_UP_ROUNDS = 60

/** Median milliseconds in the engine for a call, by way. */
export interface StepCost {
  readonly bytes: number
  readonly ways: readonly { readonly way: string; readonly medianMs: number; readonly addedMs: number }[]
}

const ladder = [
  { scope: 'everything', window: 'month', limit: '$1000', degrade: [{ at: '80%', step: 'cheaper-tier' }] },
]
const WAYS: readonly (readonly [string, object])[] = [
  ['not routed', {}],
  ['explain', { routing: { mode: 'explain' } }],
  ['route', { routing: { mode: 'route' } }],
  ['a budget', { budgets: ladder.map(({ degrade, ...budget }) => budget) }],
  ['a budget with a ladder', { budgets: ladder }],
]

const runtime = systemRuntime()

/** The ways take turns, another one first in each round. */
export async function measureStep(): Promise<StepCost> {
  const bodies = conversation()
  const engines = WAYS.map(([way, config]) => ({ way, engine: engineWith(config), times: [] as number[] }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const at of engines.keys()) {
      const each = engines[(at + round) % engines.length]
      if (each === undefined) continue
      const headers = { 'x-runguard-session': `session-${round % 10}`, 'x-runguard-task': 'review' }
      const body = bodies[round % bodies.length] ?? new Uint8Array(0)
      const ms = await timeCall(each.engine, { headers, body, answer })
      if (round >= WARM_UP_ROUNDS) each.times.push(ms)
    }
  }
  for (const { engine } of engines) await engine.close()
  const medians = engines.map(({ way, times }) => ({ way, medianMs: median(times) }))
  const base = (way: string): number => {
    const plain = way.startsWith('a budget') ? 'a budget' : 'not routed'
    return medians.find((each) => each.way === plain)?.medianMs ?? Number.NaN
  }
  const ways = medians.map(({ way, medianMs }) => ({ way, medianMs, addedMs: medianMs - base(way) }))
  return { bytes: bodies[0]?.length ?? 0, ways }
}

/** As text for people. */
export function renderStep({ bytes, ways }: StepCost): string {
  const lines = ways.map(
    ({ way, medianMs, addedMs }) => `  ${way.padEnd(24)} ${medianMs.toFixed(3)}   +${addedMs.toFixed(3)}`,
  )
  const title = `A conversation of ${bytes} bytes; the engine alone, median milliseconds per call, and above the way without it.`
  return [title, '', ...lines].join('\n')
}

/** Calls of one conversation that differ in their last words. */
function conversation(): Uint8Array[] {
  const page = 'The house reads the next line of its file. '.repeat(PAGE_LINES)
  const messages: object[] = [{ role: 'user', content: 'Read it all.' }]
  while (JSON.stringify(messages).length < BODY_BYTES) {
    messages.push({ role: 'assistant', content: 'The next page.' }, { role: 'user', content: page })
  }
  return Array.from({ length: 10 }, (_, turn) =>
    Buffer.from(
      JSON.stringify({
        model: MODEL,
        max_tokens: 1_000,
        stream: true,
        messages: [...messages, { role: 'assistant', content: 'And?' }, { role: 'user', content: `Turn ${turn}.` }],
      }),
    ),
  )
}

function engineWith(input: object): Engine {
  const reading = readConfig(input)
  if (reading.kind === 'problems') throw new Error(JSON.stringify(reading.problems))
  const { routing = engineDefaults.routing } = reading.config
  const budgets: readonly Budget[] = reading.config.budgets
  const caching = { ...engineDefaults.caching, mode: 'off' } as const
  const config = { ...engineDefaults, book: loadPriceBook(priceList), routing, caching }
  return createEngine({ config, store: memoryStore(), runtime, budgets })
}

const answer = Buffer.from(
  [
    `event: message_start\ndata: {"type":"message_start","message":{"model":"${MODEL}","usage":{"input_tokens":10,"output_tokens":1}}}`,
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}',
    'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  ].join('\n\n'),
)

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}
