/** Routers on questions whose answers are known: which share of the gap between two models each closes, and for what money. */

import { costOf, estimateSuccess, type PriceBook } from '@runguard/sdk/core'
import { countRandom, type Label, type LabelSet } from './labels.js'

/** What a router came to. */
export interface RouterResult {
  readonly router: string
  /** Mean share of the gap that is closed, over all shares of strong calls: 0.5 is chance. Null where nothing is routed. */
  readonly apgr: number | null
  /** The least share of calls on the strong model that closes half, and four fifths, of the gap. */
  readonly cpt50: number | null
  readonly cpt80: number | null
  /** Right answers and dollars per 1,000 questions, by the share of strong calls. */
  readonly curve: readonly { readonly strongShare: number; readonly right: number; readonly usd: number }[]
}

/** A set, and what each router made of its second part. */
export interface RoutersResult {
  readonly set: string
  readonly isGenerated: boolean
  readonly tested: number
  readonly learnedFrom: number
  readonly routers: readonly RouterResult[]
}

/** The models whose prices stand for weak and strong. */
const WEAK = 'claude-haiku-5-5'
const STRONG = 'claude-opus-5-5'
const SHARES = [0, 0.1, 0.2, 0.35, 0.5, 0.75, 1]
const STEPS = 100
const TEST_SHARE = 0.3
/** Below so many labels a learned table is worse than length: it stays silent. */
const MIN_LABELS = 300
const CHARACTERS_PER_TOKEN = 3
const ANSWER_TOKENS = 300

type Score = (label: Label, at: number) => number

/** @param atMs the day of the prices */
export function compareRouters({ name, isGenerated, labels }: LabelSet, book: PriceBook, atMs: number): RoutersResult {
  const random = countRandom(11)
  const isTest = labels.map(() => random() < TEST_SHARE)
  const test = labels.filter((_, at) => isTest[at])
  const training = labels.filter((_, at) => !isTest[at])
  const chances = test.map(() => random())
  const scores: readonly (readonly [string, Score])[] = [
    ['random', (_, at) => chances[at] ?? 0],
    ['length', ({ length }) => length],
    ['task table', learnTable(training, atMs)],
    ['oracle', (label) => Number(label.isStrongRight) - Number(label.isWeakRight)],
  ]
  const routers = scores.map(([router, score]) => judgeRouter(router, rank(test, score), book, atMs))
  const always = [0, 1].map((share): RouterResult => {
    const curve = [pointAt(test, share, book, atMs)]
    return { router: share === 0 ? 'always small' : 'always large', apgr: null, cpt50: null, cpt80: null, curve }
  })
  return { set: name, isGenerated, tested: test.length, learnedFrom: training.length, routers: [...always, ...routers] }
}

/** As `runguard routes` learns it: a Beta posterior of each tier at each task, what is unknown at its prior. */
function learnTable(training: readonly Label[], atMs: number): Score {
  if (training.length < MIN_LABELS) return ({ length }) => length
  const gains = new Map<string, number>()
  for (const { subject } of training) {
    if (gains.has(subject)) continue
    const own = training.filter((label) => label.subject === subject)
    const shareOf = (isRight: (label: Label) => boolean): number => {
      const good = own.filter(isRight).length
      const day = { day: Math.floor(atMs / 86_400_000), good, bad: own.length - good, costNano: 0 }
      return estimateSuccess([day], atMs).mean
    }
    gains.set(subject, shareOf(({ isStrongRight }) => isStrongRight) - shareOf(({ isWeakRight }) => isWeakRight))
  }
  return ({ subject }) => gains.get(subject) ?? 0
}

/** Who is to go to the strong model first comes first; equals in the order of the set. */
function rank(test: readonly Label[], score: Score): readonly Label[] {
  const scored = test.map((label, at) => ({ label, score: score(label, at), at }))
  return scored.sort((a, b) => b.score - a.score || a.at - b.at).map(({ label }) => label)
}

function judgeRouter(router: string, ranked: readonly Label[], book: PriceBook, atMs: number): RouterResult {
  const rightAt = (share: number): number => countRight(ranked, Math.round(share * ranked.length))
  const [weak, strong] = [rightAt(0), rightAt(1)]
  const closed = Array.from({ length: STEPS + 1 }, (_, at) => (rightAt(at / STEPS) - weak) / (strong - weak))
  const reach = (share: number): number | null => {
    const at = closed.findIndex((gap) => gap >= share)
    return at < 0 ? null : at / STEPS
  }
  return {
    router,
    apgr: closed.reduce((sum, gap) => sum + gap, 0) / closed.length,
    cpt50: reach(0.5),
    cpt80: reach(0.8),
    curve: SHARES.map((share) => pointAt(ranked, share, book, atMs)),
  }
}

function countRight(ranked: readonly Label[], strongCalls: number): number {
  return ranked.filter((label, at) => (at < strongCalls ? label.isStrongRight : label.isWeakRight)).length
}

function pointAt(ranked: readonly Label[], strongShare: number, book: PriceBook, atMs: number) {
  const strongCalls = Math.round(strongShare * ranked.length)
  const nano = ranked.reduce((sum, label, at) => sum + priceOf(at < strongCalls ? STRONG : WEAK, label, book, atMs), 0)
  const thousand = 1_000 / ranked.length
  return { strongShare, right: countRight(ranked, strongCalls) * thousand, usd: (nano / 1e9) * thousand }
}

function priceOf(model: string, { length }: Label, book: PriceBook, atMs: number): number {
  const counts = { input: Math.ceil(length / CHARACTERS_PER_TOKEN), write5m: 0, write1h: 0, read: 0 }
  const parts = [{ kind: 'message', model, ...counts, output: ANSWER_TOKENS }]
  const usage = { parts, webSearches: 0, geo: null, speed: 'standard', tier: 'standard' } as const
  return costOf(usage, book, atMs, 'dearest').nano
}
