/** What a call adds to the sums: the names it counts under, and numbers. Both databases and the memory add up these. */

import type { CallRecord } from '../core/cost/record.js'
import { totalPrompt } from '../core/cost/usage.js'
import { cleanText, summarize } from './summary.js'

/** The names a call counts under. */
export const trafficDimensions = ['model', 'team', 'key', 'user', 'session', 'project', 'task'] as const

/** One of them. */
export type TrafficDimension = (typeof trafficDimensions)[number]

/** Everything that is added up. Money is nano-dollars; what was saved is signed. */
export const trafficNumbers = [
  'calls',
  'estimatedCalls',
  'unmeteredCalls',
  'refusedCalls',
  'exactCalls',
  'watchedCalls',
  'cachedCalls',
  'routedCalls',
  'batchedCalls',
  'loopStops',
  'loopNotices',
  'input',
  'write5m',
  'write1h',
  'read',
  'output',
  'costNano',
  'cacheSavedNano',
  'cacheAddedNano',
  'routeSavedNano',
  'batchSavedNano',
  'loopSpentNano',
] as const

/** Sums over calls; whole numbers. */
export type TrafficNumbers = Readonly<Record<(typeof trafficNumbers)[number], number>>

/** A call, as far as sums and lists need it. */
export interface TrafficFacts {
  readonly id: string
  readonly startedAt: number
  /** `''` where the call names none. */
  readonly names: Readonly<Record<TrafficDimension, string>>
  /** Ascending. */
  readonly tags: readonly string[]
  /** `''` for the main one. */
  readonly agent: string
  readonly parentAgent: string
  readonly ending: CallRecord['ending']['kind']
  readonly isLooping: boolean
  /** The code that the call was refused with; `''` if it was not, or none was given. */
  readonly refusal: string
  /** Why a prefix was not read; `''` if nothing was missed. */
  readonly missKind: string
  readonly missLostNano: number
  readonly numbers: TrafficNumbers
}

/** Sums are kept by half hours: most clocks of the world are whole ones ahead of each other. */
export const BUCKET_MS = 1_800_000

/** However many groups are told apart over time, no answer has more points than these. */
export const MOST_POINTS = 100_000

/** No list of what was noted of calls is longer. */
export const MOST_COUNTS = 1_000

const MAX_NAME_LENGTH = 200

/** Reads a record. Records from before a feature lack its fields. */
export function trafficFacts(record: CallRecord): TrafficFacts {
  const { scope, cache, loop } = record
  return {
    id: record.id,
    startedAt: record.startedAt,
    names: namesOf(record),
    tags: [...new Set((scope.tags ?? []).map(clip))].filter((tag) => tag !== '').sort(),
    agent: clip(scope.agent ?? ''),
    parentAgent: clip(scope.parentAgent ?? ''),
    ending: record.ending.kind,
    isLooping: (loop ?? null) !== null,
    refusal: record.ending.reason === 'refused' ? clip(record.errorCode ?? '') : '',
    missKind: clip(cache?.miss?.cause.kind ?? ''),
    missLostNano: wholeNumber(cache?.miss?.lostNano ?? 0),
    numbers: numbersOf(record),
  }
}

function namesOf({ scope, servedModel, requestedModel }: CallRecord): TrafficFacts['names'] {
  const { team, key, user, session, project, task } = scope
  const names = { model: servedModel ?? requestedModel, team, key, user, session, project, task }
  return Object.fromEntries(
    trafficDimensions.map((dimension) => [dimension, clip(names[dimension] ?? '')]),
  ) as TrafficFacts['names']
}

function numbersOf(record: CallRecord): TrafficNumbers {
  const { cache = null, route = null, loop = null, ending, usage } = record
  const { input, write5m, write1h, read, output, isEstimated, isUnmetered, costNano } = summarize(record)
  const isStop = loop?.action === 'stop' && loop.isEnforced
  const isBatched = usage?.tier === 'batch'
  return wholeNumbers({
    calls: 1,
    estimatedCalls: Number(isEstimated),
    unmeteredCalls: Number(isUnmetered),
    refusedCalls: Number(ending.reason === 'refused'),
    exactCalls: Number(usage !== null && ending.kind === 'exact'),
    watchedCalls: Number(cache !== null),
    cachedCalls: Number(cache !== null && cache.savedNano !== 0),
    routedCalls: Number(route?.isApplied === true && route.model !== route.asked),
    batchedCalls: Number(isBatched),
    loopStops: Number(isStop),
    loopNotices: Number(loop !== null && !isStop),
    input,
    write5m,
    write1h,
    read,
    output,
    costNano,
    cacheSavedNano: cache?.savedNano ?? 0,
    cacheAddedNano: cache?.addedNano ?? 0,
    routeSavedNano: route?.savedNano ?? 0,
    batchSavedNano: isBatched ? batchSaving(record) : 0,
    loopSpentNano: isStop ? (loop?.spent ?? 0) : 0,
  })
}

