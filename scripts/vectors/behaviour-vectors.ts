/** Cases for loops, routes, refusals, cache markers and ids of batch items, with what the library answers. */

import {
  answerRefusal,
  batchUserId,
  batchWireId,
  checkCacheHit,
  errorFromWire,
  LoopDetector,
  type Refusal,
  selectModel,
  type TaskModelOptions,
  withCache,
} from '@runguard/sdk/core'
import { seededChance } from './seeded-chance.js'
import { refusalCodes } from './tables.js'

/** Sequences of signatures; per signature the match, as how often and how long, or null. */
export function loopVectors(): object {
  const { below, pick, isLikely } = seededChance(5)
  const sequences: { repeats: number; maxCycleLen: number; signatures: string[] }[] = [
    { repeats: 3, maxCycleLen: 3, signatures: ['a', 'a', 'a', 'a', 'b', 'a', 'b', 'a', 'b', 'a'] },
    { repeats: 2, maxCycleLen: 1, signatures: ['', '', 'x', 'é', 'é'] },
    { repeats: 3, maxCycleLen: 3, signatures: [...'abcabcabcabc', ...'abcdabcdabcd'] },
  ]
  for (let index = 0; index < 60; index++) {
    const block = Array.from({ length: 1 + below(5) }, () => pick(['a', 'b', 'c']))
    const signatures = Array.from({ length: 30 }, (_, at) => (isLikely(90) ? block[at % block.length] : 'z') ?? 'z')
    sequences.push({ repeats: 2 + below(3), maxCycleLen: 1 + below(6), signatures })
  }
  return { cases: sequences.map((input) => ({ input, expect: findLoops(input) })) }
}

function findLoops({ signatures, ...options }: { repeats: number; maxCycleLen: number; signatures: string[] }) {
  const detector = new LoopDetector(options)
  return signatures.map((signature) => {
    const match = detector.record(signature)
    return match && { repeats: match.repeats, cycle: match.cycle }
  })
}

const tasks = [
  'classify',
  'extract',
  'summarize',
  'reason',
  'code_review',
  'analyze',
  'research',
  'paint',
  'constructor',
]
const lengths = [0, 50_000, 50_000.5, 50_001, 2_000_000, -1]
const routeOptions: readonly TaskModelOptions[] = [
  {},
  { preset: 'classic' },
  { tiers: { small: 'my-small' } },
  { tasks: { paint: 'large', classify: 'claude-haiku-5-5', extract: 'my-model' } },
]

/** Tasks and lengths with the model; null where the question is refused. */
export function routeVectors(): object {
  const cases = routeOptions.flatMap((options) =>
    tasks.flatMap((task) =>
      lengths.map((length) => ({ input: { task, length, options }, expect: modelFor(task, length, options) })),
    ),
  )
  return { cases }
}

function modelFor(task: string, length: number, options: TaskModelOptions): string | null {
  try {
    return selectModel(task, length, options)
  } catch {
    return null
  }
}

/** Answers with the error that they tell of; null where it is none of RunGuard's. */
export function errorVectors(): object {
  const cases = [...refusalCodes.map(refusalOf).map(wireOf), ...foreignAnswers].map((input) => {
    const error = errorFromWire(input.status, input.headers, input.body)
    return { input, expect: error?.toJSON() ?? null }
  })
  return { cases }
}

interface WireCase {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

function refusalOf(code: Refusal['code'], index: number): Refusal {
  const cycle = { repeats: 4, cycle_length: 2, cycle: '["Read#1","Grep#é"]', spent_usd: '0.012' }
  const budget = { scope: 'session:a', limit_usd: '5', spent_usd: '4.999999999', held_usd: '0', resets_at: null }
  const details = code === 'runguard_loop_detected' ? cycle : budget
  return { code, message: `Refused for reason ${index}.`, details, retryAfterSec: index % 2 === 0 ? index * 30 : null }
}

function wireOf(refusal: Refusal): WireCase {
  return answerRefusal(refusal, 'call_1')
}

const error = { type: 'billing_error', message: 'no', details: { error_code: 'runguard_budget_exceeded' } }

const foreignAnswers: readonly WireCase[] = [
  { status: 200, headers: {}, body: { type: 'error', error } },
  { status: 402, headers: { 'retry-after': 'soon' }, body: { type: 'error', error } },
  { status: 402, headers: {}, body: { error: { ...error, details: { error_code: 'runguard_new_reason' } } } },
  { status: 402, headers: {}, body: { error: { ...error, details: { error_code: 'constructor' } } } },
  { status: 402, headers: {}, body: { error: { ...error, message: 7 } } },
  { status: 402, headers: {}, body: { error: { ...error, details: { ...error.details, nested: { a: 1 }, n: 2 } } } },
  { status: 429, headers: {}, body: '{"error":{"type":"rate_limit_error","message":"slow down"}}' },
  { status: 500, headers: {}, body: '<html>' },
  ...['1_000', ' 7 s', '\u001c7', '\ufeff7', '٣', '1e999', '-1', '.5'].map((retryAfter) => {
    return { status: 402, headers: { 'retry-after': retryAfter }, body: { error } }
  }),
  { status: 500, headers: {}, body: null },
]

const mark = { type: 'ephemeral' }
const hour = { type: 'ephemeral', ttl: '1h' }
const text = { type: 'text', text: 'Be brief.' }
const tool = { name: 'look', input_schema: { type: 'object' } }

const markedRequests = [
  { system: 'Be brief.' },
  { system: '  ', tools: [tool] },
  { system: [text, { ...text, cache_control: mark }], tools: [tool] },
  { system: [text, { type: 'thinking', thinking: '' }], tools: [tool, { ...tool, defer_loading: true }] },
  { tools: [], messages: [] },
  { system: 'a', tools: [{ ...tool, cache_control: mark }] },
  { system: 'a', tools: [tool], messages: [{ role: 'user', content: [{ ...text, cache_control: hour }] }] },
  { system: 'a', tools: [tool], cache_control: mark, messages: [{ role: 'user', content: 'hi' }] },
  {
    system: 'a',
    tools: [tool],
    messages: [{ role: 'user', content: [1, 2, 3].map(() => ({ ...text, cache_control: mark })) }],
  },
  { system: 'a', messages: [{ role: 'user', content: [1, 2, 3, 4].map(() => ({ ...text, cache_control: mark })) }] },
] as const

/** Requests with their prefix marked, and what usages say of the cache. */
export function cacheVectors(): object {
  const marks = markedRequests.flatMap((request) =>
    (['5m', '1h'] as const).map((ttl) => ({ input: { request, ttl }, expect: withCache(request, { ttl }) })),
  )
  const usages = [
    { input_tokens: 0, output_tokens: 0 },
    { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: null, output_tokens: 1 },
    {
      input_tokens: 1,
      cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 },
      output_tokens: 0,
    },
  ]
  return { marks, hits: usages.map((usage) => ({ input: usage, expect: checkCacheHit({ usage }) })) }
}

const itemIds = [
  'a',
  'row-1',
  'https://example.com/ä?x=1',
  'rg-x',
  '',
  'ключ',
  'x'.repeat(64),
  'x'.repeat(65),
  '🙂'.repeat(12),
]

/** Ids of batch items as they travel; null where they cannot. */
export function idVectors(): object {
  const cases = itemIds.map((id) => {
    const wire = batchWireId(id)
    return { id, wire: typeof wire === 'string' ? wire : null }
  })
  const received = ['rg-', 'rg-!!', 'rg-YQ', 'plain'].map((wire) => ({ wire, id: batchUserId(wire) }))
  return { cases, received }
}
