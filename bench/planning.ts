/**
 * What planning the cache adds to a call: a conversation of 200 kB that grows by one turn, with caching off and on, in turn.
 * And what reading such a body costs alone: whole, and from where the one before it stood.
 *
 *   planning.js [--json]
 */

import { parseArgs } from 'node:util'
import { type CachingPolicy, loadPriceBook, priceList, ScanMemory, scanCall } from '@runguard/sdk/core'
import { createEngine, type Engine, engineDefaults, systemRuntime } from '@runguard/sdk/engine'
import { memoryStore } from '@runguard/sdk/store'
import { timeCall } from './engine-call.js'

const MODEL = 'claude-opus-5-5'
const FIRST_TURNS = 62
const MEASURED_TURNS = 40
const ROUNDS = 30
const WARM_UP_ROUNDS = 5
const GOAL_MS = 0.3

const runtime = systemRuntime()
const book = loadPriceBook(priceList)

/** A request, and its answer as a stream. */
interface Turn {
  readonly body: Uint8Array
  readonly answer: Uint8Array
}

const BYTES_PER_TOKEN = 3

/** Says that what the request begins with was read from the cache, and the rest was written to it. */
function answerOf(bytes: number, knownBytes: number): Uint8Array {
  const read = Math.round(knownBytes / BYTES_PER_TOKEN)
  const written = Math.round(bytes / BYTES_PER_TOKEN) - read
  const usage = { input_tokens: 3, cache_read_input_tokens: read, cache_creation_input_tokens: written }
  const events = [
    { type: 'message_start', message: { model: MODEL, usage: { ...usage, output_tokens: 1 } } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ]
  return Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''))
}

/** An agent's calls, each with one turn more than the one before. */
function conversation(): Turn[] {
  const line = (name: string, lines: number): string => `${name} reads the next line of its file. `.repeat(lines)
  const tools = [{ name: 'read', description: line('The tool', 20), input_schema: { type: 'object' } }]
  const system = [{ type: 'text', text: line('The house', 200) }]
  const messages: object[] = [{ role: 'user', content: [{ type: 'text', text: 'Read it all.' }] }]
  let known = 0
  return Array.from({ length: FIRST_TURNS + MEASURED_TURNS }, (_, turn) => {
    const call = { type: 'tool_use', id: `t${turn}`, name: 'read', input: { page: turn } }
    const result = { type: 'tool_result', tool_use_id: `t${turn}`, content: line(`Page ${turn}`, 60) }
    messages.push(
      { role: 'assistant', content: [{ type: 'text', text: `Page ${turn} comes next.` }, call] },
      { role: 'user', content: [result] },
    )
    const body = Buffer.from(JSON.stringify({ model: MODEL, max_tokens: 1_000, stream: true, system, tools, messages }))
    const answer = answerOf(body.length, turn === FIRST_TURNS ? 0 : known)
    known = body.length
    return { body, answer }
  }).slice(FIRST_TURNS)
}

function engineWith(caching: CachingPolicy): Engine {
  return createEngine({ config: { ...engineDefaults, book, caching }, store: memoryStore(), runtime })
}

const modes = { off: 'off', explain: 'explain', fill: 'fill' } as const
type Mode = keyof typeof modes

/** Turn by turn, so that whatever else the machine does meets all of them alike. */
async function measure(): Promise<Record<Mode, number>> {
  const turns = conversation()
  const names = Object.keys(modes) as Mode[]
  const engines = new Map(names.map((mode) => [mode, engineWith({ mode, ttl: null })]))
  const times = new Map<Mode, number[]>(names.map((mode) => [mode, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const turn of turns) {
      for (const [mode, engine] of engines) {
        const headers = { 'x-api-key': 'sk-ant-test', 'x-runguard-session': `session-${round}` }
        const ms = await timeCall(engine, { headers, ...turn })
        if (round >= WARM_UP_ROUNDS && turn !== turns[0]) times.get(mode)?.push(ms)
      }
    }
  }
  for (const engine of engines.values()) await engine.close()
  return Object.fromEntries(names.map((mode) => [mode, median(times.get(mode) ?? [])])) as Record<Mode, number>
}

interface ScanTimes {
  readonly wholeMs: number
  readonly continuedMs: number
}

/** Medians. */
function measureScans(): ScanTimes {
  const turns = conversation()
  const times = { whole: [] as number[], continued: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    const memory = new ScanMemory(runtime.seal ?? null)
    for (const turn of turns) {
      const whole = timeOf(() => scanCall(turn.body))
      const continued = timeOf(() => memory.scan(turn.body, 'bench'))
      if (round < WARM_UP_ROUNDS || turn === turns[0]) continue
      times.whole.push(whole)
      times.continued.push(continued)
    }
  }
  return { wholeMs: median(times.whole), continuedMs: median(times.continued) }
}

function timeOf(run: () => void): number {
  const start = runtime.tick()
  run()
  return runtime.tick() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}

const { values } = parseArgs({ options: { json: { type: 'boolean' } } })
const found = await measure()
const scan = measureScans()
const added = { explain: found.explain - found.off, fill: found.fill - found.off }
if (values.json) console.log(JSON.stringify({ ...found, added, goalMs: GOAL_MS, scan }))
else {
  console.log('A conversation of 200 kB that grew by one turn; the engine alone, median milliseconds per call.\n')
  for (const mode of Object.keys(modes) as Mode[]) console.log(`  caching ${mode.padEnd(8)} ${found[mode].toFixed(3)}`)
  const verdict = added.fill <= GOAL_MS ? 'reached' : 'missed'
  console.log(`\n  planning and filling adds ${added.fill.toFixed(3)} ms; the goal of ${GOAL_MS} ms is ${verdict}`)
  const { wholeMs, continuedMs } = scan
  console.log(
    `  reading the body takes ${wholeMs.toFixed(3)} ms whole, ${continuedMs.toFixed(3)} from where the last one stood`,
  )
}