/** One record that another version wrote must not be in the way of all others. */
function wholeNumbers(numbers: TrafficNumbers): TrafficNumbers {
  return makeNumbers((name) => wholeNumber(numbers[name]))
}

function wholeNumber(number: number): number {
  const whole = Math.round(number)
  return Number.isSafeInteger(whole) ? whole : 0
}

/** What the discount of batches took off each line. */
function batchSaving({ cost }: CallRecord): number {
  let pico = 0
  for (const line of cost.lines) {
    const percent = line.multipliers.find(({ name }) => name === 'batch')?.percent ?? 100
    if (percent > 0) pico += (Number(line.pico) * (100 - percent)) / percent
  }
  return Math.round(pico / 1_000)
}

/** A name as it is kept: callers may send longer ones, and indexes hold no endless ones. */
export function clip(text: string): string {
  return cleanText(text.slice(0, MAX_NAME_LENGTH))
}

/** Adds numbers up, class by class. */
export function addNumbers(left: TrafficNumbers, right: TrafficNumbers): TrafficNumbers {
  return makeNumbers((name) => left[name] + right[name])
}

/** Takes numbers away from others. */
export function subtractNumbers(from: TrafficNumbers, what: TrafficNumbers): TrafficNumbers {
  return makeNumbers((name) => from[name] - what[name])
}

/** Numbers, one by one. */
export function makeNumbers(numberOf: (name: keyof TrafficNumbers) => number): TrafficNumbers {
  const made: Partial<Record<keyof TrafficNumbers, number>> = {}
  for (const name of trafficNumbers) made[name] = numberOf(name)
  return made as TrafficNumbers
}

/** Nothing of anything. */
export const noNumbers: TrafficNumbers = makeNumbers(() => 0)

/** What caching and routing saved together. */
export function savedOf({ cacheSavedNano, routeSavedNano }: TrafficNumbers): number {
  return cacheSavedNano + routeSavedNano
}

/** All input-side tokens. */
export function promptOf(numbers: TrafficNumbers): number {
  return totalPrompt(numbers)
}

/** The half hour a moment lies in. */
export function bucketOf(atMs: number): number {
  return Math.floor(atMs / BUCKET_MS) * BUCKET_MS
}

/** A period widened to the half hours that it touches. */
export function widened<Period extends { readonly since: number; readonly until: number }>({ since, until }: Period) {
  return { since: bucketOf(since), until: bucketOf(until + BUCKET_MS - 1) }
}

/** Something of a call that is counted beside its sums, with a kind and names. */
export interface CallCount {
  readonly kind: 'miss' | 'route' | 'degrade' | 'refusal'
  readonly names: readonly string[]
  readonly nano: number
  readonly tokens: number
}

/** What is counted of a call beside its sums. */
export function countsOf(record: CallRecord): readonly CallCount[] {
  return [...missCounts(record), ...routeCounts(record), ...degradeCounts(record), ...refusalCounts(record)]
}

function missCounts({ cache }: CallRecord): readonly CallCount[] {
  const miss = cache?.miss ?? null
  if (miss === null) return []
  const names = [clip(miss.cause.kind)]
  return [{ kind: 'miss', names, nano: wholeNumber(miss.lostNano), tokens: wholeNumber(miss.lostTokens) }]
}

function routeCounts({ route = null }: CallRecord): readonly CallCount[] {
  if (route === null) return []
  const names = [clip(route.asked), clip(route.model), clip(route.reason), route.isApplied ? 'applied' : 'told']
  return [{ kind: 'route', names, nano: wholeNumber(route.savedNano ?? 0), tokens: 0 }]
}

function degradeCounts({ degraded = [] }: CallRecord): readonly CallCount[] {
  return degraded
    .filter(({ change }) => change !== null)
    .map(({ budget, kind }) => ({ kind: 'degrade', names: [clip(budget), kind], nano: 0, tokens: 0 }))
}

function refusalCounts({ ending, errorCode, requestedModel, estimate }: CallRecord): readonly CallCount[] {
  if (ending.reason !== 'refused') return []
  const names = [clip(errorCode ?? ''), clip(requestedModel ?? '')]
  return [{ kind: 'refusal', names, nano: 0, tokens: wholeNumber(estimate?.tokens ?? 0) }]
}
